//! The commands, one a file.

pub(crate) mod apps;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod demo;
pub(crate) mod farm;
pub(crate) mod keys;
mod launching;
pub(crate) mod man;
pub(crate) mod serve;
pub(crate) mod sessions;
mod store;
