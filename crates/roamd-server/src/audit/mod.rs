//! The audit log: a line of JSON for each event of interest to an auditor.
//!
//! A handler records an [`Event`] in the [`AuditScope`] of its request; a thread writes it. No
//! request waits for the disk: users must reach their sessions even if it is full, and no client
//! may slow down others by what is written about it. Lines that cannot be written are counted, and
//! reported in the metrics, in the log, and in the audit log itself once it can be written again.
//! The lines that a user may cause are limited, and so are those of all clients without a token.
//! The module must not know HTTP or the rules of the domain.

mod allowances;
mod event;
mod event_names;
mod file;
mod known_addresses;
mod log;
mod losses;
mod operator;
mod operator_log;
mod scope;
mod sign_in_id;
mod text;
mod writer;

pub(crate) use self::event::{Actor, Event, LaunchRequest, Launchable, ReloadRefusal, account};
pub use self::event_names::AUDIT_EVENTS;
pub use self::log::{AuditError, AuditLog};
pub(crate) use self::operator::Operator;
pub use self::operator_log::{OperatorAction, OperatorCommand, OperatorLog};
pub(crate) use self::scope::AuditScope;
pub(crate) use self::sign_in_id::SignInId;
pub(crate) use self::text::Text;
