//! Large work, off the threads that serve connections.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

/// Limit of large work that runs at the same time. More of it waits.
pub(crate) const AT_ONCE: usize = 2;

/// Runs work on responses and lists: decoding, conversions, merges, the writing of documents.
///
/// A worker is one thread, which serves many connections. Small work takes less time than the way
/// to another thread, and is done at once; large work would hold up the connections. What shares
/// one of these keeps no more than two processors busy with large work.
#[derive(Debug, Clone)]
pub struct LargeWork {
    threshold: usize,
    permits: Arc<Semaphore>,
}

/// Large work panicked.
#[derive(Debug, thiserror::Error)]
#[error("the work on a large response or list failed")]
pub struct LargeWorkFailed;

impl LargeWork {
    /// Work above this size is large. The unit is the caller's: bytes, or entries of a list.
    #[must_use]
    pub fn above(threshold: usize) -> Self {
        Self {
            threshold,
            permits: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }

    /// Whether work of this size is large.
    #[must_use]
    pub fn is_large(&self, size: usize) -> bool {
        size > self.threshold
    }

    /// Returns the result of work of this size. The caller limits the time: if it gives up, work
    /// that waits for a permit is not done.
    ///
    /// # Errors
    /// [`LargeWorkFailed`] if the work panicked on another thread.
    pub async fn run<T: Send + 'static>(
        &self,
        size: usize,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, LargeWorkFailed> {
        self.run_charged(size, std::future::ready(()), work).await
    }

    /// Does the same. Large work waits for `charge` before it begins, and holds it until its end.
    pub(crate) async fn run_charged<T: Send + 'static, C: Send + 'static>(
        &self,
        size: usize,
        charge: impl Future<Output = C>,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, LargeWorkFailed> {
        if !self.is_large(size) {
            return Ok(work());
        }
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        let permit = permit.map_err(|_| LargeWorkFailed)?;
        let charge = charge.await;
        let running = spawn_blocking(move || {
            // Held until the end, also if the caller gives up before that.
            let _held = (permit, charge);
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
    async fn large_work_runs_on_another_thread() {
        let large_work = LargeWork::above(1_000);
        let here = thread::current().id();
        for (size, is_here) in [(0, true), (1_000, true), (1_001, false)] {
            let thread = large_work.run(size, || thread::current().id()).await;
            assert_eq!(thread.unwrap() == here, is_here, "{size}");
        }
    }
}
