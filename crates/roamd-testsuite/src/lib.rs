//! What the tests of the whole share: a gateway with embedded farms on free ports, and clients that
//! read as strictly as real ones.
//!
//! Tests say bytes and read bytes: no HTTP library stands between them and the gateway.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "a test stops at the first surprise"
)]

mod client;
mod site;
mod wire;

pub use client::{SignedIn, challenge_expression, sign_in};
pub use site::{Options, Site};
pub use wire::{Response, Wire};
