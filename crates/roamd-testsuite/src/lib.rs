#![doc = include_str!("../README.md")]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "a test stops at the first surprise"
)]

mod audit;
mod h2_bridge;
mod http_peer;
mod paths;
mod sealed_tokens;
mod secret_scan;
mod sign_in;
mod signed_in;
mod test_environment;
mod token_service;

pub use audit::AuditReader;
pub use h2_bridge::H2Bridge;
pub use http_peer::{HttpConnection, HttpPeer, Response, request};
pub use paths::{AUTH_PATH, STORE_PATH, path_of};
pub use sealed_tokens::TokenContents;
pub use secret_scan::{expect_logged, is_logged};
pub use sign_in::{sign_in, sign_in_through, sign_in_to};
pub use signed_in::{SignedIn, session_params};
pub use test_environment::{Clock, Options, TestEnvironment};
pub use token_service::{
    Challenge, Conversation, TokenService, challenge_expression, challenge_of, request_token,
    token_of, token_response,
};
