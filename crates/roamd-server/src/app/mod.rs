//! Shared server state and the life of the server.

mod build;
pub(crate) mod environment;
pub(crate) mod healthcheck;
pub(crate) mod liveness;
mod operator_revocations;
mod pipeline;
pub(crate) mod server;
pub(crate) mod start_checks;
pub(crate) mod state;
pub(crate) mod warnings;
