//! The audit log: a line of JSON for each thing that somebody did or was refused here.
//!
//! A handler notes an [`Event`] on the [`AuditScope`] of its request; a thread of its own writes it.
//! Nobody waits for the disk: people must get at their running sessions also when it is full, and a
//! client must not be able to hold up others by what is written about it. What cannot be written is
//! counted, told in the metrics and the log, and in the audit log itself once it can be written
//! again. The module must not know HTTP or the rules of the domain.

mod event;
mod file;
mod losses;
mod text;
mod writer;

use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use prometheus_client::registry::Registry;
use tokio::sync::{mpsc, oneshot};
use tokio::time::error::Elapsed;
use tokio::time::timeout;

use self::event::Line;
pub(crate) use self::event::{Event, Launch, What, Who, account};
use self::file::LogFile;
use self::losses::{Loss, Losses};
pub(crate) use self::text::Text;
use self::writer::{Counts, Job};
use crate::app::environment::Clock;
use crate::config;
use crate::http::request::RequestId;

/// Lines that may wait for the disk: a few seconds of the busiest day.
const QUEUE: usize = 8192;

/// Lines that those without a good token may cause in a second, all together. They cannot push the
/// lines of others out of the files that are kept.
const STRANGERS_A_SECOND: u32 = 100;

/// Why there is no audit log.
#[derive(Debug, thiserror::Error)]
#[error("cannot write the audit log {}", .path.display())]
pub struct AuditError {
    /// The file.
    path: PathBuf,
    /// Why.
    source: io::Error,
}

/// The audit log of a gateway. Clones write the same one, and it ends with the last of them.
#[derive(Debug, Clone, Default)]
pub struct AuditLog {
    /// Nothing where no log is kept.
    queue: Option<mpsc::Sender<Job>>,
    counts: Arc<Counts>,
    strangers: Arc<Mutex<Allowance>>,
}

/// What may still be written in this second.
#[derive(Debug, Default)]
struct Allowance {
    second: i64,
    used: u32,
}

/// What the lines of one request have in common.
#[derive(Clone)]
pub(crate) struct AuditScope {
    pub(crate) log: AuditLog,
    pub(crate) request: RequestId,
    /// Where it comes from.
    pub(crate) address: Option<IpAddr>,
    pub(crate) clock: Clock,
}

impl AuditScope {
    /// Has an event written.
    pub(crate) fn note(&self, event: Event) {
        self.log.note(Line {
            time: (self.clock)(),
            request: Some(self.request),
            address: self.address,
            event,
        });
    }
}

impl AuditLog {
    /// How long a flush may take.
    pub(crate) const FLUSH: Duration = Duration::from_secs(5);

    /// A log that is not kept.
    #[must_use]
    pub fn off() -> Self {
        Self::default()
    }

    /// Begins or goes on with a log. A relative path is below the data folder.
    ///
    /// # Errors
    /// The file cannot be opened or made.
    pub(crate) fn open(config: &config::Audit, data_dir: &Path) -> Result<Self, AuditError> {
        let path = data_dir.join(&config.file);
        let cannot = |source| AuditError {
            path: path.clone(),
            source,
        };
        let file = LogFile::open(&path, config.max_bytes, config.keep).map_err(cannot)?;
        let (queue, jobs) = mpsc::channel(QUEUE);
        let log = Self {
            queue: Some(queue),
            ..Self::default()
        };
        let counts = Arc::clone(&log.counts);
        thread::Builder::new()
            .name("audit-writer".to_owned())
            .spawn(move || writer::write_all(file, jobs, &counts))
            .map_err(cannot)?;
        Ok(log)
    }

    /// Tells what was written and what was lost in these metrics.
    pub(crate) fn register(&self, registry: &mut Registry) {
        self.counts.register(registry);
    }

    /// Waits until everything that was noted before has been written.
    ///
    /// # Errors
    /// The disk takes it too slowly, or not at all.
    pub(crate) async fn flush(&self) -> Result<(), Elapsed> {
        let Some(queue) = &self.queue else {
            return Ok(());
        };
        let flush = async {
            let (written, wait) = oneshot::channel();
            if queue.send(Job::Flush(written)).await.is_ok() {
                // An error says that the writer has ended, and so has its work.
                let _: Result<(), _> = wait.await;
            }
        };
        timeout(Self::FLUSH, flush).await
    }

    fn note(&self, line: Line) {
        let Some(queue) = &self.queue else { return };
        if line.event.is_of_a_stranger() && !self.allows_a_stranger(line.time) {
            self.losses().add(Loss::Flood);
        } else if queue.try_send(Job::Line(Box::new(line))).is_err() {
            self.losses().add(Loss::Queue);
        }
    }

    fn losses(&self) -> &Losses {
        &self.counts.losses
    }

    fn allows_a_stranger(&self, now: Timestamp) -> bool {
        let mut allowance = self
            .strangers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let second = now.as_second();
        if allowance.second != second {
            *allowance = Allowance { second, used: 0 };
        }
        let allows = allowance.used < STRANGERS_A_SECOND;
        allowance.used += u32::from(allows);
        allows
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    #[test]
    fn strangers_cause_so_many_lines_in_a_second_and_no_more() {
        let log = AuditLog::off();
        let allowed = |now| {
            let lines = (0..STRANGERS_A_SECOND + 50).filter(|_| log.allows_a_stranger(now));
            u32::try_from(lines.count()).unwrap()
        };
        let now = Timestamp::UNIX_EPOCH;
        assert_eq!(allowed(now), STRANGERS_A_SECOND);
        assert_eq!(allowed(now + SignedDuration::from_millis(999)), 0);
        assert_eq!(
            allowed(now + SignedDuration::from_secs(1)),
            STRANGERS_A_SECOND
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_disk_that_hangs_keeps_no_gateway_from_stopping() {
        let (queue, _never_read) = mpsc::channel(1);
        let log = AuditLog {
            queue: Some(queue),
            ..AuditLog::default()
        };
        // Once nobody writes it, and once it does not even take the request.
        assert!(log.flush().await.is_err());
        assert!(log.flush().await.is_err());
        assert!(AuditLog::off().flush().await.is_ok());
    }
}
