//! What happened in a run: what clients asked and were told, and what farms did.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use roamd_store_proto::{EnumerationStatus, SessionStatus};
use tokio::time::Instant;

use crate::network::Arrival;

/// Everything that happened. A clone is the same ledger.
#[derive(Debug, Clone)]
pub(crate) struct Ledger {
    began: Instant,
    entries: Arc<Mutex<Entries>>,
}

#[derive(Debug, Default)]
pub(crate) struct Entries {
    pub(crate) operations: Vec<Operation>,
    pub(crate) deeds: Vec<Deed>,
    /// What else is worth telling in a trace: weather, and what controllers received.
    pub(crate) notes: Vec<(Instant, String)>,
    pub(crate) faults: Vec<String>,
}

/// Number of an operation of a client; its client name is made of it, so that every farm's deed can
/// be traced to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Ticket(pub(crate) usize);

/// What a client asked, and was told.
#[derive(Debug, Clone)]
pub(crate) struct Operation {
    pub(crate) ticket: Ticket,
    pub(crate) wish: Wish,
    pub(crate) asked: Instant,
    /// Nothing if the client left, or the gateway closed the connection.
    pub(crate) answered: Option<(Instant, Told)>,
    /// The client did not wait for the answer.
    pub(crate) left: bool,
}

/// What a client wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    List {
        active: bool,
        applications_only: bool,
    },
    Disconnect,
    LogOff,
    /// To a session that a farm has.
    Launch {
        farm: usize,
    },
}

/// What a client was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Told {
    /// The farms of the sessions in the list, each as often as it has sessions.
    List {
        enumeration: EnumerationStatus,
        farms: Vec<usize>,
    },
    EndOutcome(SessionStatus),
    Launch(Launch),
    /// A status that is not 200.
    Status(u16),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Launch {
    Ready,
    Retry,
    Failed,
}

/// Something that a farm did.
#[derive(Debug, Clone)]
pub(crate) struct Deed {
    pub(crate) farm: usize,
    pub(crate) ticket: Ticket,
    pub(crate) kind: Kind,
    /// When its good answer had all arrived at the gateway; nothing if it sent none.
    pub(crate) answer: Option<Arrival>,
}

/// What a farm can do for a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// It listed sessions, and nothing else.
    Listed,
    /// It listed active sessions, which took them from their clients.
    ListedAndDisconnected,
    Disconnected,
    LoggedOff,
    /// It told the address of a session.
    Addressed,
    /// It made a ticket.
    Ticketed,
}

impl Operation {
    /// Whether it is a list that holds everything.
    pub(crate) fn is_told_all(&self) -> bool {
        matches!(
            &self.answered,
            Some((
                _,
                Told::List {
                    enumeration: EnumerationStatus::Full,
                    ..
                }
            ))
        )
    }
}

impl Kind {
    /// Whether it changes something, and so must have been asked for, and be done once.
    pub(crate) fn is_change(self) -> bool {
        self != Self::Listed
    }
}

impl Ledger {
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

    pub(crate) fn fault(&self, fault: impl fmt::Display) {
        let fault = fault.to_string();
        self.with(|entries| entries.faults.push(fault));
    }

    /// A new operation.
    pub(crate) fn ask(&self, wish: Wish) -> Ticket {
        self.with(|entries| {
            let ticket = Ticket(entries.operations.len());
            entries.operations.push(Operation {
                ticket,
                wish,
                asked: Instant::now(),
                answered: None,
                left: false,
            });
            ticket
        })
    }

    pub(crate) fn tell(&self, ticket: Ticket, told: Told) {
        self.change(ticket, |operation| {
            operation.answered = Some((Instant::now(), told));
        });
    }

    pub(crate) fn leave(&self, ticket: Ticket) {
        self.change(ticket, |operation| operation.left = true);
    }

    fn change(&self, ticket: Ticket, change: impl FnOnce(&mut Operation)) {
        self.with(|entries| entries.operations.get_mut(ticket.0).map(change));
    }

    /// One line for each thing that happened, in order: the same for the same seed.
    pub(crate) fn trace(&self) -> Vec<String> {
        self.with(|entries| {
            let at = |time: Instant| (time - self.began).as_micros();
            let mut lines: Vec<(u128, String)> = Vec::new();
            for (time, note) in &entries.notes {
                lines.push((at(*time), note.clone()));
            }
            for operation in &entries.operations {
                let Operation { ticket, wish, .. } = operation;
                lines.push((at(operation.asked), format!("{ticket} asks {wish:?}")));
                if let Some((time, told)) = &operation.answered {
                    lines.push((at(*time), format!("{ticket} is told {told:?}")));
                }
            }
            for deed in &entries.deeds {
                if let Some(time) = deed.answer.as_ref().and_then(Arrival::time) {
                    let Deed {
                        farm, ticket, kind, ..
                    } = deed;
                    let line = format!("farm {farm}'s answer to {ticket} has come: {kind:?}");
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

impl Ticket {
    /// The client name that carries it.
    pub(crate) fn client_name(self) -> String {
        self.to_string()
    }

    pub(crate) fn of(client_name: &str) -> Option<Self> {
        client_name.strip_prefix("OP-")?.parse().ok().map(Self)
    }
}

impl fmt::Display for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OP-{}", self.0)
    }
}
