//! The commands, one per file, and what several of them share.

pub(crate) mod apps;
pub(crate) mod audit;
pub(crate) mod backup;
pub(crate) mod compare;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod demo;
mod dialect;
pub(crate) mod farm;
pub(crate) mod group;
pub(crate) mod healthcheck;
pub(crate) mod keys;
pub(crate) mod login;
pub(crate) mod logout;
pub(crate) mod man;
pub(crate) mod profiles;
pub(crate) mod reload;
pub(crate) mod restore;
pub(crate) mod serve;
pub(crate) mod sessions;
pub(crate) mod status;
pub(crate) mod throttle;
pub(crate) mod token;
pub(crate) mod tokens;
pub(crate) mod version;

mod account;
mod age;
mod audit_files;
mod authorities;
mod cells;
mod config_file;
mod confirm;
mod ica_launch;
mod listing;
mod passphrase;
mod password;
mod private_file;
mod probe_rows;

mod result_format;
mod running_server;
mod saved_sign_ins;
mod store;
mod terminal;
