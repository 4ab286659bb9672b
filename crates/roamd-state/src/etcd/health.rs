//! Whether the copy in memory is up to date.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::{Instant, sleep};

/// Age of the copy from which on etcd counts as unreachable. A change of etcd's leader takes about
/// two seconds.
pub const STALE_AFTER: Duration = Duration::from_secs(5);

/// Interval between the heartbeats of a server.
pub(super) const BEAT_INTERVAL: Duration = Duration::from_secs(1);

/// Time in which each running server sends two heartbeats at least.
pub(super) const TWO_BEATS: Duration = Duration::from_millis(2500);

/// What a server does while it cannot reach etcd.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WhenUnreachable {
    /// It continues with what it knows. Revocations fail.
    #[default]
    Serve,
    /// Every use of the shared state fails.
    Refuse,
}

/// Age of the copy, as the server's own heartbeats prove it: a heartbeat that comes back over the
/// watch shows that the copy has all changes up to the time at which the heartbeat was sent.
#[derive(Debug)]
pub(super) struct Health {
    start: Instant,
    /// When the newest heartbeat that has come back was sent, in milliseconds since the start.
    proven: AtomicU64,
}

impl Health {
    /// The copy is up to date now.
    pub(super) fn new() -> Self {
        Self {
            start: Instant::now(),
            proven: AtomicU64::new(0),
        }
    }

    /// Returns the time since the start, in milliseconds.
    pub(super) fn elapsed(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Notes that a heartbeat of this time has come back.
    pub(super) fn prove(&self, sent: u64) {
        self.proven.fetch_max(sent, Ordering::Relaxed);
    }

    /// Returns the age of the copy.
    pub(super) fn age(&self) -> Duration {
        let proven = self.proven.load(Ordering::Relaxed);
        Duration::from_millis(self.elapsed().saturating_sub(proven))
    }

    /// Returns whether etcd counts as unreachable.
    pub(super) fn is_lost(&self) -> bool {
        self.age() > STALE_AFTER
    }

    /// Waits until etcd counts as unreachable.
    pub(super) async fn lost(&self) {
        while !self.is_lost() {
            sleep(STALE_AFTER.saturating_sub(self.age()) + Duration::from_millis(1)).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn copy_is_stale_five_seconds_after_its_last_heartbeat() {
        let health = Health::new();
        advance(Duration::from_secs(4)).await;
        let sent = health.elapsed();
        assert!(!health.is_lost());
        advance(Duration::from_secs(2)).await;
        assert!(health.is_lost());
        health.prove(sent);
        assert_eq!(health.age(), Duration::from_secs(2));
        health.prove(0);
        assert!(!health.is_lost(), "an older heartbeat changes nothing");
        advance(Duration::from_millis(3_001)).await;
        assert!(health.is_lost());
    }
}
