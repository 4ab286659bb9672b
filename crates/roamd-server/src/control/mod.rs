//! The control socket: commands of operators to a running server, on a Unix socket in its data
//! folder.
//!
//! Only root and the user of the server can connect. The protocol is HTTP/1.1 with JSON. A command
//! is a variant of `commands::Command`, a file with its handler and its types, and a method of
//! [`ControlClient`]. No response holds a password, a token, a ticket or a key.

mod account;
mod client;
mod commands;
mod context;
mod revocation;
mod server;
mod socket;
mod socket_path;
mod status;
mod status_report;
mod throttle;
mod web_sign_ins;

pub use self::account::Account;
pub use self::client::{ControlClient, ControlError};
pub(crate) use self::context::ServerFacts;
pub use self::revocation::{RevocationDone, RevocationReach, RevocationRequest};
pub(crate) use self::server::ControlServer;
pub(crate) use self::socket::ControlSocket;
pub use self::status::{
    AuditStatus, CertificateStatus, ControllerStatus, ControllerUse, FailureStatus, FarmStatus,
    GroupStatus, HeldBackStatus, KeyRingStatus, KeyStatus, RequestStatus, StateStatus, Status,
    StoreStatus, ThrottleStatus,
};
pub use self::throttle::{
    BudgetKind, BudgetReport, ThrottleQuery, ThrottleReport, ThrottleReset, ThrottleResetDone,
};
pub use self::web_sign_ins::{WebSignInQuery, WebSignInReport};
