//! Notifications for the service manager (`sd_notify`): ready, watchdog ping, reload, stopping.
//!
//! Without a service manager that asks for them, nothing is sent.

use std::io;
use std::time::Duration;

use roamd_server::Liveness;
use sd_notify::NotifyState;
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

/// Notifies the service manager that the server is ready, sends watchdog pings, and reports
/// `STOPPING=1` when `stop` is cancelled.
///
/// Each ping follows a successful liveness check, so the service manager restarts a server that
/// hangs.
pub(crate) async fn notify_service_manager(liveness: Liveness, stop: CancellationToken) {
    notify(&[NotifyState::Ready]);
    tokio::select! {
        () = stop.cancelled() => {}
        () = send_watchdog_pings(&liveness) => {}
    }
    notify(&[NotifyState::Stopping]);
}

/// Notifies the service manager that a reload begins.
pub(crate) fn notify_reloading() {
    match NotifyState::monotonic_usec_now() {
        // `Type=notify-reload` requires the time.
        Ok(now) => notify(&[NotifyState::Reloading, now]),
        Err(error) => warn_of(&error),
    }
}

/// Notifies the service manager that a reload has ended. It shows the status, which is one line,
/// until the next one.
pub(crate) fn notify_reloaded(status: &str) {
    notify(&[NotifyState::Ready, NotifyState::Status(status)]);
}

/// Sends a watchdog ping after each successful liveness check. Never returns.
async fn send_watchdog_pings(liveness: &Liveness) {
    let Some(timeout) = sd_notify::watchdog_enabled().filter(|timeout| !timeout.is_zero()) else {
        return std::future::pending().await;
    };
    // Twice per timeout, so that one ping may be late.
    let mut ticks = tokio::time::interval((timeout / 2).max(Duration::from_millis(1)));
    loop {
        ticks.tick().await;
        match liveness.check().await {
            true => notify(&[NotifyState::Watchdog]),
            false => error!("Liveness check failed; skipping the watchdog ping"),
        }
    }
}

fn notify(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        warn_of(&error);
    }
}

fn warn_of(error: &io::Error) {
    warn!(
        error = error as &dyn std::error::Error,
        "Cannot notify the service manager"
    );
}
