//! Wire messages of the store side: what clients of the Sessions Service and of the token services
//! send and read.
//!
//! A message is a plain struct with public fields. What a client sends can be both read (by the
//! gateway) and written (by `roamd sessions`), and so can what a server answers. Reading is as
//! tolerant as `client-quirks.md` needs and no more; writing is always valid against the published
//! schemas ([`schemas`]). The crate must not know farms, NFuse, HTTP types, or keys.

pub mod auth;
mod discovery;
mod document;
mod endpoints;
mod error_reason;
mod language;
mod launch_data;
mod launch_params;
mod lifetime;
pub mod media_type;
mod resources;
pub mod schemas;
mod session_params;
mod session_result;
mod session_state;

pub use discovery::Discovery;
pub use endpoints::{Endpoint, Endpoints};
pub use error_reason::ErrorReason;
pub use language::{Language, Text};
pub use launch_data::{LaunchData, LaunchErrorId, RemedyHint, RetryReason};
pub use launch_params::{Audio, ColourDepth, Display, KeyPassthrough, LaunchParams};
pub use lifetime::{Lifetime, LifetimeError};
pub use resources::{Group, Groups, Image, Property, Resource, ResourceType, Resources, StartMenu};
pub use session_params::SessionParams;
pub use session_result::{SessionResult, SessionStatus};
pub use session_state::{EnumerationStatus, Session, SessionState};

/// Why bytes are not a message of the store side.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// They are no XML document that is read here.
    #[error(transparent)]
    Xml(#[from] roamd_xml::Error),
    /// The document is not the message that it should be.
    #[error(transparent)]
    Message(#[from] roamd_xml::Fault),
}

impl DecodeError {
    /// Whether the document was refused for its size alone (SS-27).
    #[must_use]
    pub fn is_too_large(&self) -> bool {
        matches!(self, Self::Xml(error) if matches!(error.kind, roamd_xml::ErrorKind::TooLarge { .. }))
    }
}

/// Spelling of an answer. The root of the request picks it (SS-47); one document never mixes both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spelling {
    /// As in the specification: `sessionResults`, `serverType`, `launchIca`.
    Document,
    /// As the vendor's own client reads it: `sessionResult`, `servertype`, `launchica`.
    Native,
}
