//! Changes that run to completion, even if the client that requested them disconnects.

use std::future::Future;

use tokio::time::{Instant, timeout_at};
use tokio_util::task::TaskTracker;

use crate::http::error::ApiError;
use crate::trace::RequestScope;

/// The changes in progress.
///
/// INVARIANT: a request that has begun to change something is finished, so that its result is
/// known and recorded.
#[derive(Debug, Clone, Default)]
pub(crate) struct Changes(TaskTracker);

impl Changes {
    /// Runs a change to completion, in the scope of the request. It starts at once, and continues
    /// if the returned future is dropped.
    ///
    /// # Errors
    /// If the change panicked.
    pub(crate) fn run_to_completion<T, C>(
        &self,
        change: C,
    ) -> impl Future<Output = Result<T, ApiError>> + use<T, C>
    where
        T: Send + 'static,
        C: Future<Output = T> + Send + 'static,
    {
        let running = self.0.spawn(RequestScope::carry(change));
        async {
            running
                .await
                .map_err(|error| ApiError::Internal(error.into()))
        }
    }

    /// Waits until all changes have finished. Returns `false` if the deadline came first.
    pub(crate) async fn finish(&self, deadline: Instant) -> bool {
        self.0.close();
        timeout_at(deadline, self.0.wait()).await.is_ok()
    }
}
