//! Launches that a client asks for in two steps: `GetLaunchStatus` launches, and `LaunchIca` gets
//! the ICA file (WA-80 to WA-83).
//!
//! An ICA file is kept in memory for 90 seconds, for one user in one web session, and is given out
//! once. It holds a logon ticket. Losing it is harmless: the client launches again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use roamd_sessions::{FarmId, UserKey};
use roamd_state::Digest;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::OwnedMutexGuard;

use crate::fairness::budgets::{KEPT_ICA_BYTES, KEPT_LAUNCHES, KEPT_LAUNCHES_OF_A_USER};

/// Time for which an ICA file is kept.
const ICA_LIFETIME: SignedDuration = SignedDuration::from_secs(90);

/// Time for which the farm that prepares a host is remembered: longer than a client waits between
/// two requests.
const PREPARING_LIFETIME: SignedDuration = SignedDuration::from_mins(5);

/// Launches in progress, and those whose ICA file is kept.
#[derive(Default)]
pub(crate) struct KeptLaunches(Mutex<HashMap<LaunchKey, Entry>>);

/// What is launched, for whom.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct LaunchKey {
    /// The user.
    pub(crate) user: UserKey,
    /// The web session.
    pub(crate) session: Digest,
    /// Digest of the target.
    pub(crate) target: Digest,
}

struct Entry {
    slot: Arc<tokio::sync::Mutex<Slot>>,
    /// Time of the last request for it.
    used: Timestamp,
}

#[derive(Default)]
struct Slot(Option<(Kept, Timestamp)>);

/// What is kept of a launch.
pub(crate) enum Kept {
    /// The ICA file.
    Ica(ReadyIca),
    /// The farm that prepares a host, which further attempts query.
    PreparedBy(FarmId),
}

/// An ICA file that is ready.
pub(crate) struct ReadyIca {
    /// Its text.
    pub(crate) ica: SecretString,
    /// Logon ticket in it.
    pub(crate) ticket: Option<SecretString>,
}

/// The turn of a request at a launch. Other requests for the same launch wait until it is dropped,
/// and so share what it has launched (WA-83).
pub(crate) struct Turn {
    slot: OwnedMutexGuard<Slot>,
}

impl KeptLaunches {
    /// Waits for the turn of a request at a launch.
    pub(crate) async fn turn(&self, key: LaunchKey, now: Timestamp) -> Turn {
        let slot = self.slot(key, now);
        Turn {
            slot: slot.lock_owned().await,
        }
    }

    /// Forgets what is kept for a web session that has ended.
    pub(crate) fn forget(&self, session: Digest) {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.retain(|key, _| key.session != session);
    }

    fn slot(&self, key: LaunchKey, now: Timestamp) -> Arc<tokio::sync::Mutex<Slot>> {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = entries.get_mut(&key) {
            entry.used = now;
            return Arc::clone(&entry.slot);
        }
        entries.retain(|_, entry| entry.is_needed(now));
        make_room(&mut entries, KEPT_LAUNCHES_OF_A_USER, |known| {
            known.user == key.user
        });
        make_room(&mut entries, KEPT_LAUNCHES, |_| true);
        let slot = Arc::<tokio::sync::Mutex<Slot>>::default();
        let entry = Entry {
            slot: Arc::clone(&slot),
            used: now,
        };
        entries.insert(key, entry);
        slot
    }
}

/// Removes the entries that were unused for longest, so that one more is within the limit of its
/// kind.
fn make_room(
    entries: &mut HashMap<LaunchKey, Entry>,
    limit: usize,
    is_of_kind: impl Fn(&LaunchKey) -> bool,
) {
    let count = entries.keys().filter(|key| is_of_kind(key)).count();
    for _ in limit..=count {
        let of_kind = entries.iter().filter(|(key, _)| is_of_kind(key));
        let oldest = of_kind.min_by_key(|(_, entry)| entry.used);
        let Some(oldest) = oldest.map(|(key, _)| key.clone()) else {
            return;
        };
        entries.remove(&oldest);
    }
}

impl Entry {
    /// Whether a request holds the turn or waits for it, or something is kept.
    fn is_needed(&self, now: Timestamp) -> bool {
        match self.slot.try_lock() {
            Ok(slot) => Arc::strong_count(&self.slot) > 1 || slot.is_kept(now),
            Err(_) => true,
        }
    }
}

impl Slot {
    fn is_kept(&self, now: Timestamp) -> bool {
        self.0.as_ref().is_some_and(|(_, until)| now < *until)
    }
}

impl Turn {
    /// Whether an ICA file is kept.
    pub(crate) fn has_ica(&self, now: Timestamp) -> bool {
        self.slot.is_kept(now) && matches!(self.slot.0, Some((Kept::Ica(_), _)))
    }

    /// Takes what is kept of the launch.
    pub(crate) fn take(&mut self, now: Timestamp) -> Option<Kept> {
        let is_kept = self.slot.is_kept(now);
        let (kept, _) = self.slot.0.take()?;
        is_kept.then_some(kept)
    }

    /// Keeps an ICA file for the next request. A file that is larger than those of real farms is
    /// not kept, so the client launches again.
    pub(crate) fn keep(&mut self, kept: Kept, now: Timestamp) {
        let lifetime = match &kept {
            Kept::Ica(ready) if ready.ica.expose_secret().len() > KEPT_ICA_BYTES => return,
            Kept::Ica(_) => ICA_LIFETIME,
            Kept::PreparedBy(_) => PREPARING_LIFETIME,
        };
        let until = now.checked_add(lifetime).unwrap_or(Timestamp::MAX);
        self.slot.0 = Some((kept, until));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn key(user: usize, target: usize) -> LaunchKey {
        LaunchKey {
            user: UserKey::new("DEMO", &format!("user{user}")),
            session: Digest::of(b"session"),
            target: Digest::of(target.to_string().as_bytes()),
        }
    }

    fn ica(text: &str) -> Kept {
        Kept::Ica(ReadyIca {
            ica: text.into(),
            ticket: None,
        })
    }

    async fn keep(launches: &KeptLaunches, key: LaunchKey, kept: Kept) {
        launches.turn(key, NOW).await.keep(kept, NOW);
    }

    async fn take(launches: &KeptLaunches, key: LaunchKey, now: Timestamp) -> Option<String> {
        match launches.turn(key, now).await.take(now)? {
            Kept::Ica(ready) => Some(ready.ica.expose_secret().to_owned()),
            Kept::PreparedBy(farm) => Some(farm.to_string()),
        }
    }

    fn after(seconds: i64) -> Timestamp {
        NOW + SignedDuration::from_secs(seconds)
    }

    #[tokio::test]
    async fn ica_file_is_given_out_once_within_its_time() {
        // WA-80, WA-81
        let launches = KeptLaunches::default();
        for (seconds, expected) in [(89, Some("[Encoding]")), (90, None)] {
            keep(&launches, key(1, 1), ica("[Encoding]")).await;
            let taken = take(&launches, key(1, 1), after(seconds)).await;
            assert_eq!(taken.as_deref(), expected, "{seconds}");
            assert_eq!(take(&launches, key(1, 1), NOW).await, None);
        }
        let farm = Kept::PreparedBy(FarmId::new("XA1"));
        keep(&launches, key(1, 1), farm).await;
        let taken = take(&launches, key(1, 1), after(299)).await;
        assert_eq!(taken.as_deref(), Some("XA1"));
    }

    #[tokio::test]
    async fn another_user_session_or_target_gets_nothing() {
        let launches = KeptLaunches::default();
        keep(&launches, key(1, 1), ica("a")).await;
        let other_session = LaunchKey {
            session: Digest::of(b"other"),
            ..key(1, 1)
        };
        for other in [key(2, 1), key(1, 2), other_session] {
            assert_eq!(take(&launches, other, NOW).await, None);
        }
        launches.forget(Digest::of(b"session"));
        assert_eq!(take(&launches, key(1, 1), NOW).await, None, "session ended");
    }

    #[tokio::test]
    async fn one_user_takes_no_room_of_another() {
        let launches = KeptLaunches::default();
        keep(&launches, key(0, 0), ica("a")).await;
        for (target, now) in (0..=KEPT_LAUNCHES_OF_A_USER).zip((0..).map(after)) {
            launches.turn(key(1, target), now).await.keep(ica("b"), now);
        }
        let taken = take(&launches, key(1, 1), after(33)).await;
        assert_eq!(taken.as_deref(), Some("b"));
        assert_eq!(
            take(&launches, key(1, 0), after(33)).await,
            None,
            "the oldest"
        );
        let taken = take(&launches, key(0, 0), after(33)).await;
        assert_eq!(taken.as_deref(), Some("a"));
    }

    #[tokio::test]
    async fn kept_launches_are_bounded_in_number_and_size() {
        let launches = KeptLaunches::default();
        for user in 0..=KEPT_LAUNCHES {
            keep(&launches, key(user, 0), ica("a")).await;
        }
        let count = || launches.0.lock().unwrap().len();
        assert_eq!(count(), KEPT_LAUNCHES);
        // What has expired goes first.
        drop(launches.turn(key(0, 1), after(90)).await);
        assert_eq!(count(), 1);
        let large = "x".repeat(KEPT_ICA_BYTES + 1);
        keep(&launches, key(1, 1), ica(&large)).await;
        assert_eq!(take(&launches, key(1, 1), NOW).await, None);
    }

    #[tokio::test]
    async fn second_request_waits_for_the_first() {
        // WA-83
        let launches = Arc::new(KeptLaunches::default());
        let mut first = launches.turn(key(1, 1), NOW).await;
        let waiting = tokio::spawn({
            let launches = Arc::clone(&launches);
            async move { take(&launches, key(1, 1), NOW).await }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        first.keep(ica("shared"), NOW);
        drop(first);
        assert_eq!(waiting.await.unwrap().as_deref(), Some("shared"));
    }
}
