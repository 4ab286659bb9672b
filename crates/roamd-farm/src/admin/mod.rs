//! Administration of a data folder: what the `roamd farm` commands call.

mod accounts;
mod connect;
mod demo_world;
mod farm_settings;
pub(crate) mod init;
mod sessions;
mod world_file;
