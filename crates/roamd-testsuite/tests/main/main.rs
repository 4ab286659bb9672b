//! The whole, over real sockets.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod audit;
mod being_seen;
mod canary;
mod client_a;
mod client_b;
mod client_c;
mod day;
mod document_types;
mod every_route;
mod examples;
mod failover;
mod fan_out;
mod gateway_launch;
mod hostile_answers;
mod http_tricks;
mod launch;
mod listener;
mod login_throttle;
mod password_change;
mod peers;
mod quirks;
mod refusals;
mod resources;
mod secrets;
mod sessions;
mod shown_live;
mod sign_in;
mod tokens;
mod unsteady_farms;
