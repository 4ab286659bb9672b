//! Plain data: values, rows and records without rules, SQL or I/O.

pub(crate) mod account;
pub(crate) mod account_name;
pub(crate) mod account_policy;
pub(crate) mod application;
pub(crate) mod case_folding;
pub(crate) mod client_identity;
pub(crate) mod content_address;
pub(crate) mod farm;
pub(crate) mod farm_limits;
pub(crate) mod file_types;
pub(crate) mod generation;
pub(crate) mod host;
pub(crate) mod ica_file;
pub(crate) mod launch_refusal;
pub(crate) mod limit;
pub(crate) mod session;
pub(crate) mod ticket;
pub(crate) mod ticket_tag;
pub(crate) mod user;
pub(crate) mod world;
pub(crate) mod world_error;
