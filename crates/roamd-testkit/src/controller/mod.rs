//! A controller that sends what a test tells it, byte for byte: what no real farm does.

mod farm;
mod messages;
mod requests;
mod script;
mod scripted;

pub use messages::{document, encode_document, http_response};
pub use requests::request_name;
pub use script::Script;
pub use scripted::ScriptedController;
