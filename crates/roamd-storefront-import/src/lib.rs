#![doc = include_str!("../README.md")]

mod archive;
mod charset;
mod controller;
mod deployment;
mod error;
mod farm;
mod farm_name;
mod finding;
mod gateway;
mod import;
mod json;
mod key_file;
mod launch;
mod mapping;
mod model;
mod options;
mod parts;
mod record;
mod sign_in;
mod source;
mod summary;
mod text;
mod toml_text;
mod unprintable;
mod user_info;
mod web_site;
mod xml;

pub use error::ImportError;
pub use finding::{Finding, Grade};
pub use import::{Import, Neighbours, Outcome, import};
pub use model::KeyFile;
pub use options::{GENERATIONS, Options};
pub use source::Source;
pub use summary::{Count, Summary};
