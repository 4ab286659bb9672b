#![doc = include_str!("../README.md")]

mod answer_memory;
mod attempt;
mod attempt_log;
mod authority_ids;
mod breaker;
mod candidates;
mod client;
mod connection;
mod connection_pool;
mod connector;
mod controller;
mod dechunk;
mod error;
mod exchange;
mod large_work;
mod memory_budget;
mod network;
mod observer;
mod policy;
mod probe;
mod read_budget;
mod request_body;
mod response_body;
mod service_key;
mod sta;
mod tls;

pub use answer_memory::{Answer, AnswerCharge, AnswerMemory};
pub use breaker::ControllerState;
pub use client::{FarmClient, FarmConfig};
pub use connection_pool::ConnectionCounts;
pub use controller::{ControllerFailure, ControllerReport};
pub use dechunk::DechunkError;
pub use error::{CallError, Sent, with_causes};
pub use large_work::{LargeWork, LargeWorkFailed};
pub use memory_budget::{MemoryBudget, MemoryCharge, MemoryLimits, MemoryShare};
pub use network::{Connecting, Network, Stream, SystemNetwork};
pub use observer::{Attempt, AttemptOutcome, AttemptTrace, Observer, TraceHeaders};
pub use probe::{ProbeResult, ProbedService};
pub use roamd_nfuse_proto::transport::{
    ControllerOrder, ControllerUrl, ControllerUrlError, PinError, PublicKeyPin, Security,
    ServiceKey, ServiceKeyError, ServiceKeys, Trust,
};
pub use sta::StaClient;
pub use tls::{ClientTls, TlsError};
