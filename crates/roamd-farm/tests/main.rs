//! The embedded farm from outside: its data folder as programs see it, its XML service over sockets.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise"
)]
#![expect(
    clippy::type_complexity,
    reason = "a table's type stands beside the table, where its columns are read"
)]

mod at_once;
mod catalogue;
mod credentials;
mod data_folder;
mod ill_treatment;
mod killed;
mod launch;
mod launch_refusals;
mod model;
mod random_walks;
mod service;
mod sessions;
mod settings;
mod sharing;
mod sta;
mod support;
mod world;
