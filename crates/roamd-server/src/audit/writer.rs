//! The thread that writes the audit log.

use jiff::Timestamp;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::registry::Registry;
use tokio::sync::{mpsc, oneshot};
use tracing::{error, info, warn};

use super::event::{Event, Line};
use super::file::LogFile;
use super::losses::{Loss, Losses};
use super::text;
use crate::clock::Clock;

/// Maximum number of jobs between two checks of the file.
const BATCH: usize = 256;

/// A job of the writer.
pub(super) enum Job {
    /// Write a line.
    Line(Box<Line>),
    /// Signal that all earlier lines are written.
    Flush(oneshot::Sender<()>),
}

/// Numbers of written and lost lines.
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
        // Starts at 0, so that a rate includes the first loss.
        for loss in Loss::ALL {
            lost.get_or_create(&loss.labels()).inc_by(0);
        }
        registry.register(
            "audit_lost_lines",
            "Lines missing from the audit log, by reason",
            lost.clone(),
        );
    }
}

/// Writes until all senders are dropped.
pub(super) fn write_all(
    file: LogFile,
    mut jobs: mpsc::Receiver<Job>,
    counts: &Counts,
    clock: &Clock,
) {
    let mut writer = Writer {
        file,
        counts,
        rotation: FaultState::default(),
        writing: FaultState::default(),
    };
    let mut batch = Vec::with_capacity(BATCH);
    while jobs.blocking_recv_many(&mut batch, BATCH) > 0 {
        writer.rotate_if_needed();
        for job in batch.drain(..) {
            match job {
                Job::Line(line) => {
                    writer.report_losses(line.time);
                    if !writer.write(&line) {
                        counts.losses.add(Loss::File);
                    }
                }
                // The receiver may have been dropped.
                Job::Flush(written) => drop(written.send(())),
            }
        }
    }
    writer.report_losses(clock());
}

struct Writer<'c> {
    file: LogFile,
    counts: &'c Counts,
    rotation: FaultState,
    writing: FaultState,
}

/// Whether the last attempt failed. A fault is logged when it begins and when it ends.
#[derive(Debug, Default)]
struct FaultState(bool);

impl FaultState {
    /// Records a failure. Returns whether the fault begins.
    fn begins(&mut self) -> bool {
        !std::mem::replace(&mut self.0, true)
    }

    /// Records a success. Returns whether a fault ends.
    fn ends(&mut self) -> bool {
        std::mem::take(&mut self.0)
    }
}

impl Writer<'_> {
    /// Writes a line about the lines that are missing here.
    fn report_losses(&mut self, time: Timestamp) {
        for (reason, lines) in self.counts.losses.take() {
            let line = Line {
                time,
                request: None,
                address: None,
                event: Event::Missing { lines, reason },
            };
            if self.write(&line) {
                warn!(lines, ?reason, "Audit lines were lost");
            } else {
                self.counts.losses.put_back(reason, lines);
            }
        }
    }

    fn rotate_if_needed(&mut self) {
        match self.file.rotate_if_needed() {
            Ok(()) if self.rotation.ends() => info!("Audit log rotation recovered"),
            Err(error) if self.rotation.begins() => {
                warn!(%error, "Audit log cannot be rotated or created again");
            }
            _ => {}
        }
    }

    /// Writes a line. Returns whether it was written.
    fn write(&mut self, line: &Line) -> bool {
        let written = text::line(line)
            .map_err(Into::into)
            .and_then(|line| self.file.append(&line));
        match &written {
            Ok(()) => {
                self.counts.written.inc();
                if self.writing.ends() {
                    info!("Audit log writable again");
                }
            }
            Err(error) if self.writing.begins() => {
                error!(%error, "Audit log cannot be written; lines are lost");
            }
            Err(_) => {}
        }
        written.is_ok()
    }
}
