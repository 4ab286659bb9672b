//! The rules of the Sessions Service, without a network.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod end;
mod ica_file;
mod list;
mod plan;
mod remote_access;
mod scripted;
mod session_id;
mod store;
