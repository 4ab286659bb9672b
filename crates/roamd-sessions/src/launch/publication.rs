//! Whether a farm publishes an application that is to be launched (ST-52).
//!
//! A cached enumeration does not decide this alone: the application may have been enabled, disabled
//! or removed since.

use std::sync::Arc;

use roamd_store_proto::ErrorReason;

use crate::resources::enumeration_with;
use crate::{
    Application, DeadlineShare, FarmError, Kind, Operation, ResourceEnumeration, ResourceFilter,
    Target,
};

/// Gets the enumeration that has this application. Before one from the cache prevents the launch,
/// the farm is queried again.
pub(super) async fn enumeration_for(
    operation: &impl Operation,
    in_name: &str,
    filter: &ResourceFilter,
) -> Result<Arc<ResourceEnumeration>, FarmError> {
    let known = operation.applications(DeadlineShare::Half).await?;
    if not_startable(known.application(in_name), filter).is_none() {
        return Ok(known);
    }
    operation.forget_applications().await;
    enumeration_with(operation, in_name).await
}

/// Returns why the application cannot be started, or `None` if it can (ST-52). An application that
/// the filter hides does not exist for users. The client opens a document by itself: there is no
/// ICA file for it.
pub(super) fn not_startable(
    application: Option<&Application>,
    filter: &ResourceFilter,
) -> Option<ErrorReason> {
    match application.filter(|application| filter.shows(application)) {
        None => Some(ErrorReason::ResourceNotFound),
        Some(Application { disabled: true, .. }) => Some(ErrorReason::ResourceDisabled),
        Some(Application {
            kind: Kind::Document { .. },
            ..
        }) => Some(ErrorReason::UnsupportedOperation),
        Some(_) => None,
    }
}

/// Returns why an application that the enumeration had cannot be started, after the farm has
/// refused the launch. Returns `None` if the farm still publishes it, or the enumeration fails.
pub(super) async fn not_startable_any_more(
    operation: &impl Operation,
    target: &Target,
    filter: &ResourceFilter,
    error: &FarmError,
) -> Option<ErrorReason> {
    let (Target::Application(in_name), FarmError::Refused(refused)) = (target, error) else {
        return None;
    };
    if !refused.reason.may_mean_unpublished() {
        return None;
    }
    operation.forget_applications().await;
    let current = enumeration_with(operation, in_name).await.ok()?;
    not_startable(current.application(in_name), filter)
}
