//! Tests of the messages of the Web API, one binary.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod client_assistant;
mod configuration;
mod cookies;
mod csrf;
mod json;
mod parameters;
mod route;
mod sign_in;

/// Returns a written document as text.
fn text(document: Vec<u8>) -> String {
    String::from_utf8(document).unwrap()
}
