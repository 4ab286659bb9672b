//! The rules of the Sessions Service, without a network.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may stop at the first surprise"
)]

mod description;
mod end;
mod explanation;
mod failover;
mod filter;
mod ica_file;
mod launch;
mod list;
mod mapping;
mod plan;
mod publication;
mod remote_access;
mod resources;
mod roaming;
mod scripted;
mod session_id;
mod store;
