//! `RequestAppData`: the applications of a farm (nfuse.md §6.1, §6.2).

mod access_list;
mod application;
mod file_type;
mod icon;
mod launch_settings;
mod message;
mod settings;

pub use access_list::AccessEntry;
pub use application::Application;
pub use file_type::FileType;
pub use icon::{IconData, IconForm};
pub use launch_settings::{LaunchSettings, Level};
pub use message::{AppDataRequest, AppDataResponse};
pub use settings::{Settings, StartMenu};
