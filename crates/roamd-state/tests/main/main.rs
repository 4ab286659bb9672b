//! Tests of the shared state: a battery for every engine, and tests of the SQLite engine.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test fails by a panic"
)]

mod battery;
mod sqlite;
