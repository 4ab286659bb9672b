//! The goals of the project, each a figure of the server beside what it is compared with.

mod context;
mod farms;
mod fixed_responses;
mod goal;
mod idle_memory;
mod latency;
mod list;
mod report;
mod resident_memory;
mod resources;
mod sign_ins;
mod slow_clients;
mod slow_connections;
mod source_addresses;
mod throughput;
mod tls;

pub(crate) use report::{Args, measure};
