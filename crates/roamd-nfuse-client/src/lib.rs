//! A client of one farm: its controllers in order, a pool of connections and one deadline a call.
//!
//! [`FarmClient::call`] takes any NFuse request and returns the answer that belongs to it. What may
//! be sent again, and to whom, is decided in `policy`, and which controllers are passed over in
//! `breaker`; both are pure. Everything else here moves bytes. The crate must not know other farms, users' tokens or the store side, and it logs no
//! body and no credentials.

mod answer_body;
mod breaker;
mod client;
mod controller;
mod dechunk;
mod error;
mod member;
mod policy;
mod service_key;
mod transport;

pub use breaker::ControllerState;
pub use client::{FarmClient, FarmConfig};
pub use controller::{Controller, ControllerError, ControllerOrder};
pub use dechunk::DechunkError;
pub use error::{CallError, Sent};
pub use service_key::{ServiceKeyError, ServiceKeys};
