//! The configuration, from outside: its text to values or errors.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by a panic"
)]

mod audit;
mod authentication;
mod citrix_gateway;
mod controllers;
mod document;
mod essentials;
mod farm;
mod keys;
mod listener;
mod login_throttle;
mod mapping;
mod roaming;
mod settings;
mod state;
mod store;
mod support;
mod tracing;
mod web_site;
