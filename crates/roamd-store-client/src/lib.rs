//! A plain client of any store that has a Sessions Service, roamd's or another.
//!
//! [`StoreClient`] finds its URLs from the store's endpoints, signs in when it is challenged, lists,
//! disconnects, logs off and launches sessions, lists what the user may start, and signs out. It
//! follows answers, never paths that it knows by itself. The crate must not know the gateway, farms, files or terminals, and it logs no
//! token, password, ticket or body.

mod audience;
mod client;
mod error;
mod sign_in;
mod store_url;
mod transport;

pub use audience::Audience;
pub use client::{IcaFile, NotReady, StoreClient};
pub use error::ClientError;
pub use roamd_store_proto::{
    EnumerationStatus, LaunchParams, Resource, ResourceType, Resources, Session, SessionParams,
    SessionState, SessionStatus, Spelling,
};
pub use sign_in::Credentials;
pub use store_url::{StoreUrl, StoreUrlError};
