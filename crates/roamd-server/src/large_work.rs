//! Work on large lists, off the threads that serve connections.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

/// Lists with more entries than this are converted, merged and written on another thread.
const LARGE: usize = 1_000;

/// Limit of large lists that are worked on at the same time. Further ones wait.
const LARGE_AT_ONCE: usize = 2;

/// Runs work on lists: conversions, merges, the writing of documents.
///
/// A worker is one thread, which serves many connections. Work on a small list takes less time than
/// the way to another thread, and is done at once; a large list would hold up the connections.
#[derive(Debug, Clone)]
pub(crate) struct LargeWork(Arc<Semaphore>);

/// Work on a large list panicked.
#[derive(Debug, thiserror::Error)]
#[error("the work on a large list failed")]
pub(crate) struct LargeWorkFailed;

impl Default for LargeWork {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(LARGE_AT_ONCE)))
    }
}

impl LargeWork {
    /// Returns the result of work on a list with this number of entries.
    ///
    /// # Errors
    /// [`LargeWorkFailed`] if the work panicked on another thread.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        entries: usize,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, LargeWorkFailed> {
        if entries <= LARGE {
            return Ok(work());
        }
        let permit = Arc::clone(&self.0).acquire_owned().await;
        let permit = permit.map_err(|_| LargeWorkFailed)?;
        let running = spawn_blocking(move || {
            // Held until the end, also if the client disconnects before that.
            let _permit = permit;
            work()
        });
        running.await.map_err(|_| LargeWorkFailed)
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[tokio::test]
    async fn work_on_a_large_list_runs_on_another_thread() {
        let large_work = LargeWork::default();
        let here = thread::current().id();
        for (entries, is_here) in [(0, true), (LARGE, true), (LARGE + 1, false)] {
            let thread = large_work.run(entries, || thread::current().id()).await;
            assert_eq!(thread.unwrap() == here, is_here, "{entries}");
        }
    }
}
