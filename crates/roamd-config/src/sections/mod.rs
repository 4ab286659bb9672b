//! The sections of `roamd.toml`, one file for each.

pub(crate) mod audit;
pub(crate) mod authentication;
pub(crate) mod branding;
pub(crate) mod citrix_gateway;
pub(crate) mod controllers;
pub(crate) mod farm;
pub(crate) mod filter;
pub(crate) mod free_path;
pub(crate) mod keys;
pub(crate) mod limits;
pub(crate) mod listener;
pub(crate) mod login_throttle;
pub(crate) mod mapping;
pub(crate) mod roaming;
pub(crate) mod state;
pub(crate) mod store;
pub(crate) mod tls;
pub(crate) mod tracing;
pub(crate) mod web_site;
