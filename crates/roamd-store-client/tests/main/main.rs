//! Tests of the client against mock stores.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests stop at the first failure"
)]

mod address;
mod launch;
mod other_servers;
mod resources;
mod sign_in;
mod support;
