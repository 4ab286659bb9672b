//! Cache of the icons of one farm.
//!
//! An icon is the same for every user who may see the application, so it is cached once per farm.
//! The domain checks the user's own enumeration before it requests an icon.

use std::sync::Arc;
use std::time::Duration;

use moka::future::Cache;
use roamd_sessions::IconSize;

/// Lifetime of a cached icon. A new version of the application has a new cache entry.
const LIFETIME: Duration = Duration::from_secs(3600);

/// Cached icons of one farm; `None` for an application without icon.
pub(super) type IconCache = Cache<IconKey, Option<Arc<[u8]>>>;

/// Key of a cached icon.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct IconKey {
    pub(super) in_name: String,
    pub(super) version: Option<i64>,
    pub(super) size: IconSize,
}

/// Makes an empty cache of this many bytes.
pub(super) fn icon_cache(bytes: u64) -> IconCache {
    Cache::builder()
        .weigher(|key: &IconKey, icon: &Option<Arc<[u8]>>| {
            let bytes = key.in_name.len() + icon.as_ref().map_or(0, |bytes| bytes.len());
            u32::try_from(size_of::<IconKey>() + bytes).unwrap_or(u32::MAX)
        })
        .max_capacity(bytes)
        .time_to_live(LIFETIME)
        .build()
}
