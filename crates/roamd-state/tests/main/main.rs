//! Tests of the shared state: a battery that every engine has to pass, and what is the embedded
//! engine's own.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test fails by a panic"
)]

mod battery;
mod sqlite;
