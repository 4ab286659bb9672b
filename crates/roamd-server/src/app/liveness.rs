//! Liveness check for the systemd watchdog.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{join, join_all, ready};
use roamd_http::Workers;
use roamd_state::{SharedState, StateError};
use tokio::runtime::Handle;
use tokio::time::timeout;

/// Maximum time of a check.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Checks that a server works inside. It does not consider farms, or clients that use up all
/// connections: a restart would not help against those.
#[derive(Clone)]
pub struct Liveness {
    state: Arc<dyn SharedState>,
    workers: Option<Arc<Workers>>,
}

impl Liveness {
    pub(crate) fn of(state: Arc<dyn SharedState>, workers: Option<Arc<Workers>>) -> Self {
        Self { state, workers }
    }

    /// Whether the runtimes of the server run new tasks, and the shared state responds. An error
    /// such as a full disk is a response.
    pub async fn check(&self) -> bool {
        let state = Arc::clone(&self.state);
        let here = Handle::current();
        let state = responds(&here, async move { state.is_alive().await });
        let workers = self.workers.iter().flat_map(|workers| workers.handles());
        let workers = join_all(workers.map(|worker| responds(worker, ready(Ok(())))));
        let (state_responds, workers_respond) = join(state, workers).await;
        state_responds && workers_respond.into_iter().all(|responds| responds)
    }
}

async fn responds(
    runtime: &Handle,
    request: impl Future<Output = Result<(), StateError>> + Send + 'static,
) -> bool {
    let task = runtime.spawn(request);
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
        let here = Handle::current();
        let full = StateError::Engine(Arc::new(io::Error::from(io::ErrorKind::StorageFull)));
        assert!(responds(&here, ready(Ok(()))).await);
        assert!(responds(&here, ready(Err(full))).await);
        assert!(!responds(&here, ready(Err(StateError::TimedOut))).await);
        assert!(!responds(&here, ready(Err(StateError::Stopped))).await);
        assert!(!responds(&here, pending()).await);
    }
}
