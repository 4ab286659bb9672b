//! Shared server state and the life of the server.

mod build;
pub(crate) mod current_state;
pub(crate) mod environment;
pub(crate) mod healthcheck;
mod lasting;
mod listener_settings;
pub(crate) mod liveness;
pub(crate) mod operator_revocations;
mod pipeline;
pub(crate) mod reload;
pub(crate) mod server;
pub(crate) mod start_checks;
pub(crate) mod state;
pub(crate) mod warnings;
