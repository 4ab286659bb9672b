//! The SQLite database of a data folder.

pub(crate) mod account_policy;
pub(crate) mod database;
pub(crate) mod failed_logins;
pub(crate) mod farm_settings;
pub(crate) mod farms;
pub(crate) mod hosts;
pub(crate) mod logon_tickets;
pub(crate) mod password_history;
pub(crate) mod published_applications;
pub(crate) mod schema;
pub(crate) mod sessions;
mod sql_types;
pub(crate) mod sta_tickets;
pub(crate) mod store_error;
pub(crate) mod usage;
pub(crate) mod users;
mod world_insertion;
