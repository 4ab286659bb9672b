//! The thread that writes the audit log.

use jiff::{SignedDuration, Timestamp};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::registry::Registry;
use tokio::sync::{mpsc, oneshot};
use tracing::{error, info, warn};

use super::allowances::UserAllowances;
use super::event::{Event, Line};
use super::file::LogFile;
use super::losses::{Loss, Losses};
use super::text::{self, Text};
use crate::clock::Clock;

/// Maximum number of jobs between two checks of the file.
const BATCH: usize = 256;

/// Minimum time between two reports of the lines that were left out for users. A user above the
/// allowance has one more line in this time.
const USER_REPORT_INTERVAL: SignedDuration = SignedDuration::from_mins(1);

/// A job of the writer.
pub(super) enum Job {
    /// Write a line.
    Line(Box<Line>),
    /// Signal that all earlier lines are written.
    Flush(oneshot::Sender<()>),
}

/// Numbers of written and lost lines, and what users may still cause.
#[derive(Debug, Default)]
pub(super) struct Counts {
    written: Counter,
    pub(super) losses: Losses,
    pub(super) users: UserAllowances,
}

impl Counts {
    /// Number of lines written since the start.
    pub(super) fn written(&self) -> u64 {
        self.written.get()
    }

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
        users_reported: None,
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
                    writer.report_users_if_due(line.time);
                    if !writer.write(&line) {
                        counts.losses.add(Loss::File);
                    }
                }
                // The receiver may have been dropped.
                Job::Flush(written) => drop(written.send(())),
            }
        }
    }
    let now = clock();
    writer.report_losses(now);
    writer.report_users(now);
}

struct Writer<'c> {
    file: LogFile,
    counts: &'c Counts,
    /// Time of the last report of lines that were left out for users.
    users_reported: Option<Timestamp>,
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
            if self.report(time, lines, reason, None) {
                warn!(lines, ?reason, "Audit lines were lost");
            } else {
                self.counts.losses.put_back(reason, lines);
            }
        }
    }

    /// Reports the lines that were left out for users, at most once a minute.
    fn report_users_if_due(&mut self, time: Timestamp) {
        let is_due = |reported| time.duration_since(reported).abs() >= USER_REPORT_INTERVAL;
        if self.counts.users.has_left_out() && self.users_reported.is_none_or(is_due) {
            self.report_users(time);
        }
    }

    /// Writes a line for each user about the lines that were left out.
    fn report_users(&mut self, time: Timestamp) {
        self.users_reported = Some(time);
        for (user, lines) in self.counts.users.take_left_out() {
            if self.report(time, lines, Loss::User, user.clone()) {
                warn!(lines, "Audit lines of a user were left out");
            } else {
                self.counts.users.put_back(user.as_ref(), lines);
            }
        }
    }

    /// Writes a line about missing lines. Returns whether it was written.
    fn report(&mut self, time: Timestamp, lines: u64, reason: Loss, user: Option<Text>) -> bool {
        self.write(&Line {
            time,
            request: None,
            address: None,
            event: Event::Missing {
                lines,
                reason,
                user,
            },
        })
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
