//! `roamd status`: what a running server is and does.

use std::net::SocketAddr;
use std::process;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::context::Context;

/// Status of a running server. It holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Version of the server.
    pub version: String,
    /// Process id.
    pub pid: u32,
    /// Time of the start.
    pub started: Timestamp,
    /// Seconds since then.
    pub uptime_seconds: u64,
    /// Address of the listener.
    pub listen: SocketAddr,
    /// Base URL of the configuration.
    pub base_url: String,
    /// The stores, in configured order.
    pub stores: Vec<StoreStatus>,
}

/// Status of a store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreStatus {
    /// Its URL.
    pub url: String,
}

/// Collects the status.
pub(super) async fn report(context: &Context) -> Status {
    let Context { state, facts } = context;
    let stores = state.stores.iter().map(|store| StoreStatus {
        url: store.urls.root.clone(),
    });
    Status {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        pid: process::id(),
        started: facts.started,
        uptime_seconds: facts.start.elapsed().as_secs(),
        listen: facts.listen,
        base_url: facts.base_url.clone(),
        stores: stores.collect(),
    }
}
