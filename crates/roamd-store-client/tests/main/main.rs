//! The client against stores that are played, request by request.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests may stop at the first surprise"
)]

mod address;
mod launch;
mod play;
mod resources;
mod sign_in;
