//! The engine for one process: a SQLite file that it has to itself.
//!
//! One thread writes: it takes all that waits for it into one transaction and answers after the
//! commit, so that many callers share the cost of one flush to the disk. Flags are read from a copy in
//! memory. Counters can be too many for that, and only sign-ins ask for them: they are read from the
//! file, at once and on the thread of who asks, which takes less than to hand the work to another. In
//! WAL mode a reader never waits for the writer.

mod file;
mod flags;

use std::future::ready;
use std::path::Path;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use tokio::sync::oneshot;
use tokio::time::timeout;
use tracing::warn;

use crate::{
    Counter, CounterKind, Digest, FlagKind, MIN_COUNTERS_KEPT, MIN_FLAGS_KEPT, SharedState,
    StateError, StateFuture,
};

pub use file::OpenError;

use self::flags::Flags;

/// How often what has expired is removed.
const SWEEP_EVERY: Duration = Duration::from_secs(60);

/// How long anybody waits for a write. A disk that is busy takes seconds, one that hangs for ever.
const PATIENCE: Duration = Duration::from_secs(10);

/// Most writes of one transaction.
const BATCH: usize = 256;

/// Shared state in a SQLite file.
///
/// Dropping it stops its thread once that has answered what it was asked.
#[derive(Debug)]
pub struct SqliteState {
    writer: Sender<Job>,
    reader: Mutex<Connection>,
    flags: Arc<Flags>,
}

/// What the writer is asked for.
struct Job {
    outlives: Outlives,
    work: Work,
}

/// What a write outlives once it is acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outlives {
    /// The end of the process, however that comes.
    Process,
    /// A loss of power, too. For this the disk has to be flushed.
    Power,
}

/// A piece of work for the writer. It is given a connection, or why there is none.
type Work = Box<dyn FnOnce(Result<&Connection, StateError>) -> Acknowledge + Send>;

/// Tells the caller the result of its work, given the outcome of the transaction around it.
type Acknowledge = Box<dyn FnOnce(Result<(), StateError>)>;

impl SqliteState {
    /// Opens the file, and makes it when there is none. It is made in a folder that exists. Another
    /// process that uses it is given some seconds to end.
    ///
    /// # Errors
    /// Why the file is not used. A file that is damaged, in use, of another program or of a newer
    /// version is left as it is.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let lock = file::lock(path)?;
        let mut writing = file::open(path)?;
        let flags = Flags::read(&writing).map_err(|source| OpenError::engine(path, source))?;
        let flags = Arc::new(flags);
        Ok(Self {
            flags: Arc::clone(&flags),
            reader: Mutex::new(file::open(path)?),
            writer: start(path, "state-writer", move |jobs| {
                write_all(&mut writing, &flags, jobs);
                // Only now is nothing more written.
                drop(lock);
            })?,
        })
    }

    /// Removes what has expired at `now`, and the counters that are too many, and gives how many rows
    /// that were. It is done without being asked once a minute.
    ///
    /// # Errors
    /// Why the state gave no answer.
    pub async fn sweep(&self, now: Timestamp) -> Result<usize, StateError> {
        let flags = Arc::clone(&self.flags);
        let forget = move |swept: &Swept| flags.forget(&swept.flags);
        let sweep = move |connection: &Connection| sweep(connection, now);
        let swept = ask(&self.writer, Outlives::Process, sweep, forget).await?;
        Ok(swept.flags.len() + swept.counters)
    }
}

impl SharedState for SqliteState {
    fn set_flag(&self, kind: FlagKind, key: Digest, until: Timestamp) -> StateFuture<'_, bool> {
        let flags = Arc::clone(&self.flags);
        let remember = move |_: &bool| flags.set(kind, key, until);
        let set = move |connection: &Connection| set_flag(connection, kind, key, until);
        Box::pin(ask(&self.writer, Outlives::of(kind), set, remember))
    }

    fn is_any_flag_set(
        &self,
        kind: FlagKind,
        keys: [Digest; 2],
        now: Timestamp,
    ) -> StateFuture<'_, bool> {
        Box::pin(ready(Ok(self.flags.any(kind, keys, now))))
    }

    fn increment(
        &self,
        kind: CounterKind,
        key: Digest,
        now: Timestamp,
        until: Timestamp,
    ) -> StateFuture<'_, u32> {
        let increment = move |connection: &Connection| increment(connection, kind, key, now, until);
        Box::pin(ask(&self.writer, Outlives::Process, increment, |_| ()))
    }

    fn counter(&self, kind: CounterKind, key: Digest, now: Timestamp) -> StateFuture<'_, Counter> {
        Box::pin(async move {
            let connection = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
            counter(&connection, kind, key, now).map_err(engine)
        })
    }

    fn decrement(&self, kind: CounterKind, key: Digest, by: u32) -> StateFuture<'_, ()> {
        let decrement = move |connection: &Connection| decrement(connection, kind, key, by);
        Box::pin(ask(&self.writer, Outlives::Process, decrement, |_| ()))
    }

    fn extend_counter(
        &self,
        kind: CounterKind,
        key: Digest,
        now: Timestamp,
        until: Timestamp,
    ) -> StateFuture<'_, ()> {
        let extend_counter =
            move |connection: &Connection| extend_counter(connection, kind, key, now, until);
        Box::pin(ask(&self.writer, Outlives::Process, extend_counter, |_| ()))
    }

    fn is_alive(&self) -> StateFuture<'_, ()> {
        Box::pin(ask(&self.writer, Outlives::Process, |_| Ok(()), |_| ()))
    }
}

impl Outlives {
    /// What somebody would gain who has a flag forgotten by cutting the power: with a known place
    /// nothing.
    fn of(kind: FlagKind) -> Self {
        match kind {
            FlagKind::SpentConversation
            | FlagKind::InvalidatedTicket
            | FlagKind::FinishedLaunch
            | FlagKind::RevokedToken => Self::Power,
            FlagKind::KnownNetwork => Self::Process,
        }
    }
}

/// Hands work to the writer and waits for its result. The work is done even when nobody waits any
/// more. `then` is what the writer does with the result once it is committed, before it answers.
async fn ask<T: Send + 'static>(
    writer: &Sender<Job>,
    outlives: Outlives,
    work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    then: impl FnOnce(&T) + Send + 'static,
) -> Result<T, StateError> {
    let (reply, answer) = oneshot::channel();
    let work: Work = Box::new(move |connection| {
        let result = connection.and_then(|connection| work(connection).map_err(engine));
        Box::new(move |outcome| {
            let result = outcome.and(result);
            if let Ok(value) = &result {
                then(value);
            }
            drop(reply.send(result));
        })
    });
    writer
        .send(Job { outlives, work })
        .map_err(|_| StateError::Stopped)?;
    match timeout(PATIENCE, answer).await {
        Ok(answer) => answer.map_err(|_| StateError::Stopped)?,
        Err(_) => Err(StateError::TimedOut),
    }
}

fn start(
    path: &Path,
    name: &str,
    work: impl FnOnce(&Receiver<Job>) + Send + 'static,
) -> Result<Sender<Job>, OpenError> {
    let (sender, jobs) = mpsc::channel();
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || work(&jobs))
        .map(|_detached| sender)
        .map_err(|source| OpenError::Io {
            path: path.to_owned(),
            source,
        })
}

fn write_all(connection: &mut Connection, flags: &Flags, jobs: &Receiver<Job>) {
    let mut swept = Instant::now();
    loop {
        match jobs.recv_timeout(SWEEP_EVERY.saturating_sub(swept.elapsed())) {
            Ok(first) => {
                let batch = std::iter::once(first).chain(jobs.try_iter());
                write_batch(connection, batch.take(BATCH).collect());
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        if swept.elapsed() >= SWEEP_EVERY {
            swept = Instant::now();
            if let Err(error) = sweep_both(connection, flags, Timestamp::now()) {
                warn!(%error, "Could not remove expired shared state");
            }
        }
    }
}

/// Sweeps the file, all of it or nothing, and memory after it, so that both go on holding the same flags.
fn sweep_both(connection: &mut Connection, flags: &Flags, now: Timestamp) -> rusqlite::Result<()> {
    let transaction = begin(connection, false)?;
    let swept = sweep(&transaction, now)?;
    transaction.commit()?;
    flags.forget(&swept.flags);
    Ok(())
}

/// Does all jobs in one transaction, and acknowledges them after its end.
fn write_batch(connection: &mut Connection, batch: Vec<Job>) {
    let power = batch.iter().any(|job| job.outlives == Outlives::Power);
    let (acknowledge, outcome): (Vec<_>, _) = match begin(connection, power) {
        Ok(transaction) => (
            batch
                .into_iter()
                .map(|job| (job.work)(Ok(&transaction)))
                .collect(),
            transaction.commit().map_err(engine),
        ),
        Err(error) => {
            let error = engine(error);
            (
                batch
                    .into_iter()
                    .map(|job| (job.work)(Err(error.clone())))
                    .collect(),
                Err(error),
            )
        }
    };
    for acknowledge in acknowledge {
        acknowledge(outcome.clone());
    }
}

/// Begins a transaction whose commit flushes the disk, with all commits before it, or leaves that to
/// one that comes later.
fn begin(connection: &mut Connection, flush: bool) -> rusqlite::Result<Transaction<'_>> {
    let synchronous = if flush { "FULL" } else { "NORMAL" };
    connection.pragma_update(None, "synchronous", synchronous)?;
    connection.transaction_with_behavior(TransactionBehavior::Immediate)
}

fn set_flag(
    connection: &Connection,
    kind: FlagKind,
    key: Digest,
    until: Timestamp,
) -> rusqlite::Result<bool> {
    let row = params![kind.name(), key.as_bytes(), until.as_millisecond()];
    let inserted = connection
        .prepare_cached("INSERT OR IGNORE INTO mark (kind, digest, until) VALUES (?1, ?2, ?3)")?
        .execute(row)?;
    if inserted == 0 {
        connection
            .prepare_cached(
                "UPDATE mark SET until = max(until, ?3) WHERE kind = ?1 AND digest = ?2",
            )?
            .execute(row)?;
    }
    Ok(inserted == 1)
}

fn increment(
    connection: &Connection,
    kind: CounterKind,
    key: Digest,
    now: Timestamp,
    until: Timestamp,
) -> rusqlite::Result<u32> {
    connection
        .prepare_cached(
            "INSERT INTO counter (kind, digest, count, until) VALUES (?1, ?2, 1, ?4)
             ON CONFLICT DO UPDATE SET
                count = CASE WHEN until > ?3 THEN min(count + 1, 4294967295) ELSE 1 END,
                until = excluded.until
             RETURNING count",
        )?
        .query_row(
            params![
                kind.name(),
                key.as_bytes(),
                now.as_millisecond(),
                until.as_millisecond()
            ],
            |row| row.get(0),
        )
}

fn counter(
    connection: &Connection,
    kind: CounterKind,
    key: Digest,
    now: Timestamp,
) -> rusqlite::Result<Counter> {
    let tally = connection
        .prepare_cached(
            "SELECT count, until FROM counter WHERE kind = ?1 AND digest = ?2 AND until > ?3",
        )?
        .query_row(
            params![kind.name(), key.as_bytes(), now.as_millisecond()],
            |row| {
                Ok(Counter {
                    count: row.get(0)?,
                    until: Timestamp::from_millisecond(row.get(1)?).ok(),
                })
            },
        )
        .optional()?;
    Ok(tally.unwrap_or_default())
}

fn decrement(
    connection: &Connection,
    kind: CounterKind,
    key: Digest,
    by: u32,
) -> rusqlite::Result<()> {
    // The table has no counters of 0.
    connection
        .prepare_cached("DELETE FROM counter WHERE kind = ?1 AND digest = ?2 AND count <= ?3")?
        .execute(params![kind.name(), key.as_bytes(), by])?;
    connection
        .prepare_cached("UPDATE counter SET count = count - ?3 WHERE kind = ?1 AND digest = ?2")?
        .execute(params![kind.name(), key.as_bytes(), by])?;
    Ok(())
}

fn extend_counter(
    connection: &Connection,
    kind: CounterKind,
    key: Digest,
    now: Timestamp,
    until: Timestamp,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE counter SET until = max(until, ?4)
             WHERE kind = ?1 AND digest = ?2 AND until > ?3",
        )?
        .execute(params![
            kind.name(),
            key.as_bytes(),
            now.as_millisecond(),
            until.as_millisecond()
        ])?;
    Ok(())
}

/// What was removed.
struct Swept {
    flags: Vec<(FlagKind, Digest)>,
    counters: usize,
}

fn sweep(connection: &Connection, now: Timestamp) -> rusqlite::Result<Swept> {
    let now = now.as_millisecond();
    let mut flags = Vec::new();
    for kind in FlagKind::ALL {
        let expired = "DELETE FROM mark WHERE kind = ?1 AND until <= ?2 RETURNING digest";
        remove_flags(connection, expired, kind, now, &mut flags)?;
    }
    let counters = connection.execute("DELETE FROM counter WHERE until <= ?1", [now])?;
    limit_flags(connection, MIN_FLAGS_KEPT, &mut flags)?;
    Ok(Swept {
        flags,
        counters: counters + keep_counters(connection, MIN_COUNTERS_KEPT)?,
    })
}

/// Removes the flags of each kind that are more than so many, where that harms nobody: those that end
/// first.
fn limit_flags(
    connection: &Connection,
    most: u32,
    removed: &mut Vec<(FlagKind, Digest)>,
) -> rusqlite::Result<()> {
    if rows(connection, "SELECT count(*) FROM mark")? <= most {
        return Ok(());
    }
    let too_many = "DELETE FROM mark WHERE kind = ?1 AND digest IN (SELECT digest FROM mark \
         WHERE kind = ?1 ORDER BY until DESC LIMIT -1 OFFSET ?2) RETURNING digest";
    for kind in FlagKind::ALL
        .into_iter()
        .filter(|kind| kind.may_end_early())
    {
        remove_flags(connection, too_many, kind, most.into(), removed)?;
    }
    Ok(())
}

fn remove_flags(
    connection: &Connection,
    sql: &str,
    kind: FlagKind,
    bound: i64,
    removed: &mut Vec<(FlagKind, Digest)>,
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(sql)?;
    let digests = statement.query_map(params![kind.name(), bound], |row| row.get(0))?;
    for digest in digests {
        removed.push((kind, Digest::from_bytes(digest?)));
    }
    Ok(())
}

/// Removes the counters of each kind that are more than so many: those that end first.
fn keep_counters(connection: &Connection, most: u32) -> rusqlite::Result<usize> {
    // Counting is cheap beside sorting, and there are seldom so many.
    if rows(connection, "SELECT count(*) FROM counter")? <= most {
        return Ok(0);
    }
    let mut removed = 0;
    for kind in CounterKind::ALL {
        removed += connection.execute(
            "DELETE FROM counter WHERE kind = ?1 AND digest IN (SELECT digest FROM counter \
             WHERE kind = ?1 ORDER BY until DESC LIMIT -1 OFFSET ?2)",
            params![kind.name(), most],
        )?;
    }
    Ok(removed)
}

fn rows(connection: &Connection, count: &str) -> rusqlite::Result<u32> {
    connection.query_row(count, [], |row| row.get(0))
}

fn engine(error: rusqlite::Error) -> StateError {
    StateError::Engine(Arc::new(error))
}

#[cfg(test)]
mod tests {
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
        assert_eq!(keep_counters(&connection, 20).unwrap(), 0);
        assert_eq!(keep_counters(&connection, 4).unwrap(), 6);
        for (kind, number, count) in [(many, 5, 0), (many, 6, 1), (many, 9, 1), (few, 0, 1)] {
            let tally = state.counter(kind, Digest::of(&[number]), now).await;
            assert_eq!(tally.unwrap().count, count, "{kind:?} {number}");
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
        state.flags.forget(&removed);
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
        let (go_on, held) = mpsc::channel::<()>();
        let hangs = move |_: &Connection| Ok(held.recv().is_ok());
        let mut writing = Box::pin(ask(&state.writer, Outlives::Power, hangs, |_| ()));
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
        go_on.send(()).unwrap();
        assert!(writing.await.unwrap());
        alive.await.unwrap();
    }
}
