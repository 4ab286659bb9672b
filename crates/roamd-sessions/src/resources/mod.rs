//! Resources of a user on all farms: queries and a pure merge (store-services.md §5).

mod filter;
mod merge;
mod query;

pub use self::filter::{FilterType, ResourceFilter};
pub use self::merge::{
    FarmEnumeration, ListedResource, QueriedResources, ResourceList, Scope, merge,
};
pub use self::query::ResourceError;
pub(crate) use self::query::{enumeration_with, icon, query, resource};
