//! The gateway: an HTTP server that clients sign in to and ask for their sessions.
//!
//! A handler does three things: it takes what it needs from the request in the order of SS-62,
//! makes one call into the domain or the sign-in, and encodes what came of it. Refusals become
//! statuses in one place. The crate must not know the rules of the domain, SQL, or the embedded
//! farm: farms are reached over NFuse alone, whoever runs them.

mod app;
mod audit;
mod auth;
pub mod config;
mod farms;
mod http;
pub mod keys;
mod metrics;
mod routes;
mod tls;

pub use app::data_dir::DataDirError;
pub use app::environment::Environment;
pub use app::error::ServerError;
pub use app::liveness::Liveness;
pub use app::server::Server;
pub use app::warnings::warnings;
pub use audit::{AuditError, AuditLog};
pub use farms::probe::{ControllerProbe, ProbeResponse, probe};
pub use tls::TlsCertificateFileError;
