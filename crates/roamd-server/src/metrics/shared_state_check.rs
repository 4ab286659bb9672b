//! Check that the shared state responds, for `/readyz`.

use std::time::Duration;

use roamd_state::StateError;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// Time for which the result of a check of the shared state holds.
const CHECK_AGE: Duration = Duration::from_secs(1);

/// Check that the shared state responds. Any client can request one, so there is one at a time, and
/// one a second.
#[derive(Debug, Default)]
pub(crate) struct SharedStateCheck(Mutex<Option<(Instant, Result<(), StateError>)>>);

impl SharedStateCheck {
    /// Returns the last result, or runs the check if that is too old.
    ///
    /// # Errors
    /// The error of the check.
    pub(crate) async fn check<F>(&self, run: impl FnOnce() -> F) -> Result<(), StateError>
    where
        F: Future<Output = Result<(), StateError>>,
    {
        let mut last = self.0.lock().await;
        if let Some((at, result)) = &*last
            && at.elapsed() < CHECK_AGE
        {
            return result.clone();
        }
        let result = run().await;
        *last = Some((Instant::now(), result.clone()));
        result
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::future::join_all;
    use tokio::time::sleep;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn shared_state_is_checked_once_a_second() {
        let check = SharedStateCheck::default();
        let runs = AtomicUsize::new(0);
        let run = |result: Result<(), StateError>| {
            check.check(|| async {
                runs.fetch_add(1, Ordering::Relaxed);
                sleep(Duration::from_millis(500)).await;
                result
            })
        };
        let thousand = join_all((0..1_000).map(|_| run(Ok(())))).await;
        assert!(thousand.iter().all(Result::is_ok));
        assert_eq!(runs.load(Ordering::Relaxed), 1);
        sleep(Duration::from_millis(900)).await;
        assert!(run(Err(StateError::Stopped)).await.is_ok());
        sleep(Duration::from_millis(100)).await;
        assert!(run(Err(StateError::Stopped)).await.is_err());
        assert!(run(Ok(())).await.is_err(), "an error holds as long");
        sleep(CHECK_AGE).await;
        assert!(run(Ok(())).await.is_ok());
        assert_eq!(runs.load(Ordering::Relaxed), 3);
    }
}
