//! The thread that writes, and its queue.

use std::fmt;
use std::fs::File;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::oneshot;
use tokio::time::timeout;
use tracing::warn;

use super::file::OpenError;
use super::flag_cache::FlagCache;
use super::job_queue::{JobQueue, Pushed, QueueLimits};
use super::statements::sweep;
use crate::error::StateError;
use crate::flag::FlagKind;
use crate::party::Party;

/// Interval between sweeps of expired entries.
const SWEEP_INTERVAL: Duration = Duration::from_secs(60);

/// Timeout of a write. A busy disk takes seconds; one that hangs never responds.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);

/// Limits of the queue. A party has room for all requests that one client network may have in
/// progress, each with several writes. A transaction takes milliseconds, and another party waits
/// for the one in progress and its own.
const LIMITS: QueueLimits = QueueLimits {
    per_party: 1024,
    total: 16 * 1024,
    per_party_in_batch: 64,
    rows_in_batch: 256,
};

/// Handle of the writer thread. The thread stops when the handle is dropped, after all queued
/// writes.
#[derive(Debug)]
pub(super) struct Writer(Arc<Shared>);

/// What the handle and the thread share.
#[derive(Debug)]
struct Shared {
    state: Mutex<Waiting>,
    changed: Condvar,
    /// Number of writes that were refused because too many waited.
    refused: AtomicU64,
}

/// What waits for the thread.
#[derive(Debug)]
struct Waiting {
    jobs: JobQueue<Job>,
    /// Callers that ask whether the thread can write.
    alive: Vec<oneshot::Sender<Result<(), StateError>>>,
    /// The handle was dropped, or the thread has ended.
    is_closed: bool,
}

/// Closes the queue when the thread ends, even by a panic.
struct CloseAtEnd<'s>(&'s Shared);

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
            | FlagKind::UsedRetryKey
            | FlagKind::UsedClientTicket
            | FlagKind::RevokedToken
            | FlagKind::EndedUser
            | FlagKind::BlockDecision
            | FlagKind::BlockedUser => Self::Power,
            FlagKind::KnownNetwork | FlagKind::ResetThrottle | FlagKind::WebSignInInUse => {
                Self::Process
            }
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
        let shared = Arc::new(Shared {
            state: Mutex::new(Waiting {
                jobs: JobQueue::new(LIMITS),
                alive: Vec::new(),
                is_closed: false,
            }),
            changed: Condvar::new(),
            refused: AtomicU64::new(0),
        });
        let handle = Self(Arc::clone(&shared));
        thread::Builder::new()
            .name("state-writer".to_owned())
            .spawn(move || {
                run(&mut connection, &flags, &shared);
                // The last connection that closes moves the log into the file. Nothing is written
                // after that.
                drop(connection);
                drop(lock);
            })
            .map(|_detached| handle)
            .map_err(|source| OpenError::Io {
                path: path.to_owned(),
                source,
            })
    }

    /// Queues work that writes this number of rows, and waits for its result. The work is done even
    /// if the caller stops waiting.
    ///
    /// After the commit, and before the caller gets the result, the thread calls `on_commit`.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        party: Party,
        (durability, rows): (Durability, usize),
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
        self.0.push(party, rows, Job { durability, work })?;
        result_of(response).await
    }

    /// Returns the number of writes that were refused because too many waited.
    pub(super) fn refused(&self) -> u64 {
        self.0.refused.load(Ordering::Relaxed)
    }

    /// Waits for the next transaction, of any party.
    pub(super) async fn is_alive(&self) -> Result<(), StateError> {
        let (reply, response) = oneshot::channel();
        {
            let mut waiting = self.0.lock();
            if waiting.is_closed {
                return Err(StateError::Stopped);
            }
            waiting.alive.push(reply);
        }
        self.0.changed.notify_one();
        result_of(response).await
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.0.lock().is_closed = true;
        self.0.changed.notify_one();
    }
}

impl Shared {
    /// Locks the queue. A panic leaves none of its operations half done, so poison is ignored.
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a job.
    fn push(&self, party: Party, rows: usize, job: Job) -> Result<(), StateError> {
        let pushed = {
            let mut waiting = self.lock();
            if waiting.is_closed {
                return Err(StateError::Stopped);
            }
            waiting.jobs.push(party, rows, job)
        };
        self.changed.notify_one();
        if !matches!(pushed, Pushed::Waits) {
            self.refused.fetch_add(1, Ordering::Relaxed);
        }
        match pushed {
            Pushed::Waits => Ok(()),
            Pushed::Evicted(evicted) => {
                evicted.refuse();
                Ok(())
            }
            Pushed::Refused(_) => Err(StateError::Busy),
        }
    }

    /// Waits for work, until a time at the latest. Returns `None` if the queue is closed and empty.
    fn next(&self, until: Instant) -> Option<Batch> {
        let mut waiting = self.lock();
        loop {
            let batch = Batch {
                jobs: waiting.jobs.take_batch(),
                alive: std::mem::take(&mut waiting.alive),
            };
            let left = until.saturating_duration_since(Instant::now());
            if !batch.jobs.is_empty() || !batch.alive.is_empty() || left.is_zero() {
                return Some(batch);
            }
            if waiting.is_closed {
                return None;
            }
            let waited = self.changed.wait_timeout(waiting, left);
            waiting = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Drop for CloseAtEnd<'_> {
    fn drop(&mut self) {
        let mut waiting = self.0.lock();
        waiting.is_closed = true;
        waiting.alive.clear();
        // The callers of jobs that are dropped get `Stopped`.
        let dropped = std::mem::replace(&mut waiting.jobs, JobQueue::new(LIMITS));
        drop(waiting);
        drop(dropped);
    }
}

impl Job {
    /// Tells the caller that the job is not done, because too many wait.
    fn refuse(self) {
        let acknowledge = (self.work)(Err(StateError::Busy));
        acknowledge(Ok(()));
    }
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job")
            .field("durability", &self.durability)
            .finish_non_exhaustive()
    }
}

/// Work of one transaction.
struct Batch {
    jobs: Vec<Job>,
    alive: Vec<oneshot::Sender<Result<(), StateError>>>,
}

/// Waits for the result of a write.
async fn result_of<T>(response: oneshot::Receiver<Result<T, StateError>>) -> Result<T, StateError> {
    match timeout(WRITE_TIMEOUT, response).await {
        Ok(response) => response.map_err(|_| StateError::Stopped)?,
        Err(_) => Err(StateError::TimedOut),
    }
}

fn run(connection: &mut Connection, flags: &FlagCache, shared: &Shared) {
    let _close = CloseAtEnd(shared);
    let mut swept = Instant::now();
    while let Some(batch) = shared.next(swept + SWEEP_INTERVAL) {
        write_batch(connection, batch);
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
fn write_batch(connection: &mut Connection, Batch { jobs, alive }: Batch) {
    if jobs.is_empty() && alive.is_empty() {
        return;
    }
    let durability = if jobs.iter().any(|job| job.durability == Durability::Power) {
        Durability::Power
    } else {
        Durability::Process
    };
    let (acknowledgements, committed): (Vec<_>, _) = match begin(connection, durability) {
        Ok(transaction) => (
            jobs.into_iter()
                .map(|job| (job.work)(Ok(&transaction)))
                .collect(),
            transaction.commit().map_err(StateError::engine),
        ),
        Err(error) => {
            let error = StateError::engine(error);
            (
                jobs.into_iter()
                    .map(|job| (job.work)(Err(error.clone())))
                    .collect(),
                Err(error),
            )
        }
    };
    for acknowledge in acknowledgements {
        acknowledge(committed.clone());
    }
    for reply in alive {
        // The receiver may have been dropped.
        drop(reply.send(committed.clone()));
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
