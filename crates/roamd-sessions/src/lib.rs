//! The rules of the Sessions Service: which farms to ask, what of their answers to show, who may
//! touch which session, and what a reconnecting client is handed.
//!
//! Every operation has three steps: a pure plan ([`plan`]), a fan-out to all farms at once through
//! the port [`Farm`], and a pure merge. The crate speaks the words of the service and borrows the
//! plain values of `roamd-store-proto` (launch parameters, status words). It must not know HTTP,
//! XML text, NFuse, tokens as text, or SQL; it has no clock, no runtime, and no table of sessions:
//! a session id carries what is needed, sealed, and the farms hold the truth.

mod catalogue;
mod end;
mod farm;
mod ica_file;
mod launch;
mod list;
pub mod plan;
mod remote_access;
mod session_id;
mod store;
mod user;

pub use catalogue::{Application, Catalogue};
pub use end::{End, merge as merge_end};
pub use farm::{
    Busy, Connection, Farm, FarmDescription, FarmError, FarmId, FarmSession, Generation, Operation,
    Reconnect, Refusal, SessionKey, Share,
};
pub use ica_file::{HostPort, IcaError, IcaFile, Route, StaTicket};
pub use launch::{Launch, LaunchFailure, Launched};
pub use list::{FarmAnswer, ListedSession, Outcome, SessionList, merge as merge_list};
pub use plan::{ListRequest, Listing};
pub use remote_access::RemoteAccess;
pub use session_id::{SessionIds, UnknownSession};
pub use store::Store;
pub use user::{EndPoint, User, UserKey};
