//! The gateway: an HTTP server that clients sign in to and ask for their sessions.
//!
//! A handler does three things: it takes what it needs from the request in the order of SS-62,
//! makes one call into the domain or the sign-in, and encodes what came of it. Refusals become
//! statuses in one place. The crate must not know the rules of the domain, SQL, or the embedded
//! farm: farms are reached over NFuse alone, whoever runs them.

mod api_error;
mod app;
mod audit;
pub mod config;
mod data_dir;
mod environment;
mod farms;
mod host_header;
mod icon;
pub mod keys;
mod liveness;
mod login_throttle;
mod metrics;
mod page;
mod password_check;
mod probe;
mod proxies;
mod readiness;
mod request;
mod response;
mod retry_key;
mod route;
mod routes;
mod server;
mod tickets;
mod tls_certificate;
mod urls;
mod warnings;

pub use audit::{AuditError, AuditLog};
pub use data_dir::DataDirError;
pub use environment::Environment;
pub use liveness::Liveness;
pub use probe::{ControllerProbe, ProbeAnswer, probe};
pub use server::{Server, ServerError};
pub use tls_certificate::TlsCertificateFileError;
pub use warnings::warnings;
