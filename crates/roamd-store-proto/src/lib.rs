#![doc = include_str!("../README.md")]

mod accounts;
pub mod auth;
mod decode_error;
mod discovery;
mod document;
mod endpoints;
mod error_reason;
mod language;
mod launch_data;
mod launch_params;
mod lifetime;
pub mod media_type;
mod provisioning;
mod resources;
pub mod schemas;
mod service_record;
mod session_explanation;
mod session_params;
mod session_result;
mod session_state;
mod spelling;
mod store_element;

pub use accounts::{Account, Accounts};
pub use decode_error::DecodeError;
pub use discovery::Discovery;
pub use endpoints::{Endpoint, Endpoints};
pub use error_reason::ErrorReason;
pub use language::{Language, Text};
pub use launch_data::{LaunchData, LaunchErrorId, RemedyHint, RetryReason};
pub use launch_params::{Audio, ColourDepth, Display, KeyPassthrough, LaunchParams};
pub use lifetime::{Lifetime, LifetimeError};
pub use provisioning::Provisioning;
pub use resources::{Group, Groups, Image, Property, Resource, ResourceType, Resources, StartMenu};
pub use service_record::ServiceRecord;
pub use session_explanation::{
    ExplainedAnswer, ExplainedEndPoint, ExplainedFarm, ExplainedFarmMapping, ExplainedQuestion,
    ExplainedRequest, ExplainedRoaming, ExplainedRoute, ExplainedSession, SessionExplanation,
};
pub use session_params::{SessionOperation, SessionParams};
pub use session_result::{SessionResult, SessionStatus};
pub use session_state::{EnumerationStatus, Session, SessionState};
pub use spelling::Spelling;
