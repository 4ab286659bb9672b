//! Reload of the configuration on SIGHUP.

use std::time::Duration;

use roamd_server::Reloader;
use tokio::signal::unix::Signal;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::systemd::{notify_reloaded, notify_reloading};

/// Minimum time between two reloads, however many signals arrive.
const MIN_INTERVAL: Duration = Duration::from_secs(1);

/// Reloads the configuration on each SIGHUP, and notifies the service manager of it, until `stop`
/// is cancelled.
pub(crate) async fn reload_on_hangup(
    mut hangups: Signal,
    reloader: Reloader,
    stop: CancellationToken,
) {
    let reloading = async {
        while hangups.recv().await.is_some() {
            notify_reloading();
            // The reload itself is logged.
            let status = match reloader.reload().await {
                Ok(_) => String::new(),
                Err(error) => format!("Configuration not reloaded: {error}"),
            };
            notify_reloaded(&status);
            sleep(MIN_INTERVAL).await;
        }
    };
    stop.run_until_cancelled(reloading).await;
}
