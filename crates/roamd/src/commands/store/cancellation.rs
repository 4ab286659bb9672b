//! Requests that Ctrl-C cancels.

use roamd_store_client::ClientError;
use tokio_util::sync::CancellationToken;

/// Waits for a response, unless `stop` is cancelled first.
///
/// # Errors
/// If the request fails or is cancelled.
pub(in crate::commands) async fn unless_stopped<T>(
    stop: &CancellationToken,
    response: impl Future<Output = Result<T, ClientError>>,
) -> anyhow::Result<T> {
    tokio::select! {
        response = response => Ok(response?),
        () = stop.cancelled() => Err(anyhow::anyhow!("stopped before the store responded")),
    }
}
