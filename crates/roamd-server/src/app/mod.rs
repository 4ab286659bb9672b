//! Shared server state and the life of the server.

mod build;
pub(crate) mod clock;
pub(crate) mod data_dir;
pub(crate) mod environment;
pub(crate) mod error;
pub(crate) mod large_work;
pub(crate) mod liveness;
pub(crate) mod server;
pub(crate) mod state;
pub(crate) mod tasks;
pub(crate) mod warnings;
