#![doc = include_str!("../README.md")]

mod audience;
mod authorities;
mod client;
mod connection_problem;
mod error;
mod printable;
mod sign_in;
mod store_url;
mod transport;

pub use audience::Audience;
pub use authorities::{Authorities, AuthoritiesError};
pub use client::{IcaFile, NotReady, StoreClient};
pub use connection_problem::ConnectionProblem;
pub use error::ClientError;
pub use printable::printable;
pub use roamd_store_proto::{
    Audio, Display, EnumerationStatus, ExplainedAnswer, ExplainedFarm, ExplainedQuestion,
    ExplainedSession, LaunchParams, Resource, ResourceType, Resources, Session, SessionExplanation,
    SessionParams, SessionState, SessionStatus, Spelling,
};
pub use sign_in::{Credentials, SignIn};
pub use store_url::{StoreUrl, StoreUrlError};
