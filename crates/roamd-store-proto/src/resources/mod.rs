//! Resources: what a user may start (store-services.md §5).

mod groups;
mod resource;
mod resource_list;

pub use groups::{Group, Groups};
pub use resource::{Image, Property, Resource, ResourceType, StartMenu};
pub use resource_list::Resources;
