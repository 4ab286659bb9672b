//! The rules of the Sessions Service: which farms to ask, what of their answers to show, who may
//! touch which session, and what a reconnecting client is handed.
//!
//! Every operation has three steps: a pure plan ([`plan`]), a fan-out to all farms at once through
//! the port [`Farm`], and a pure merge. The crate speaks the words of the service and borrows the
//! plain values of `roamd-store-proto` (launch parameters, status words). It must not know HTTP,
//! XML text, NFuse, tokens as text, or SQL; it has no clock, no runtime, and no table of sessions:
//! a session id carries what is needed, sealed, and the farms hold the truth.

mod description;
mod end;
mod enumeration;
mod failover;
mod farm;
mod ica_file;
mod icon;
mod launch;
mod launch_failure;
mod list;
pub mod plan;
mod remote_access;
mod resource_enumeration;
mod resource_id;
mod resources;
mod session_id;
mod session_settings;
mod store;
mod user;

pub use description::Description;
pub use end::{EndAction, EndOutcome, FarmResult, merge as merge_end};
pub use farm::{
    Busy, ConnectRequest, Connection, DeadlineShare, Farm, FarmDescription, FarmError, FarmId,
    FarmSession, Generation, Logon, NoTicket, NotReady, Operation, Refusal, SessionKey, Target,
};
pub use ica_file::{HostPort, IcaContent, IcaError, IcaFile, Route, StaTicket};
pub use icon::{Icon, IconSize};
pub use launch::{Launch, LaunchOutcome, LaunchTarget};
pub use launch_failure::{FailureCause, LaunchFailure};
pub use list::{FarmListResult, ListOutcome, ListedSession, SessionList, merge as merge_list};
pub use plan::{ListRequest, ListScope};
pub use remote_access::RemoteAccess;
pub use resource_enumeration::{Application, ContentLocation, Kind, ResourceEnumeration};
pub use resource_id::{ResourceId, ResourceIds};
pub use resources::{
    FarmEnumeration, ListedResource, ResourceError, ResourceList, Scope, merge as merge_resources,
};
pub use session_id::{SessionIds, UnknownSession};
pub use session_settings::{ApplicationSettings, Encryption, SessionSettings, Sound, WindowSize};
pub use store::Store;
pub use user::{EndPoint, User, UserKey};
