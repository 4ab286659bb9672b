//! What the tests of the whole share: a gateway with embedded farms on free ports, and clients that
//! read as strictly as real ones.
//!
//! Tests say bytes and read bytes: no HTTP library stands between them and the gateway. Each also shows
//! that what it does leaves no secret in a log or a file.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "a test stops at the first surprise"
)]

mod audit;
mod authority;
mod client;
mod forge;
mod h2_bridge;
mod scripted_farm;
mod sign_in;
mod site;
mod strict_xml;
mod tls_front;
mod watch;
mod wire;

pub use audit::AuditReader;
pub use authority::{Authority, Issued};
pub use client::{SignedIn, path_of, session_params, sign_in, sign_in_over, sign_in_to};
pub use forge::Forged;
pub use h2_bridge::H2Bridge;
pub use scripted_farm::{Script, ScriptedFarm, document};
pub use sign_in::{
    Challenged, Conversation, TokenService, challenge_expression, challenged, request_token,
    token_of, token_response,
};
pub use site::{Clock, Options, Site};
pub use strict_xml::Node;
pub use tls_front::TlsFront;
pub use watch::is_logged;
pub use wire::{Kept, Response, Wire, request};
