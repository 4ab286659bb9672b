//! The `roamd` command as scripts see it: a process with arguments, output and exit codes.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests may stop at the first surprise"
)]

mod apps;
mod bad_disk;
mod client;
mod config;
mod demo;
mod destroyed_tokens;
mod farm;
mod hard_times;
mod keys;
mod killed_controllers;
mod planted_secrets;
mod probe;
mod serve;
mod sessions;
mod sessions_roam;
mod sessions_store;
mod sessions_watch;
mod supervised;
mod support;
mod usage;
