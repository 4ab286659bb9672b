//! Farms over NFuse: the adapter of the domain's port, password checks, and probes.

mod adapter;
mod address_request;
mod client_settings;
mod context;
mod credential_check;
mod credentials;
mod enumeration;
mod error_codes;
mod errors;
mod farm_state;
mod filters;
mod icon_cache;
mod icons;
mod launch;
mod operation;
mod operation_kind;
mod outcome;
mod password_check;
pub(crate) mod probe;
mod session_end;
mod session_list;
mod ticket_authorities;

pub(crate) use self::adapter::NfuseFarm;
pub(crate) use self::credential_check::CredentialFarms;
pub(crate) use self::error_codes::native_label;
pub(crate) use self::errors::error_id_label;
pub(crate) use self::farm_state::{FarmSetup, FarmsMemory, LARGE_LIST, change_limiter};
pub(crate) use self::operation_kind::OperationKind;
pub(crate) use self::outcome::{OUTCOMES, outcome};
pub(crate) use self::password_check::{PasswordCheck, PasswordCheckCache};
pub(crate) use self::ticket_authorities::TicketAuthorities;
