//! The thread that writes.

use jiff::Timestamp;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::registry::Registry;
use tokio::sync::{mpsc, oneshot};
use tracing::{error, info, warn};

use super::event::{Event, Line};
use super::file::LogFile;
use super::losses::{Loss, Losses};
use super::text;

/// Most jobs between two looks at what became of the file.
const BATCH: usize = 256;

/// What the thread is to do.
pub(super) enum Job {
    /// Write this.
    Line(Box<Line>),
    /// Tell when everything before this is written.
    Flush(oneshot::Sender<()>),
}

/// What was written, and what was not.
#[derive(Debug, Default)]
pub(super) struct Counts {
    written: Counter,
    pub(super) losses: Losses,
}

impl Counts {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register(
            "audit_lines",
            "Lines of the audit log",
            self.written.clone(),
        );
        let lost = &self.losses.counts;
        // From nothing on, so that whoever watches a rate sees the first one, too.
        for loss in Loss::ALL {
            lost.get_or_create(&loss.labels()).inc_by(0);
        }
        registry.register(
            "audit_lost_lines",
            "Lines that should be in the audit log and are not",
            lost.clone(),
        );
    }
}

/// Writes until nobody is left who could note something.
pub(super) fn write_all(file: LogFile, mut jobs: mpsc::Receiver<Job>, counts: &Counts) {
    let mut writer = Writer {
        file,
        counts,
        follows: Trouble::default(),
        writes: Trouble::default(),
    };
    let mut batch = Vec::with_capacity(BATCH);
    while jobs.blocking_recv_many(&mut batch, BATCH) > 0 {
        writer.follow();
        for job in batch.drain(..) {
            match job {
                Job::Line(line) => {
                    writer.tell_losses(line.time);
                    if !writer.write(&line) {
                        counts.losses.add(Loss::File);
                    }
                }
                // Nobody has to wait for it any more.
                Job::Flush(written) => drop(written.send(())),
            }
        }
    }
    writer.tell_losses(Timestamp::now());
}

struct Writer<'c> {
    file: LogFile,
    counts: &'c Counts,
    follows: Trouble,
    writes: Trouble,
}

/// Whether something went wrong the last time. It is told when it begins and when it is over.
#[derive(Debug, Default)]
struct Trouble(bool);

impl Trouble {
    /// Whether this failure is the first one.
    fn begins(&mut self) -> bool {
        !std::mem::replace(&mut self.0, true)
    }

    /// Whether this success is the first one.
    fn ends(&mut self) -> bool {
        std::mem::take(&mut self.0)
    }
}

impl Writer<'_> {
    /// Has the log itself tell what is missing in it at this place.
    fn tell_losses(&mut self, time: Timestamp) {
        for (reason, lines) in self.counts.losses.take() {
            let line = Line {
                time,
                request: None,
                address: None,
                event: Event::Missing { lines, reason },
            };
            if self.write(&line) {
                warn!(lines, ?reason, "Lines are missing in the audit log");
            } else {
                self.counts.losses.put_back(reason, lines);
            }
        }
    }

    fn follow(&mut self) {
        match self.file.follow() {
            Ok(()) if self.follows.ends() => info!("Audit log has room again"),
            Err(error) if self.follows.begins() => {
                warn!(%error, "Audit log cannot be rotated, or begun again where it was moved away");
            }
            _ => {}
        }
    }

    /// Writes a line, and says whether that went well.
    fn write(&mut self, line: &Line) -> bool {
        let written = text::line(line)
            .map_err(Into::into)
            .and_then(|line| self.file.append(&line));
        match &written {
            Ok(()) => {
                self.counts.written.inc();
                if self.writes.ends() {
                    info!("Audit log can be written again");
                }
            }
            Err(error) if self.writes.begins() => {
                error!(%error, "Audit log cannot be written; what should be in it is lost");
            }
            Err(_) => {}
        }
        written.is_ok()
    }
}
