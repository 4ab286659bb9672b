//! What the service manager is told (`sd_notify`): ready, alive, stopping. Without one, nothing is.

use std::time::Duration;

use roamd_server::Liveness;
use sd_notify::NotifyState;
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

/// Tells that the gateway is ready, and that it is stopping when it is. As often as the manager
/// wishes, tells that it is alive, which is asked of the gateway itself: one that no longer works
/// inside is restarted.
pub(crate) async fn attend(pulse: Liveness, stop: CancellationToken) {
    tell(NotifyState::Ready);
    tokio::select! {
        () = stop.cancelled() => {}
        () = tell_life(&pulse) => {}
    }
    tell(NotifyState::Stopping);
}

/// Tells life as long as there is some. Never ends.
async fn tell_life(pulse: &Liveness) {
    let Some(patience) = sd_notify::watchdog_enabled().filter(|patience| !patience.is_zero())
    else {
        return std::future::pending().await;
    };
    // Half of the time that the manager waits, so that one message may be late.
    let mut ticks = tokio::time::interval((patience / 2).max(Duration::from_millis(1)));
    loop {
        ticks.tick().await;
        match pulse.check().await {
            true => tell(NotifyState::Watchdog),
            false => error!("Does not work inside; the service manager is not told of life"),
        }
    }
}

fn tell(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        warn!(
            error = &error as &dyn std::error::Error,
            "Cannot tell the service manager"
        );
    }
}
