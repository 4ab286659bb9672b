//! The thread that writes, and its queue.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::oneshot;
use tokio::time::timeout;
use tracing::warn;

use super::file::OpenError;
use super::flag_cache::FlagCache;
use super::statements::sweep;
use crate::error::StateError;
use crate::flag::FlagKind;

/// Interval between sweeps of expired entries.
const SWEEP_INTERVAL: Duration = Duration::from_secs(60);

/// Timeout of a write. A busy disk takes seconds; one that hangs never responds.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);

/// Limit of writes in one transaction.
const MAX_BATCH: usize = 256;

/// Handle of the writer thread. The thread stops when the handle is dropped, after all queued
/// writes.
#[derive(Debug)]
pub(super) struct Writer {
    queue: Sender<Job>,
}

/// Durability of an acknowledged write: the failure that it survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Durability {
    /// The end of the process, in any way.
    Process,
    /// A power failure, too. The commit has to flush the disk.
    Power,
}

/// A queued write.
struct Job {
    durability: Durability,
    work: Work,
}

/// Work of a job. Its argument is the connection, or the reason why there is no transaction.
type Work = Box<dyn FnOnce(Result<&Connection, StateError>) -> Acknowledge + Send>;

/// Sends the result of a job to its caller, given the result of the commit.
type Acknowledge = Box<dyn FnOnce(Result<(), StateError>)>;

impl Durability {
    /// Returns the durability of a flag. An attacker who cuts the power gains nothing from the loss
    /// of a known network.
    pub(super) fn of(kind: FlagKind) -> Self {
        match kind {
            FlagKind::SpentConversation
            | FlagKind::InvalidatedTicket
            | FlagKind::FinishedLaunch
            | FlagKind::RevokedToken => Self::Power,
            FlagKind::KnownNetwork => Self::Process,
        }
    }
}

impl Writer {
    /// Starts the thread. It holds the lock of the file until it has stopped.
    pub(super) fn start(
        path: &Path,
        mut connection: Connection,
        flags: Arc<FlagCache>,
        lock: File,
    ) -> Result<Self, OpenError> {
        let (queue, jobs) = mpsc::channel();
        thread::Builder::new()
            .name("state-writer".to_owned())
            .spawn(move || {
                run(&mut connection, &flags, &jobs);
                // Nothing is written after this.
                drop(lock);
            })
            .map(|_detached| Self { queue })
            .map_err(|source| OpenError::Io {
                path: path.to_owned(),
                source,
            })
    }

    /// Queues work and waits for its result. The work is done even if the caller stops waiting.
    ///
    /// After the commit, and before the caller gets the result, the thread calls `on_commit`.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        durability: Durability,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
        on_commit: impl FnOnce(&T) + Send + 'static,
    ) -> Result<T, StateError> {
        let (reply, response) = oneshot::channel();
        let work: Work = Box::new(move |connection| {
            let result =
                connection.and_then(|connection| work(connection).map_err(StateError::engine));
            Box::new(move |committed| {
                let result = committed.and(result);
                if let Ok(value) = &result {
                    on_commit(value);
                }
                drop(reply.send(result));
            })
        });
        self.queue
            .send(Job { durability, work })
            .map_err(|_| StateError::Stopped)?;
        match timeout(WRITE_TIMEOUT, response).await {
            Ok(response) => response.map_err(|_| StateError::Stopped)?,
            Err(_) => Err(StateError::TimedOut),
        }
    }
}

fn run(connection: &mut Connection, flags: &FlagCache, jobs: &Receiver<Job>) {
    let mut swept = Instant::now();
    loop {
        match jobs.recv_timeout(SWEEP_INTERVAL.saturating_sub(swept.elapsed())) {
            Ok(first) => {
                let batch = std::iter::once(first).chain(jobs.try_iter());
                write_batch(connection, batch.take(MAX_BATCH).collect());
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        if swept.elapsed() >= SWEEP_INTERVAL {
            swept = Instant::now();
            if let Err(error) = sweep_file_and_cache(connection, flags, Timestamp::now()) {
                warn!(%error, "Removing expired shared state failed");
            }
        }
    }
}

/// Sweeps the file in one transaction, and then the cache, so that both contain the same flags.
fn sweep_file_and_cache(
    connection: &mut Connection,
    flags: &FlagCache,
    now: Timestamp,
) -> rusqlite::Result<()> {
    let transaction = begin(connection, Durability::Process)?;
    let swept = sweep(&transaction, now)?;
    transaction.commit()?;
    flags.remove(&swept.flags);
    Ok(())
}

/// Does all jobs in one transaction, and acknowledges them after the commit.
fn write_batch(connection: &mut Connection, batch: Vec<Job>) {
    let durability = if batch.iter().any(|job| job.durability == Durability::Power) {
        Durability::Power
    } else {
        Durability::Process
    };
    let (acknowledgements, committed): (Vec<_>, _) = match begin(connection, durability) {
        Ok(transaction) => (
            batch
                .into_iter()
                .map(|job| (job.work)(Ok(&transaction)))
                .collect(),
            transaction.commit().map_err(StateError::engine),
        ),
        Err(error) => {
            let error = StateError::engine(error);
            (
                batch
                    .into_iter()
                    .map(|job| (job.work)(Err(error.clone())))
                    .collect(),
                Err(error),
            )
        }
    };
    for acknowledge in acknowledgements {
        acknowledge(committed.clone());
    }
}

/// Begins a transaction. With [`Durability::Power`], its commit flushes the disk with all commits
/// before it; otherwise a later commit does.
fn begin(connection: &mut Connection, durability: Durability) -> rusqlite::Result<Transaction<'_>> {
    let pragma = match durability {
        Durability::Power => "PRAGMA synchronous = FULL",
        Durability::Process => "PRAGMA synchronous = NORMAL",
    };
    connection.prepare_cached(pragma)?.execute([])?;
    connection.transaction_with_behavior(TransactionBehavior::Immediate)
}
