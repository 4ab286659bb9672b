#![doc = include_str!("../README.md")]

mod client_name;
mod description;
mod end;
mod enumeration_status;
mod farm;
mod generation;
mod held_memory;
mod ica_file;
mod icon;
mod launch;
mod list;
mod mapping;
mod remote_access;
mod resource_enumeration;
mod resource_id;
mod resources;
mod roaming;
mod rules;
mod session_id;
mod session_settings;
mod store;
mod user;

pub use client_name::ClientNameLength;
pub use description::Description;
pub use end::{EndOutcome, FarmResult, merge as merge_end};
pub use farm::{
    Busy, ConnectRequest, Connection, DeadlineShare, EndAction, ErrorCodes, Farm, FarmDescription,
    FarmError, FarmId, FarmSession, FarmSessions, Logon, NoTicket, NotReady, Operation, Refusal,
    Refused, SessionKey, Target,
};
pub use generation::Generation;
pub use ica_file::{HostPort, IcaContent, IcaError, IcaFile, Route, StaTicket};
pub use icon::{Icon, IconSize};
pub use launch::{FailureCause, Launch, LaunchFailure, LaunchOutcome, LaunchPlan, LaunchTarget};
pub use list::{
    ActiveSessionsRequested, ExplainedMapping, ExplainedSession, FarmAnswer, FarmExplanation,
    FarmListResult, FarmPlan, ListExplanation, ListOutcome, ListPlan, ListQuery, ListRequest,
    ListScope, ListedSession, PlanReason, PlanReasons, QueriedSessions, SessionList, SkipReason,
    Verdict, explain as explain_list, merge as merge_list,
};
pub use mapping::{FarmAccess, FarmMapping, FarmSet, LaunchOrder, UserFarms};
pub use remote_access::{Access, ClientPath, RemoteAccess, access};
pub use resource_enumeration::{Application, ContentLocation, Kind, ResourceEnumeration};
pub use resource_id::{ResourceId, ResourceIds};
pub use resources::{
    FarmEnumeration, FilterType, ListedResource, QueriedResources, ResourceError, ResourceFilter,
    ResourceList, Scope, merge as merge_resources,
};
pub use roaming::{
    Roaming, RoamingClient, RoamingException, RoamingPolicy, RoamingRule, RoamingUser, RuleSource,
    Sid, SidError,
};
pub use rules::StoreRules;
pub use session_id::{SessionIds, UnknownSession};
pub use session_settings::{
    ApplicationSettings, DefaultWindow, Encryption, SessionSettings, Sound, WindowSize,
};
pub use store::Store;
pub use user::{EndPoint, User, UserKey};
