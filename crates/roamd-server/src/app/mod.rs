//! Shared server state and the life of the server.

mod build;
pub(crate) mod data_dir;
pub(crate) mod environment;
pub(crate) mod liveness;
pub(crate) mod server;
pub(crate) mod state;
pub(crate) mod warnings;
