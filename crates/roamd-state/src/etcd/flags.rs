//! Writing flags: transactions, of which only one sets a flag.

use std::sync::Arc;
use std::time::Duration;

use roamd_etcd_client::CallError;
use tokio::select;
use tokio::time::{Instant, sleep, sleep_until};

use super::health::WhenUnreachable;
use super::layout::{FlagValue, Key};
use super::shared::{Replaced, Shared};
use crate::digest::Digest;
use crate::error::StateError;
use crate::flag::FlagKind;
use crate::limited_flags::{FlagsSet, LimitedFlags};

/// Time for a write, with all attempts.
pub(super) const WRITE_TIMEOUT: Duration = Duration::from_secs(10);

/// Pause between two attempts.
pub(super) const RETRY_PAUSE: Duration = Duration::from_millis(200);

/// Maximum number of transactions of an attempt. Each that fails has seen a change by another
/// server.
const MAX_TURNS: u32 = 16;

impl Shared {
    /// Sets a flag, or moves its expiry to a later time. Returns whether it was not set.
    pub(super) async fn set_flag(
        &self,
        kind: FlagKind,
        key: Digest,
        wanted: FlagValue,
    ) -> Result<bool, StateError> {
        {
            let copy = self.copy();
            if copy.flag(kind, key).is_none() && copy.is_full_of_flags(kind) {
                return Err(StateError::Busy);
            }
        }
        // All attempts have the same nonce, so one that has succeeded without a response is
        // recognised.
        let write = || self.write_flag(kind, key, wanted);
        match self.unless_unreachable(write).await? {
            Some(is_new) => Ok(is_new),
            None if kind.needs_all_servers() => Err(StateError::Unreachable),
            None => Ok(self.copy_mut().set_missing(kind, key, wanted, self.now())),
        }
    }

    /// Sets several flags, as far as their budget allows.
    pub(super) async fn set_flags(
        self: &Arc<Self>,
        flags: LimitedFlags,
        value: impl Fn() -> Result<FlagValue, StateError>,
    ) -> Result<FlagsSet, StateError> {
        let LimitedFlags { kind, budget, .. } = flags;
        let mut done = FlagsSet::default();
        for key in flags.keys {
            let value = value()?;
            let known = self.copy().flag(kind, key);
            if let Some(known) = known.filter(|known| self.now() < known.value.until) {
                if known.value.until < value.until {
                    self.set_flag(kind, key, value).await?;
                }
                continue;
            }
            // Drawn before the write, so that writes at the same time do not exceed the budget.
            if !self.draw(budget) {
                done.refused += 1;
                continue;
            }
            let set = self.set_flag(kind, key, value).await;
            if matches!(set, Ok(true)) {
                done.new += 1;
            } else {
                self.copy_mut().take(budget.kind, budget.key, 1);
            }
            set?;
        }
        if done.new > 0 {
            self.store_own_share(budget.kind, budget.key).await?;
        }
        Ok(done)
    }

    /// Sets a flag in etcd, or moves its expiry to a later time. Returns whether it was not set.
    pub(super) async fn write_flag(
        &self,
        kind: FlagKind,
        key: Digest,
        wanted: FlagValue,
    ) -> Result<bool, CallError> {
        let entry = Key::Flag(kind, key);
        let known = self.copy().flag(kind, key);
        // One that is missing in etcd counts as set.
        let was_set = known
            .is_some_and(|flag| self.now() < flag.value.until && flag.value.nonce != wanted.nonce);
        let mut known = known
            .filter(|flag| flag.revision != 0)
            .map(|flag| (Some(flag.value), flag.revision));
        for _ in 0..MAX_TURNS {
            let now = self.now();
            let (value, is_new, revision) = match known {
                None => (wanted, true, 0),
                // A text that is no value protects nothing.
                Some((None, revision)) => (wanted, true, revision),
                Some((Some(set), revision)) if set.until <= now => (wanted, true, revision),
                Some((Some(set), _)) if set.until >= wanted.until => {
                    return Ok(set.nonce == wanted.nonce && !was_set);
                }
                Some((Some(set), revision)) => {
                    let later = FlagValue {
                        until: wanted.until,
                        ..set
                    };
                    (later, set.nonce == wanted.nonce, revision)
                }
            };
            let text = value.to_text();
            let replaced = self.replace(entry, text.clone(), value.until, revision);
            let found = match replaced.await? {
                Replaced::Written(revision) => {
                    self.copy_mut().wrote(entry, text.as_bytes(), revision);
                    return Ok(is_new && !was_set);
                }
                Replaced::Found(found) => found,
            };
            known = found.map(|found| {
                let revision = found.mod_revision;
                self.copy_mut().wrote(entry, &found.value, revision);
                (FlagValue::parse(&found.value), revision)
            });
        }
        Err(CallError::TimedOut)
    }

    /// Tries a write until it succeeds. Returns `None` as soon as etcd counts as unreachable, if
    /// the server continues without it.
    pub(super) async fn unless_unreachable<T, F>(
        &self,
        write: impl Fn() -> F,
    ) -> Result<Option<T>, StateError>
    where
        F: Future<Output = Result<T, CallError>>,
    {
        let deadline = Instant::now() + WRITE_TIMEOUT;
        loop {
            let attempt = select! {
                // etcd may accept a call and not respond.
                biased;
                () = self.health.lost() => return self.alone().map(|()| None),
                () = sleep_until(deadline) => return Err(StateError::TimedOut),
                attempt = write() => attempt,
            };
            match attempt {
                Ok(done) => return Ok(Some(done)),
                Err(error) if Instant::now() >= deadline => return Err(StateError::engine(error)),
                Err(_) => sleep(RETRY_PAUSE).await,
            }
        }
    }

    /// Checks that the server continues while etcd counts as unreachable.
    pub(super) fn alone(&self) -> Result<(), StateError> {
        match self.when_unreachable {
            WhenUnreachable::Serve => Ok(()),
            WhenUnreachable::Refuse => Err(StateError::Unreachable),
        }
    }
}
