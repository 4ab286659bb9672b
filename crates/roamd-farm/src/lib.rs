#![doc = include_str!("../README.md")]

mod admin;
mod crypto;
mod error;
mod farms;
mod launch;
mod model;
mod recent;
mod rules;
mod service;
mod store;
mod turns;

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
pub use model::session::{SessionFilter, SessionRecord, SessionState, SessionTarget};
pub use model::ticket::TicketRefusal;
pub use model::world::{
    Application, Domain, FarmDescription, Host, HostGroup, StartSession, User, World,
};
pub use model::world_error::{WorldError, WorldFault, WorldProblem};
pub use service::http::{serve, serve_tls};
pub use service::request_handler::ServeOptions;
pub use store::database::FILE as DATABASE_FILE;
