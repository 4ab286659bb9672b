//! The engine.

use std::future::ready;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use rusqlite::Connection;
use tokio::task::spawn_blocking;

use super::digest_key_file;
use super::file::{self, OpenError};
use super::flag_cache::FlagCache;
use super::statements::{self, SetFlags, Swept};
use super::writer::{Durability, Writer};
use crate::counter::{Counter, CounterKind};
use crate::digest::Digest;
use crate::digest_key::DigestKey;
use crate::error::StateError;
use crate::flag::FlagKind;
use crate::limited_flags::{FlagsSet, LimitedFlags};
use crate::party::Party;
use crate::shared_state::{SharedState, StateFuture};

/// Cost of a job that changes one row and survives the process.
const ONE_PROCESS_ROW: (Durability, usize) = (Durability::Process, 1);

/// Shared state in a SQLite file.
///
/// When it is dropped, its thread stops after all queued writes.
#[derive(Debug)]
pub struct SqliteState {
    /// Before the writer, so that it is closed first: the last connection that closes writes to the
    /// file, and the writer holds the lock until then.
    reader: Mutex<Connection>,
    writer: Writer,
    flags: Arc<FlagCache>,
    digest_key: DigestKey,
    path: PathBuf,
}

impl SqliteState {
    /// Opens the file, and the key of its digests beside it (`state.key` for `state.db`). What does
    /// not exist is created; the folder has to exist. If another process uses the file, this waits
    /// up to 10 seconds.
    ///
    /// # Errors
    /// If the file cannot be used. A file that is damaged, in use, of another program or of a newer
    /// version is not changed.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let lock = file::lock(path)?;
        let digest_key = digest_key_file::open_or_create(path)?;
        let connection = file::open(path)?;
        let flags =
            FlagCache::read(&connection).map_err(|source| OpenError::engine(path, source))?;
        let flags = Arc::new(flags);
        Ok(Self {
            flags: Arc::clone(&flags),
            reader: Mutex::new(file::open_again(path)?),
            writer: Writer::start(path, connection, flags, lock)?,
            digest_key,
            path: path.to_owned(),
        })
    }

    /// Removes entries that have expired at `now`, and those over the limits. Returns the number of
    /// removed entries. The engine does this by itself every minute.
    ///
    /// # Errors
    /// If the engine fails.
    pub async fn sweep(&self, now: Timestamp) -> Result<usize, StateError> {
        let flags = Arc::clone(&self.flags);
        let uncache = move |swept: &Swept| flags.remove(&swept.flags);
        let sweep = move |connection: &Connection| statements::sweep(connection, now);
        let swept = self
            .writer
            .write(Party::SERVER, ONE_PROCESS_ROW, sweep, uncache)
            .await?;
        Ok(swept.flags.len() + swept.counters)
    }
}

impl SharedState for SqliteState {
    fn set_flag(
        &self,
        party: Party,
        kind: FlagKind,
        key: Digest,
        until: Timestamp,
    ) -> StateFuture<'_, bool> {
        let key = self.digest_key.of_guessable_flag(kind, key);
        if self.flags.are_set_until(kind, &[key], until) {
            return Box::pin(ready(Ok(false)));
        }
        let flags = Arc::clone(&self.flags);
        let cache = move |_: &bool| flags.set(kind, &[key], until);
        let set = move |connection: &Connection| statements::set_flag(connection, kind, key, until);
        let cost = (Durability::of(kind), 1);
        Box::pin(self.writer.write(party, cost, set, cache))
    }

    fn set_flags(&self, party: Party, mut flags: LimitedFlags) -> StateFuture<'_, FlagsSet> {
        let LimitedFlags { kind, until, .. } = flags;
        for key in &mut flags.keys {
            *key = self.digest_key.of_guessable_flag(kind, *key);
        }
        let budget = &mut flags.budget;
        budget.key = self
            .digest_key
            .of_guessable_counter(budget.kind, budget.key);
        if self.flags.are_set_until(kind, &flags.keys, until) {
            return Box::pin(ready(Ok(FlagsSet::default())));
        }
        let cached = Arc::clone(&self.flags);
        let cache = move |done: &SetFlags| cached.set(kind, &done.set, until);
        let cost = (Durability::of(kind), flags.keys.len());
        let set = move |connection: &Connection| statements::set_flags(connection, &flags);
        Box::pin(async move {
            let done = self.writer.write(party, cost, set, cache).await?;
            Ok(FlagsSet {
                new: done.new,
                refused: done.refused,
            })
        })
    }

    fn flag_expiry(
        &self,
        kind: FlagKind,
        key: Digest,
        now: Timestamp,
    ) -> StateFuture<'_, Option<Timestamp>> {
        let flag = (kind, self.digest_key.of_guessable_flag(kind, key));
        let [expiry] = self.flags.expiries([flag], now);
        Box::pin(ready(Ok(expiry)))
    }

    fn flag_expiries(
        &self,
        flags: [(FlagKind, Digest); 3],
        now: Timestamp,
    ) -> StateFuture<'_, [Option<Timestamp>; 3]> {
        let flags = flags.map(|(kind, key)| (kind, self.digest_key.of_guessable_flag(kind, key)));
        Box::pin(ready(Ok(self.flags.expiries(flags, now))))
    }

    fn increment(
        &self,
        party: Party,
        kind: CounterKind,
        key: Digest,
        now: Timestamp,
        until: Timestamp,
    ) -> StateFuture<'_, u32> {
        let key = self.digest_key.of_guessable_counter(kind, key);
        let increment =
            move |connection: &Connection| statements::increment(connection, kind, key, now, until);
        Box::pin(self.writer.write(party, ONE_PROCESS_ROW, increment, |_| ()))
    }

    fn counter(&self, kind: CounterKind, key: Digest, now: Timestamp) -> StateFuture<'_, Counter> {
        let key = self.digest_key.of_guessable_counter(kind, key);
        Box::pin(async move {
            let connection = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
            statements::counter(&connection, kind, key, now).map_err(StateError::engine)
        })
    }

    /// Reads over a connection of its own, since the other one serves sign-ins.
    fn counters_above(
        &self,
        kind: CounterKind,
        above: u32,
        expire_after: Timestamp,
    ) -> StateFuture<'_, Vec<Counter>> {
        let path = self.path.clone();
        let read = move || {
            let connection = file::open_again(&path).map_err(StateError::engine)?;
            statements::counters_above(&connection, kind, above, expire_after)
                .map_err(StateError::engine)
        };
        Box::pin(async move { spawn_blocking(read).await.map_err(StateError::engine)? })
    }

    fn decrement(
        &self,
        party: Party,
        kind: CounterKind,
        key: Digest,
        by: u32,
    ) -> StateFuture<'_, ()> {
        let key = self.digest_key.of_guessable_counter(kind, key);
        let decrement =
            move |connection: &Connection| statements::decrement(connection, kind, key, by);
        Box::pin(self.writer.write(party, ONE_PROCESS_ROW, decrement, |_| ()))
    }

    fn extend_counter(
        &self,
        party: Party,
        kind: CounterKind,
        key: Digest,
        now: Timestamp,
        until: Timestamp,
    ) -> StateFuture<'_, ()> {
        let stored = self.digest_key.of_guessable_counter(kind, key);
        let extend_counter = move |connection: &Connection| {
            statements::extend_counter(connection, kind, stored, now, until)
        };
        Box::pin(async move {
            let counter = self.counter(kind, key, now).await?;
            if counter.until.is_none_or(|current| current >= until) {
                // Nothing would change.
                return Ok(());
            }
            self.writer
                .write(party, ONE_PROCESS_ROW, extend_counter, |_| ())
                .await
        })
    }

    fn is_alive(&self) -> StateFuture<'_, ()> {
        Box::pin(self.writer.is_alive())
    }

    fn refused_writes(&self) -> u64 {
        self.writer.refused()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::sync::mpsc;
    use std::time::Duration;

    use tokio::time::timeout;

    use super::super::statements::{limit_counters, limit_flags};
    use super::*;

    const PARTY: Party = Party::SERVER;

    #[tokio::test]
    async fn excess_counters_that_expire_first_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.db");
        let state = SqliteState::open(&path).unwrap();
        let now = Timestamp::from_second(4_000_000_000).unwrap();
        let (many, few) = (
            CounterKind::AttemptsByNetwork,
            CounterKind::KnownUsersOfNetwork,
        );
        for (kind, counters) in [(many, 10_u8), (few, 3)] {
            for number in 0..counters {
                let until = now + jiff::SignedDuration::from_secs(60 + i64::from(number));
                let key = Digest::of(&[number]);
                state.increment(PARTY, kind, key, now, until).await.unwrap();
            }
        }
        let connection = file::open_again(&path).unwrap();
        assert_eq!(limit_counters(&connection, 20).unwrap(), 0);
        assert_eq!(limit_counters(&connection, 4).unwrap(), 6);
        for (kind, number, count) in [(many, 5, 0), (many, 6, 1), (many, 9, 1), (few, 0, 1)] {
            let counter = state.counter(kind, Digest::of(&[number]), now).await;
            assert_eq!(counter.unwrap().count, count, "{kind:?} {number}");
        }
    }

    #[tokio::test]
    async fn excess_flags_are_removed_only_where_harmless() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.db");
        let state = SqliteState::open(&path).unwrap();
        let now = Timestamp::from_second(4_000_000_000).unwrap();
        for kind in FlagKind::ALL {
            for number in 0..10_u8 {
                let until = now + jiff::SignedDuration::from_secs(60 + i64::from(number));
                state
                    .set_flag(PARTY, kind, Digest::of(&[number]), until)
                    .await
                    .unwrap();
            }
        }
        let connection = file::open_again(&path).unwrap();
        let mut removed = Vec::new();
        limit_flags(&connection, 60, &mut removed).unwrap();
        assert!(removed.is_empty());
        limit_flags(&connection, 4, &mut removed).unwrap();
        state.flags.remove(&removed);
        for kind in FlagKind::ALL {
            let ends = matches!(
                kind,
                FlagKind::RevokedToken
                    | FlagKind::InvalidatedTicket
                    | FlagKind::EndedUser
                    | FlagKind::BlockDecision
                    | FlagKind::BlockedUser
            );
            for number in 0..10_u8 {
                let set = state.is_flag_set(kind, Digest::of(&[number]), now).await;
                assert_eq!(set.unwrap(), ends || number >= 6, "{kind:?} {number}");
            }
        }
    }

    #[tokio::test]
    async fn blocked_writer_is_not_alive() {
        let folder = tempfile::tempdir().unwrap();
        let state = SqliteState::open(&folder.path().join("state.db")).unwrap();
        let (resume, held) = mpsc::channel::<()>();
        let hangs = move |_: &Connection| Ok(held.recv().is_ok());
        let mut writing = Box::pin(state.writer.write(PARTY, ONE_PROCESS_ROW, hangs, |_| ()));
        let mut alive = state.is_alive();
        let soon = Duration::from_millis(100);
        assert!(timeout(soon, &mut writing).await.is_err());
        assert!(timeout(soon, &mut alive).await.is_err());
        let set = state.is_flag_set(
            FlagKind::KnownNetwork,
            Digest::of(b""),
            Timestamp::UNIX_EPOCH,
        );
        assert!(!set.await.unwrap());
        resume.send(()).unwrap();
        assert!(writing.await.unwrap());
        alive.await.unwrap();
    }

    /// A party that queues ten times its share is refused alone, and another party's write is done
    /// after one of its writes.
    #[tokio::test]
    async fn flood_of_one_party_does_not_delay_another() {
        const SHARE: u32 = 1024;
        let folder = tempfile::tempdir().unwrap();
        let state = SqliteState::open(&folder.path().join("state.db")).unwrap();
        let (resume, held) = mpsc::channel::<()>();
        let hangs = move |_: &Connection| Ok(held.recv().is_ok());
        let mut holding = Box::pin(state.writer.write(PARTY, ONE_PROCESS_ROW, hangs, |_| ()));
        let soon = Duration::from_millis(100);
        assert!(timeout(soon, &mut holding).await.is_err());

        let order = Arc::new(AtomicU32::new(0));
        let write = |party: &[u8]| {
            let order = Arc::clone(&order);
            let work = move |_: &Connection| Ok(order.fetch_add(1, Ordering::SeqCst) + 1);
            let party = Party::of(party);
            Box::pin(state.writer.write(party, ONE_PROCESS_ROW, work, |_| ()))
        };
        let mut flood = Vec::new();
        let mut refused = 0;
        for _ in 0..10 * SHARE {
            let mut writing = write(b"thief");
            // The first poll queues the work.
            match poll_once(writing.as_mut()) {
                Some(result) => {
                    assert!(matches!(result, Err(StateError::Busy)), "{result:?}");
                    refused += 1;
                }
                None => flood.push(writing),
            }
        }
        assert_eq!(refused, 9 * SHARE);
        assert_eq!(state.refused_writes(), u64::from(refused));
        let mut other = write(b"victim");
        assert!(poll_once(other.as_mut()).is_none());
        assert!(
            poll_once(state.is_alive().as_mut()).is_none(),
            "never refused"
        );
        resume.send(()).unwrap();
        assert!(holding.await.unwrap());
        assert_eq!(other.await.unwrap(), 2);
        for writing in flood {
            writing.await.unwrap();
        }
        assert_eq!(order.load(Ordering::SeqCst), SHARE + 1);
    }

    fn poll_once<F: Future + ?Sized>(future: std::pin::Pin<&mut F>) -> Option<F::Output> {
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        match future.poll(&mut context) {
            std::task::Poll::Ready(output) => Some(output),
            std::task::Poll::Pending => None,
        }
    }
}
