//! The engine.

use std::future::ready;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use rusqlite::Connection;

use super::digest_key::DigestKey;
use super::file::{self, OpenError};
use super::flag_cache::FlagCache;
use super::statements::{self, Swept};
use super::writer::{Durability, Writer};
use crate::counter::{Counter, CounterKind};
use crate::digest::Digest;
use crate::error::StateError;
use crate::flag::FlagKind;
use crate::shared_state::{SharedState, StateFuture};

/// Shared state in a SQLite file.
///
/// When it is dropped, its thread stops after all queued writes.
#[derive(Debug)]
pub struct SqliteState {
    writer: Writer,
    reader: Mutex<Connection>,
    flags: Arc<FlagCache>,
    digest_key: DigestKey,
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
        let digest_key = DigestKey::open_or_create(path)?;
        let connection = file::open(path)?;
        let flags =
            FlagCache::read(&connection).map_err(|source| OpenError::engine(path, source))?;
        let flags = Arc::new(flags);
        Ok(Self {
            flags: Arc::clone(&flags),
            reader: Mutex::new(file::open(path)?),
            writer: Writer::start(path, connection, flags, lock)?,
            digest_key,
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
            .write(Durability::Process, sweep, uncache)
            .await?;
        Ok(swept.flags.len() + swept.counters)
    }
}

impl SharedState for SqliteState {
    fn set_flag(&self, kind: FlagKind, key: Digest, until: Timestamp) -> StateFuture<'_, bool> {
        let key = self.digest_key.of_flag(kind, key);
        if self.flags.is_set_until(kind, key, until) {
            return Box::pin(ready(Ok(false)));
        }
        let flags = Arc::clone(&self.flags);
        let cache = move |_: &bool| flags.set(kind, key, until);
        let set = move |connection: &Connection| statements::set_flag(connection, kind, key, until);
        Box::pin(self.writer.write(Durability::of(kind), set, cache))
    }

    fn is_any_flag_set(
        &self,
        kind: FlagKind,
        keys: [Digest; 2],
        now: Timestamp,
    ) -> StateFuture<'_, bool> {
        let keys = keys.map(|key| self.digest_key.of_flag(kind, key));
        Box::pin(ready(Ok(self.flags.is_any_set(kind, keys, now))))
    }

    fn increment(
        &self,
        kind: CounterKind,
        key: Digest,
        now: Timestamp,
        until: Timestamp,
    ) -> StateFuture<'_, u32> {
        let key = self.digest_key.of_counter(kind, key);
        let increment =
            move |connection: &Connection| statements::increment(connection, kind, key, now, until);
        Box::pin(self.writer.write(Durability::Process, increment, |_| ()))
    }

    fn counter(&self, kind: CounterKind, key: Digest, now: Timestamp) -> StateFuture<'_, Counter> {
        let key = self.digest_key.of_counter(kind, key);
        Box::pin(async move {
            let connection = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
            statements::counter(&connection, kind, key, now).map_err(StateError::engine)
        })
    }

    fn decrement(&self, kind: CounterKind, key: Digest, by: u32) -> StateFuture<'_, ()> {
        let key = self.digest_key.of_counter(kind, key);
        let decrement =
            move |connection: &Connection| statements::decrement(connection, kind, key, by);
        Box::pin(self.writer.write(Durability::Process, decrement, |_| ()))
    }

    fn extend_counter(
        &self,
        kind: CounterKind,
        key: Digest,
        now: Timestamp,
        until: Timestamp,
    ) -> StateFuture<'_, ()> {
        let stored = self.digest_key.of_counter(kind, key);
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
                .write(Durability::Process, extend_counter, |_| ())
                .await
        })
    }

    fn is_alive(&self) -> StateFuture<'_, ()> {
        Box::pin(self.writer.write(Durability::Process, |_| Ok(()), |_| ()))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use tokio::time::timeout;

    use super::super::statements::{limit_counters, limit_flags};
    use super::*;

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
                state.increment(kind, key, now, until).await.unwrap();
            }
        }
        let connection = file::open(&path).unwrap();
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
                    .set_flag(kind, Digest::of(&[number]), until)
                    .await
                    .unwrap();
            }
        }
        let connection = file::open(&path).unwrap();
        let mut removed = Vec::new();
        limit_flags(&connection, 50, &mut removed).unwrap();
        assert!(removed.is_empty());
        limit_flags(&connection, 4, &mut removed).unwrap();
        state.flags.remove(&removed);
        for kind in FlagKind::ALL {
            let ends = matches!(kind, FlagKind::RevokedToken | FlagKind::InvalidatedTicket);
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
        let mut writing = Box::pin(state.writer.write(Durability::Power, hangs, |_| ()));
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
}
