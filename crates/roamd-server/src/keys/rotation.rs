//! Reads the keys again when they change, and rotates keys by age.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use roamd_seal::{KeyRing, KeyRole};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::file::{KeysError, overlap};
use super::store::KeyStore;
use crate::clock::Clock;

/// Interval at which a running server reads the keys.
const INTERVAL: Duration = Duration::from_secs(2);

/// Keeps the key ring of a running server up to date with its store, and rotates keys by age.
pub(crate) struct KeyRotation {
    keys: KeyStore,
    pub(super) ring: Arc<KeyRing>,
    policy: watch::Receiver<KeyPolicy>,
    /// The server's clock.
    clock: Clock,
    /// The last problem that was logged.
    pub(super) problem: Option<String>,
}

/// When a key is added, and how long the one before is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct KeyPolicy {
    /// Age of the newest key at which another is added; `None` for never.
    pub(crate) rotate_after: Option<Duration>,
    /// Longest lifetime of a token.
    pub(crate) token_lifetime_max: Duration,
}

impl KeyRotation {
    pub(crate) fn new(
        keys: impl Into<KeyStore>,
        ring: Arc<KeyRing>,
        policy: watch::Receiver<KeyPolicy>,
        clock: Clock,
    ) -> Self {
        Self {
            keys: keys.into(),
            ring,
            policy,
            clock,
            problem: None,
        }
    }

    /// Runs until `stop` is cancelled.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let mut interval = tokio::time::interval(INTERVAL);
        while stop.run_until_cancelled(interval.tick()).await.is_some() {
            let update = tokio::task::spawn_blocking(move || {
                self.update((self.clock)());
                self
            });
            match update.await {
                Ok(rotation) => self = rotation,
                Err(error) => {
                    warn!(%error, "Key rotation stopped");
                    return;
                }
            }
        }
    }

    /// Reads the keys, and rotates them if they are due. If they cannot be read, the server
    /// continues with the keys that it has.
    pub(super) fn update(&mut self, now: Timestamp) {
        let problem = self
            .read_and_rotate(now)
            .err()
            .map(|error| error.to_string());
        if let Some(error) = &problem
            && self.problem != problem
        {
            warn!(
                error,
                "Keys cannot be read or rotated; keeping the present ones"
            );
        }
        self.problem = problem;
    }

    fn read_and_rotate(&self, now: Timestamp) -> Result<(), KeysError> {
        let policy = *self.policy.borrow();
        let overlap = overlap(policy.token_lifetime_max);
        let mut read = self.keys.read()?;
        let mut rotated = Ok(());
        if policy.is_due(&read, now) {
            let is_due = |ring: &KeyRing| policy.is_due(ring, now);
            rotated = self.keys.rotate_if(is_due, overlap, now);
            read = self.keys.read()?;
        }
        read.settle(now.as_second(), overlap);
        let (before, after) = (self.ring.info(), read.info());
        if before != after {
            self.ring.replace(&read);
            let sealing = after.iter().find(|key| key.role == KeyRole::Seals);
            let sealing = sealing.map(|key| key.id.0);
            info!(keys = after.len(), sealing, "Keys reloaded");
        }
        rotated
    }
}

impl KeyPolicy {
    /// Whether the newest key is old enough to be rotated.
    fn is_due(self, ring: &KeyRing, now: Timestamp) -> bool {
        let Some(age) = self.rotate_after else {
            return false;
        };
        let age = i64::try_from(age.as_secs()).unwrap_or(i64::MAX);
        let newest = ring.info().first().map(|key| key.created);
        newest.is_some_and(|created| created.saturating_add(age) <= now.as_second())
    }
}
