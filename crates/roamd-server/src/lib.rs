//! The gateway: an HTTP server that clients sign in to and ask for their sessions.
//!
//! A handler does three things: it takes what it needs from the request in the order of SS-62,
//! makes one call into the domain or the sign-in, and encodes what came of it. Refusals become
//! statuses in one place. The crate must not know the rules of the domain, SQL, or the embedded
//! farm: farms are reached over NFuse alone, whoever runs them.

mod answer;
mod audit;
pub mod config;
mod data_dir;
mod environment;
mod farms;
mod gate;
mod gateway;
mod guessing;
mod host;
mod identity;
pub mod keys;
mod metrics;
mod page;
mod picture;
mod probe;
mod proxies;
mod pulse;
mod readiness;
mod refused;
mod request;
mod retry_key;
mod route;
mod routes;
mod site;
mod standing;
mod tickets;
mod warnings;

pub use audit::{AuditError, AuditLog};
pub use data_dir::DataDirError;
pub use environment::Environment;
pub use gateway::{Gateway, ServerError};
pub use identity::IdentityFileError;
pub use probe::{ControllerProbe, ProbeAnswer, probe};
pub use pulse::Pulse;
pub use warnings::warnings;
