//! A client of one farm: its controllers in order, their connections and one deadline a call.
//!
//! [`FarmClient::call`] takes any NFuse request and returns the answer that belongs to it;
//! [`StaClient`] does the same for the tickets of gateways, with the same machinery. What may
//! be sent again, and to whom, is decided in `policy`, and which controllers are passed over in
//! `breaker`; both are pure. Everything else here moves bytes, over a [`Network`] and by the clock of
//! the runtime, so that a simulation can decide about both. The crate must not know other farms,
//! users' tokens or the store side, and it logs no body and no credentials.

mod answer_body;
mod breaker;
mod client;
mod connection_pool;
mod controller;
mod dechunk;
mod error;
mod network;
mod observer;
mod policy;
mod service_key;
mod sta;
mod tls;

pub use breaker::ControllerState;
pub use client::{FarmClient, FarmConfig};
pub use connection_pool::ConnectionCounts;
pub use controller::{ControllerReport, ProbeResult};
pub use dechunk::DechunkError;
pub use error::{CallError, Sent};
pub use network::{Connecting, Network, Stream, SystemNetwork};
pub use observer::{Attempt, AttemptOutcome, Observer};
pub use roamd_nfuse_proto::transport::{
    ControllerOrder, ControllerUrl, ControllerUrlError, PinError, PublicKeyPin, Security,
    ServiceKey, ServiceKeyError, ServiceKeys, Trust,
};
pub use sta::StaClient;
pub use tls::{ClientTls, TlsError};
