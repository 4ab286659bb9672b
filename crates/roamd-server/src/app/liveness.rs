//! Liveness check for the systemd watchdog.

use std::sync::Arc;
use std::time::Duration;

use roamd_state::StateError;
use tokio::time::timeout;

use crate::app::state::AppState;

/// Maximum time of a check.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Checks that a server works inside. It does not consider farms, or clients that use up all
/// connections: a restart would not help against those.
#[derive(Clone)]
pub struct Liveness(Arc<AppState>);

impl Liveness {
    pub(crate) fn of(state: &Arc<AppState>) -> Self {
        Self(Arc::clone(state))
    }

    /// Whether the runtime runs new tasks and the shared state responds. An error such as a full
    /// disk is a response.
    pub async fn check(&self) -> bool {
        let state = Arc::clone(&self.0);
        responds(async move { state.shared.is_alive().await }).await
    }
}

async fn responds(request: impl Future<Output = Result<(), StateError>> + Send + 'static) -> bool {
    let task = tokio::spawn(request);
    match timeout(TIMEOUT, task).await {
        Ok(Ok(response)) => !matches!(response, Err(StateError::TimedOut | StateError::Stopped)),
        Ok(Err(_)) | Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};
    use std::io;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn unresponsive_state_fails_liveness() {
        let full = StateError::Engine(Arc::new(io::Error::from(io::ErrorKind::StorageFull)));
        assert!(responds(ready(Ok(()))).await);
        assert!(responds(ready(Err(full))).await);
        assert!(!responds(ready(Err(StateError::TimedOut))).await);
        assert!(!responds(ready(Err(StateError::Stopped))).await);
        assert!(!responds(pending()).await);
    }
}
