//! Scripted controller: sends the exact bytes that a test defines.

mod farm;
mod messages;
mod script;
mod scripted;

pub use messages::{document, encode_document, http_response, request_name};
pub use script::Script;
pub use scripted::ScriptedController;
