//! Large work of a request, off the threads that serve connections.

use roamd_nfuse_client::{LargeWork, LargeWorkFailed};

use crate::trace::RequestScope;

/// Merges and documents of large lists, in the scope of the request that needs them.
#[derive(Debug, Clone)]
pub(crate) struct LargeRequestWork(LargeWork);

impl LargeRequestWork {
    /// Work on more than this number of entries is large.
    pub(crate) fn above(entries: usize) -> Self {
        Self(LargeWork::above(entries))
    }

    /// Returns the result of work on this number of entries.
    ///
    /// # Errors
    /// [`LargeWorkFailed`] if the work panicked on another thread.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        entries: usize,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, LargeWorkFailed> {
        if self.0.is_large(entries) {
            self.0.run(entries, RequestScope::carry_call(work)).await
        } else {
            Ok(work())
        }
    }
}
