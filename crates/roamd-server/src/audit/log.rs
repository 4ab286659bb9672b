//! The queue to the thread that writes the audit log, and the limits on it.

use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use prometheus_client::registry::Registry;
use roamd_citrixauth::TokenId;
use tokio::sync::{mpsc, oneshot};
use tokio::time::error::Elapsed;
use tokio::time::timeout;

use super::event::{Event, Line, Party};
use super::file::LogFile;
use super::known_addresses::KnownAddresses;
use super::losses::{Loss, Losses};
use super::writer::{self, Counts, Job};
use crate::clock::Clock;
use crate::config;

/// Number of lines that may wait for the disk: a few seconds of the busiest day.
const QUEUE_LENGTH: usize = 8192;

/// Number of lines per second that all unauthenticated clients together may cause. They cannot push
/// other lines out of the files that are kept.
const UNAUTHENTICATED_PER_SECOND: u32 = 100;

/// The audit log cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("cannot write the audit log {}", .path.display())]
pub struct AuditError {
    /// Path of the file.
    path: PathBuf,
    /// Cause.
    source: io::Error,
}

impl AuditError {
    pub(super) fn new(path: &Path, source: io::Error) -> Self {
        Self {
            path: path.to_owned(),
            source,
        }
    }
}

/// The audit log of a server. Clones write the same log; its thread ends with the last of them.
#[derive(Debug, Clone, Default)]
pub struct AuditLog(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    /// `None` if no log is kept.
    queue: Option<mpsc::Sender<Job>>,
    counts: Arc<Counts>,
    unauthenticated: Mutex<Allowance>,
    /// `None` if no log is kept.
    addresses: Option<KnownAddresses>,
}

/// What the log has written and lost since the start of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AuditUsage {
    /// Lines that were written.
    pub(crate) written: u64,
    /// Lines that wait for the disk.
    pub(crate) waiting: usize,
    /// Maximum number of lines that wait.
    pub(crate) most_waiting: usize,
    /// Lines that are missing, by reason.
    pub(crate) lost: [(Loss, u64); Loss::ALL.len()],
}

/// Lines written in one second.
#[derive(Debug, Default)]
struct Allowance {
    second: i64,
    used: u32,
}

impl AuditLog {
    /// Maximum time of a flush.
    pub(crate) const FLUSH_TIMEOUT: Duration = Duration::from_secs(5);

    /// Returns a log that records nothing.
    #[must_use]
    pub fn off() -> Self {
        Self::default()
    }

    /// Opens a log, or creates it. A relative path is below the data folder.
    ///
    /// # Errors
    /// If the file cannot be opened or created.
    pub(crate) fn open(
        config: &config::Audit,
        data_dir: &Path,
        clock: Clock,
    ) -> Result<Self, AuditError> {
        let path = data_dir.join(&config.file);
        let cannot = |source| AuditError::new(&path, source);
        let file = LogFile::open(&path, config.max_bytes, config.keep).map_err(cannot)?;
        let (queue, jobs) = mpsc::channel(QUEUE_LENGTH);
        let log = Shared {
            queue: Some(queue),
            addresses: Some(KnownAddresses::new()),
            ..Shared::default()
        };
        let counts = Arc::clone(&log.counts);
        thread::Builder::new()
            .name("audit-writer".to_owned())
            .spawn(move || writer::write_all(file, jobs, &counts, &clock))
            .map_err(cannot)?;
        Ok(Self(Arc::new(log)))
    }

    /// Returns what the log has written and lost. `None` if no log is kept.
    pub(crate) fn usage(&self) -> Option<AuditUsage> {
        let queue = self.0.queue.as_ref()?;
        Some(AuditUsage {
            written: self.0.counts.written(),
            waiting: queue.max_capacity().saturating_sub(queue.capacity()),
            most_waiting: queue.max_capacity(),
            lost: Loss::ALL.map(|loss| (loss, self.losses().lost(loss))),
        })
    }

    /// Registers the numbers of written and lost lines.
    pub(crate) fn register(&self, registry: &mut Registry) {
        self.0.counts.register(registry);
    }

    /// Waits until all events recorded so far have been written.
    ///
    /// # Errors
    /// If that takes longer than [`AuditLog::FLUSH_TIMEOUT`].
    pub(crate) async fn flush(&self) -> Result<(), Elapsed> {
        let Some(queue) = &self.0.queue else {
            return Ok(());
        };
        let flush = async {
            let (written, wait) = oneshot::channel();
            if queue.send(Job::Flush(written)).await.is_ok() {
                // An error means that the writer has ended, and written everything.
                let _: Result<(), _> = wait.await;
            }
        };
        timeout(Self::FLUSH_TIMEOUT, flush).await
    }

    /// Records an event that no request caused. Does not wait until it is written.
    pub(crate) fn record_event(&self, time: Timestamp, event: Event) {
        self.record(Line {
            time,
            request: None,
            address: None,
            event,
        });
    }

    /// Queues a line. A line that exceeds a limit is counted as lost.
    pub(super) fn record(&self, line: Line) {
        if self.0.queue.is_some() && self.allows(&line) {
            self.queue(line);
        }
    }

    /// Whether the tokens of a sign-in have been used from an address. `true` if no log is kept.
    pub(super) fn knows_address(&self, sign_in: TokenId, address: IpAddr, now: Timestamp) -> bool {
        let addresses = self.0.addresses.as_ref();
        addresses.is_none_or(|addresses| addresses.contains(sign_in, address, now))
    }

    /// Adds an address from which the tokens of a sign-in are used. Returns whether it is new.
    pub(super) fn add_address(&self, sign_in: TokenId, address: IpAddr, now: Timestamp) -> bool {
        let addresses = self.0.addresses.as_ref();
        addresses.is_some_and(|addresses| addresses.insert(sign_in, address, now))
    }

    /// Queues the line about a use of a token from a new address. An address above the allowance of
    /// the user is not added, so that no user displaces the addresses of others.
    pub(super) fn record_new_address(&self, line: Line, sign_in: TokenId, address: IpAddr) {
        if self.allows(&line) && self.add_address(sign_in, address, line.time) {
            self.queue(line);
        }
    }

    fn queue(&self, line: Line) {
        let Some(queue) = &self.0.queue else { return };
        if queue.try_send(Job::Line(Box::new(line))).is_err() {
            self.losses().add(Loss::Queue);
        }
    }

    fn losses(&self) -> &Losses {
        &self.0.counts.losses
    }

    /// Whether the party that causes a line may cause one more. Otherwise it is counted as lost.
    fn allows(&self, line: &Line) -> bool {
        match line.event.party() {
            Party::Unauthenticated => {
                let allows = self.allows_unauthenticated(line.time);
                if !allows {
                    self.losses().add(Loss::Flood);
                }
                allows
            }
            Party::User(user, kind) => {
                let allows = self.0.counts.users.take(user, kind, line.time);
                if !allows {
                    self.losses().count(Loss::User);
                }
                allows
            }
            Party::Operator => true,
        }
    }

    /// Whether one more line of an unauthenticated client may be written in this second.
    fn allows_unauthenticated(&self, now: Timestamp) -> bool {
        let mut allowance = self
            .0
            .unauthenticated
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let second = now.as_second();
        if allowance.second != second {
            *allowance = Allowance { second, used: 0 };
        }
        let allows = allowance.used < UNAUTHENTICATED_PER_SECOND;
        allowance.used += u32::from(allows);
        allows
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    #[test]
    fn unauthenticated_lines_are_limited_per_second() {
        let log = AuditLog::off();
        let allowed = |now| {
            let lines =
                (0..UNAUTHENTICATED_PER_SECOND + 50).filter(|_| log.allows_unauthenticated(now));
            u32::try_from(lines.count()).unwrap()
        };
        let now = Timestamp::UNIX_EPOCH;
        assert_eq!(allowed(now), UNAUTHENTICATED_PER_SECOND);
        assert_eq!(allowed(now + SignedDuration::from_millis(999)), 0);
        assert_eq!(
            allowed(now + SignedDuration::from_secs(1)),
            UNAUTHENTICATED_PER_SECOND
        );
    }

    #[tokio::test(start_paused = true)]
    async fn hanging_disk_does_not_block_flush() {
        let (queue, _never_read) = mpsc::channel(1);
        let log = AuditLog(Arc::new(Shared {
            queue: Some(queue),
            ..Shared::default()
        }));
        // First the writer does not respond, then the queue is full.
        assert!(log.flush().await.is_err());
        assert!(log.flush().await.is_err());
        assert!(AuditLog::off().flush().await.is_ok());
    }
}
