//! Events of a run: operations of clients with their results, and effects on farms.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use roamd_store_proto::{EnumerationStatus, SessionStatus};
use tokio::time::Instant;

use crate::network::ReadReceipt;

/// All events of a run. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct History {
    began: Instant,
    entries: Arc<Mutex<Entries>>,
}

#[derive(Debug, Default)]
pub(crate) struct Entries {
    pub(crate) operations: Vec<Operation>,
    pub(crate) effects: Vec<Effect>,
    /// More lines of the trace: faults, and requests that controllers received.
    pub(crate) notes: Vec<(Instant, String)>,
    pub(crate) violations: Vec<String>,
}

/// Number of an operation. The client name contains it, so that each effect on a farm can be traced
/// to the operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct OperationId(pub(crate) usize);

/// An operation of a client and its result.
#[derive(Debug, Clone)]
pub(crate) struct Operation {
    pub(crate) id: OperationId,
    pub(crate) user: usize,
    pub(crate) kind: OperationKind,
    pub(crate) started: Instant,
    /// Time and result; `None` if the client left, or the server closed the connection.
    pub(crate) completed: Option<(Instant, OperationResult)>,
    /// Whether the client left before the response.
    pub(crate) left: bool,
}

/// Kind of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OperationKind {
    List {
        active: bool,
        applications_only: bool,
    },
    /// Lists the resources.
    Resources,
    Disconnect,
    LogOff,
    /// Launches a session of a farm.
    Launch {
        farm: usize,
    },
}

/// Result of an operation, as the client received it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum OperationResult {
    /// A list, with the farm of each session.
    List {
        enumeration: EnumerationStatus,
        farms: Vec<usize>,
    },
    /// A list of resources, with the farm of each.
    Resources {
        enumeration: EnumerationStatus,
        farms: Vec<usize>,
    },
    End(SessionStatus),
    Launch(LaunchResult),
    /// A status other than 200.
    Status(u16),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LaunchResult {
    Ready,
    Retry,
    Failed,
}

/// An effect of a request on a farm.
#[derive(Debug, Clone)]
pub(crate) struct Effect {
    pub(crate) farm: usize,
    pub(crate) operation: OperationId,
    pub(crate) kind: EffectKind,
    /// When the whole success response had arrived at the server; `None` if none was sent.
    pub(crate) response: Option<ReadReceipt>,
}

/// Kind of an effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum EffectKind {
    /// Sessions were listed without a side effect.
    Listed,
    /// Active sessions were listed, which disconnected them from their clients.
    ListedAndDisconnected,
    Disconnected,
    LoggedOff,
    /// The address of a session was returned.
    Addressed,
    /// A logon ticket was issued.
    Ticketed,
}

impl Operation {
    /// Returns whether the result is a full list.
    pub(crate) fn is_full_list(&self) -> bool {
        matches!(
            &self.completed,
            Some((
                _,
                OperationResult::List {
                    enumeration: EnumerationStatus::Full,
                    ..
                }
            ))
        )
    }
}

impl EffectKind {
    /// Returns whether the effect is a change, which has to be requested and must occur only once.
    pub(crate) fn is_change(self) -> bool {
        self != Self::Listed
    }
}

impl History {
    pub(crate) fn new() -> Self {
        Self {
            began: Instant::now(),
            entries: Arc::default(),
        }
    }

    pub(crate) fn with<T>(&self, change: impl FnOnce(&mut Entries) -> T) -> T {
        change(&mut self.entries.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn note(&self, note: impl fmt::Display) {
        let note = (Instant::now(), note.to_string());
        self.with(|entries| entries.notes.push(note));
    }

    pub(crate) fn record_violation(&self, violation: impl fmt::Display) {
        let violation = violation.to_string();
        self.with(|entries| entries.violations.push(violation));
    }

    /// Starts an operation.
    pub(crate) fn start_operation(&self, user: usize, kind: OperationKind) -> OperationId {
        self.with(|entries| {
            let id = OperationId(entries.operations.len());
            entries.operations.push(Operation {
                id,
                user,
                kind,
                started: Instant::now(),
                completed: None,
                left: false,
            });
            id
        })
    }

    pub(crate) fn complete(&self, id: OperationId, result: OperationResult) {
        self.change(id, |operation| {
            operation.completed = Some((Instant::now(), result));
        });
    }

    pub(crate) fn abandon(&self, id: OperationId) {
        self.change(id, |operation| operation.left = true);
    }

    fn change(&self, id: OperationId, change: impl FnOnce(&mut Operation)) {
        self.with(|entries| entries.operations.get_mut(id.0).map(change));
    }

    /// Returns one line for each event, in order of time. The same seed gives the same lines.
    pub(crate) fn trace(&self) -> Vec<String> {
        self.with(|entries| {
            let at = |time: Instant| (time - self.began).as_micros();
            let mut lines: Vec<(u128, String)> = Vec::new();
            for (time, note) in &entries.notes {
                lines.push((at(*time), note.clone()));
            }
            for operation in &entries.operations {
                let Operation { id, kind, .. } = operation;
                lines.push((at(operation.started), format!("{id} starts: {kind:?}")));
                if let Some((time, result)) = &operation.completed {
                    lines.push((at(*time), format!("{id} ends: {result:?}")));
                }
            }
            for effect in &entries.effects {
                if let Some(time) = effect.response.as_ref().and_then(ReadReceipt::time) {
                    let Effect {
                        farm,
                        operation: id,
                        kind,
                        ..
                    } = effect;
                    let line = format!("response of farm {farm} to {id} has arrived: {kind:?}");
                    lines.push((at(time), line));
                }
            }
            lines.sort_by_key(|(time, _)| *time);
            lines
                .into_iter()
                .map(|(time, line)| {
                    let (seconds, rest) = (time / 1_000_000, time % 1_000_000);
                    format!("{seconds:3}.{rest:06} {line}")
                })
                .collect()
        })
    }
}

impl OperationId {
    /// Returns the client name of the operation.
    pub(crate) fn client_name(self) -> String {
        self.to_string()
    }

    pub(crate) fn of(client_name: &str) -> Option<Self> {
        client_name.strip_prefix("OP-")?.parse().ok().map(Self)
    }
}

impl fmt::Display for OperationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OP-{}", self.0)
    }
}
