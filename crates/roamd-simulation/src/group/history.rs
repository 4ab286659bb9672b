//! Events of a run: operations at servers with their results.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use roamd_state::{Reach, StateError};
use tokio::time::Instant;

/// Greatest age of what a server knows that does not call itself degraded.
const GREATEST_AGE: Duration = Duration::from_secs(5);

/// All events of a run. Clones share them.
#[derive(Debug, Clone)]
pub(super) struct History {
    began: Instant,
    entries: Arc<Mutex<Entries>>,
}

#[derive(Debug, Default)]
struct Entries {
    operations: Vec<Operation>,
    notes: Vec<(Instant, String)>,
    /// Times at which etcd ended a lease early.
    losses: Vec<Instant>,
    violations: Vec<String>,
}

/// A start of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct ServerStart {
    pub(super) server: usize,
    pub(super) number: usize,
}

/// An operation at a server, and its result.
#[derive(Debug, Clone)]
pub(super) struct Operation {
    pub(super) at: ServerStart,
    pub(super) kind: OperationKind,
    pub(super) started: Instant,
    /// `None` if the caller left, or the server crashed.
    pub(super) ended: Option<Ended>,
    /// Whether etcd had ended a lease early, and the server may not have known that yet. It then
    /// may know nothing of the entries that were lost, and etcd neither, so that it takes them for
    /// new.
    pub(super) is_behind_a_loss: bool,
}

/// End of an operation, and what the server said of itself then.
#[derive(Debug, Clone)]
pub(super) struct Ended {
    pub(super) at: Instant,
    pub(super) result: OperationResult,
    pub(super) is_degraded: bool,
    /// Age of what the server knew.
    pub(super) age: Duration,
}

/// Kind of an operation, with the number of its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum OperationKind {
    /// Spends a sign-in conversation.
    Spend(u32),
    /// Invalidates a ticket.
    Invalidate(u32),
    /// Revokes a token.
    Revoke(u32),
    /// Ends the sign-ins of a user, at this server at least.
    End(u32),
    /// Asks whether a token is revoked.
    IsRevoked(u32),
    /// Asks whether the sign-ins of a user have ended.
    IsEnded(u32),
    /// Tries a wrong password of a user.
    Guess(u32),
    /// Signs in: counts an attempt and takes it back.
    SignIn(u32),
}

/// Result of an operation.
#[derive(Debug, Clone)]
pub(super) enum OperationResult {
    /// Whether the flag was new.
    Set(bool),
    /// Where the flag holds.
    Holds(Reach),
    /// Whether the flag is set.
    IsSet(bool),
    /// The attempt has this number, and is one of so many that are allowed.
    Counted {
        number: u32,
        allowed: u32,
    },
    /// The attempt was refused before it was counted.
    Throttled,
    /// The attempt was taken back.
    SignedIn,
    Failed(StateError),
}

/// Number of an operation.
#[derive(Debug, Clone, Copy)]
pub(super) struct OperationId(usize);

impl History {
    pub(super) fn new() -> Self {
        Self {
            began: Instant::now(),
            entries: Arc::default(),
        }
    }

    /// Returns the right time of day.
    pub(super) fn time_of_day(&self, at: Instant) -> Timestamp {
        // 2026-01-01, far from the limits of timestamps.
        let start_of_run = Timestamp::constant(1_767_225_600, 0);
        let elapsed = SignedDuration::try_from(at - self.began).unwrap_or_default();
        start_of_run.saturating_add(elapsed).unwrap_or(start_of_run)
    }

    pub(super) fn note(&self, note: impl fmt::Display) {
        let note = (Instant::now(), note.to_string());
        self.with(|entries| entries.notes.push(note));
    }

    /// Notes that etcd ends a lease early.
    pub(super) fn note_loss(&self) {
        self.with(|entries| entries.losses.push(Instant::now()));
        self.note("a lease ends early");
    }

    pub(super) fn record_violation(&self, violation: impl fmt::Display) {
        let violation = violation.to_string();
        self.with(|entries| entries.violations.push(violation));
    }

    pub(super) fn violations(&self) -> Vec<String> {
        self.with(|entries| entries.violations.clone())
    }

    pub(super) fn operations(&self) -> Vec<Operation> {
        self.with(|entries| entries.operations.clone())
    }

    pub(super) fn start(&self, at: ServerStart, kind: OperationKind) -> OperationId {
        let started = Instant::now();
        self.with(|entries| {
            entries.operations.push(Operation {
                at,
                kind,
                started,
                ended: None,
                is_behind_a_loss: false,
            });
            OperationId(entries.operations.len() - 1)
        })
    }

    pub(super) fn end(&self, id: OperationId, ended: Ended) {
        self.with(|entries| {
            if let Some(operation) = entries.operations.get_mut(id.0) {
                let started = operation.started;
                let is_unknown =
                    |loss: &Instant| *loss <= ended.at && started <= *loss + GREATEST_AGE;
                operation.is_behind_a_loss = entries.losses.iter().any(is_unknown);
                operation.ended = Some(ended);
            }
        });
    }

    /// Returns one line for each event, in order of time. The same seed gives the same lines.
    pub(super) fn trace(&self) -> Vec<String> {
        self.with(|entries| {
            let mut lines: Vec<(Instant, String)> = entries.notes.clone();
            for (number, operation) in entries.operations.iter().enumerate() {
                let Operation {
                    at, kind, started, ..
                } = operation;
                lines.push((*started, format!("{number} starts at {at}: {kind:?}")));
                if let Some(ended) = &operation.ended {
                    let age = ended.age.as_millis();
                    let degraded = if ended.is_degraded { ", degraded" } else { "" };
                    let result = &ended.result;
                    lines.push((
                        ended.at,
                        format!("{number} ends: {result:?} (age {age} ms{degraded})"),
                    ));
                }
            }
            lines.sort_by_key(|(at, _)| *at);
            lines
                .into_iter()
                .map(|(at, line)| format!("{:10.6} {line}", (at - self.began).as_secs_f64()))
                .collect()
        })
    }

    fn with<T>(&self, change: impl FnOnce(&mut Entries) -> T) -> T {
        change(&mut self.entries.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Display for ServerStart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "server {}.{}", self.server, self.number)
    }
}
