//! Errors of the shared state.

use std::error::Error;
use std::sync::Arc;

/// Error of an operation. Except after [`StateError::Busy`], a write may have happened all the
/// same.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StateError {
    /// The engine failed.
    #[error("the shared state failed: {0}")]
    Engine(Arc<dyn Error + Send + Sync>),
    /// The engine did not respond in time.
    #[error("the shared state did not respond in time")]
    TimedOut,
    /// Too many writes of the party wait, or too many of all parties. Nothing was written.
    #[error("too many writes to the shared state are waiting")]
    Busy,
    /// etcd cannot be reached, and this server must not do it alone.
    #[error("etcd cannot be reached")]
    Unreachable,
    /// The clock of this server differs from those of the others, and flags expire by it.
    #[error("the clock differs by {seconds} seconds from those of the other servers")]
    Clock {
        /// How far the others are ahead.
        seconds: i64,
    },
    /// The engine has stopped.
    #[error("the shared state has stopped")]
    Stopped,
}

impl StateError {
    /// Wraps an error of the engine.
    pub(crate) fn engine(error: impl Error + Send + Sync + 'static) -> Self {
        Self::Engine(Arc::new(error))
    }
}
