//! What commands act on.

use std::net::SocketAddr;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::time::Instant;

use crate::app::state::AppState;

/// What commands act on.
pub(super) struct Context {
    pub(super) state: Arc<AppState>,
    pub(super) facts: ServerFacts,
}

/// What is known of a server since its start.
pub(crate) struct ServerFacts {
    /// Time of the start.
    pub(crate) started: Timestamp,
    /// The same, for the uptime.
    pub(crate) start: Instant,
    /// Address of the listener.
    pub(crate) listen: SocketAddr,
    /// Base URL of the configuration.
    pub(crate) base_url: String,
}
