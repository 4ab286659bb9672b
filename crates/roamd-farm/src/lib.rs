//! The embedded farm: a real NFuse XML service over SQLite, for demos, tests and laptops.
//!
//! A data folder holds one world: domains with their users, farms with what they publish, and
//! sessions with their logon tickets. Each farm has a ticket authority for gateways beside it. Any number of processes may serve its farms. A farm behaves as
//! its product generation does, side effects included (nfuse.md §10). It is reached over HTTP like
//! any farm; the crate must not know the gateway, its tokens or its rules.

mod accounts;
mod answer;
mod db;
mod error;
mod farms;
mod files;
mod http;
mod ica;
mod icons;
mod launch;
mod limit;
mod lockout;
mod name;
mod password;
mod refusal;
mod rules;
mod settings;
mod ticket_tag;
mod world;

pub use accounts::{AccountChange, AccountRecord, AccountRules, AccountRulesChange};
pub use db::sessions::{SessionFilter, SessionRecord};
pub use error::{Error, Part, TicketRefusal};
pub use farms::{Farm, FarmSummary, Farms, init};
pub use files::{ContentAddress, ContentAddressError, FileTypes, FileTypesError};
pub use http::{ServeOptions, serve};
pub use ica::IcaError;
pub use launch::LaunchRefusal;
pub use launch::host::Power;
pub use limit::{Limit, LimitError};
pub use settings::{
    ApplicationChange, ApplicationRecord, GroupRecord, HostChange, HostRecord, LimitChange,
    LimitRecord,
};
pub use world::{
    Account, Application, ApplicationKind, Domain, FarmDescription, Fault, Generation, Group, Host,
    PasswordHashing, Problem, SessionState, StartSession, Switch, User, World, WorldError,
};
