//! Tests of the whole server, over sockets.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod accounts;
mod audit;
mod base_urls;
mod citrix_gateway;
mod client_a;
mod client_b;
mod client_c;
mod client_guide;
mod client_quirks;
mod document_types;
mod every_route;
mod explain;
mod external_tools;
mod failover;
mod fan_out;
mod flaky_controllers;
mod group;
mod hostile_responses;
mod launch;
mod launch_errors;
mod listener;
#[cfg(target_os = "linux")]
mod local_ports;
mod login_throttle;
mod malformed_http;
mod mapping;
mod metrics;
mod password_change;
mod rejected_requests;
mod resources;
mod roaming;
mod secret_scan;
mod session_matrix;
mod sessions;
mod sign_in;
mod specification_examples;
mod support;
mod tokens;
mod user_isolation;
mod web;
mod whole_day;
