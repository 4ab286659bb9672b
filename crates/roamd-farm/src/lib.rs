//! The embedded farm: an NFuse XML service and a Secure Ticket Authority over SQLite, for demos,
//! tests and laptops.
//!
//! A data folder holds one world: domains with their users, farms with their published
//! applications, and sessions with their logon tickets. Any number of processes may serve its
//! farms. A farm behaves like its product generation, side effects included (nfuse.md §10). The
//! crate must not know the server, its tokens or its rules; the server reaches it over HTTP, like
//! any other farm.
//!
//! Layers, each of which imports only from those above it:
//!
//! | layer | content |
//! |---|---|
//! | `model` | plain data: users, applications, hosts, sessions, tickets, settings, worlds |
//! | `rules` | pure decisions: host choice, limits, sharing, lockout, generations, refusals |
//! | `error`, `crypto` | errors of commands; password hashes and random bytes |
//! | `store` | SQL: the database file, its schema, queries and changes |
//! | `launch` | rules and store together: placement of a launch, redemption of its ticket |
//! | `farms` | the handles [`Farms`] (a data folder) and [`Farm`] (one farm of it) |
//! | `service`, `admin` | NFuse, STA and HTTP; the calls behind the `roamd farm` commands |

mod admin;
mod crypto;
mod error;
mod farms;
mod launch;
mod model;
mod rules;
mod service;
mod store;

pub use admin::init::init;
pub use error::Error;
pub use farms::{Farm, Farms};
pub use model::account::{AccountChange, AccountRecord, AccountState};
pub use model::account_policy::{AccountPolicy, AccountPolicyChange, PasswordHashing};
pub use model::application::{ApplicationChange, ApplicationKind, ApplicationRecord};
pub use model::content_address::{ContentAddress, ContentAddressError};
pub use model::farm::{FarmPart, FarmSummary};
pub use model::farm_limits::{FarmLimitsChange, FarmLimitsRecord};
pub use model::file_types::{FileTypes, FileTypesError};
pub use model::generation::Generation;
pub use model::host::{HostChange, HostGroupRecord, HostRecord, PowerSetting, PowerState};
pub use model::ica_file::IcaFileError;
pub use model::launch_refusal::LaunchRefusal;
pub use model::limit::{Limit, LimitError};
pub use model::session::{SessionFilter, SessionRecord, SessionState};
pub use model::ticket::TicketRefusal;
pub use model::world::{
    Application, Domain, FarmDescription, Host, HostGroup, StartSession, User, World,
};
pub use model::world_error::{WorldError, WorldFault, WorldProblem};
pub use service::http::serve;
pub use service::request_handler::ServeOptions;
