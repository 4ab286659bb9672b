#![doc = include_str!("../README.md")]
#![expect(clippy::panic, reason = "an oracle reports by panicking")]

mod account;
mod citrixauth;
mod configuration;
mod fixed_keys;
mod headers;
mod ica;
mod ids;
mod key_ring;
mod memory_folder;
mod nfuse;
mod revocations;
mod split_input;
mod stability;
mod state_file;
mod store;
mod storefront_import;
mod web;
mod xml;

pub use account::account;
pub use citrixauth::{conversation, token};
pub use configuration::{configuration, world};
pub use headers::headers;
pub use ica::ica;
pub use ids::ids;
pub use key_ring::key_ring;
pub use nfuse::{nfuse_request, nfuse_response};
pub use revocations::revocations;
pub use state_file::state_file;
pub use store::{store_request, store_response};
pub use storefront_import::storefront_import;
pub use web::web;
pub use xml::xml;
