//! Tests of the shared state: a battery for every engine, and tests of the SQLite engine.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test fails by a panic"
)]

mod battery;
mod etcd;
mod sqlite;
