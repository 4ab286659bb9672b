//! Whether the gateway works inside, whatever its clients and farms do.

use std::sync::Arc;
use std::time::Duration;

use roamd_state::StateError;
use tokio::time::timeout;

use crate::app::state::AppState;

/// How long the parts of a gateway that works may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Feels whether a gateway works inside. It says nothing of farms, nor of clients that take all
/// connections: against those a restart helps nobody.
#[derive(Clone)]
pub struct Liveness(Arc<AppState>);

impl Liveness {
    pub(crate) fn of(gate: &Arc<AppState>) -> Self {
        Self(Arc::clone(gate))
    }

    /// Whether the runtime runs what it is given, and the shared state could be written. An answer that
    /// says that the disk is full is one.
    pub async fn beats(&self) -> bool {
        let gate = Arc::clone(&self.0);
        works(async move { gate.state.is_alive().await }).await
    }
}

async fn works(question: impl Future<Output = Result<(), StateError>> + Send + 'static) -> bool {
    let asked = tokio::spawn(question);
    match timeout(PATIENCE, asked).await {
        Ok(Ok(answer)) => !matches!(answer, Err(StateError::TimedOut | StateError::Stopped)),
        Ok(Err(_)) | Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};
    use std::io;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_state_that_is_silent_or_has_stopped_is_no_life() {
        let full = StateError::Engine(Arc::new(io::Error::from(io::ErrorKind::StorageFull)));
        assert!(works(ready(Ok(()))).await);
        assert!(works(ready(Err(full))).await);
        assert!(!works(ready(Err(StateError::TimedOut))).await);
        assert!(!works(ready(Err(StateError::Stopped))).await);
        assert!(!works(pending()).await);
    }
}
