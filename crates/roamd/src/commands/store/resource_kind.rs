//! Kind of a resource: application, desktop, or the store's own type.

use roamd_store_client::{Resource, ResourceType};

/// Returns `application`, `desktop`, or the store's own identifier of another type.
pub(in crate::commands) fn resource_kind(resource: &Resource) -> &str {
    if resource.resource_type == ResourceType::APPLICATION {
        "application"
    } else if resource.resource_type == ResourceType::DESKTOP {
        "desktop"
    } else {
        &resource.resource_type.0
    }
}
