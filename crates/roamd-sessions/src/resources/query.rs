//! Queries for resources: the fan-out to the farms, and the lookup of one resource.

use std::sync::Arc;

use futures_util::future::join_all;
use tracing::{info, warn};

use super::filter::ResourceFilter;
use super::merge::{FarmEnumeration, ListedResource, QueriedResources, Scope, merge};
use crate::farm::find_farm;
use crate::{
    Busy, DeadlineShare, Farm, FarmAccess, FarmError, FarmId, Icon, IconSize, Operation,
    ResourceEnumeration, ResourceId, User, UserFarms,
};

/// Reason for which a resource is not returned.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResourceError {
    /// The resource does not exist, or this user may not see it.
    #[error("the resource does not exist")]
    NotFound,
    /// The farm of the resource failed.
    #[error("the farm of the resource failed: {0}")]
    Farm(#[from] FarmError),
}

impl ResourceError {
    /// Whether the farm refused the account (CA-12).
    #[must_use]
    pub fn is_account_refused(&self) -> bool {
        matches!(self, Self::Farm(error) if error.concerns_account())
    }
}

/// Queries the primary farms of the user for their resources, then the backup farms of those that
/// failed. Results are in configured order.
pub(crate) async fn query<F: Farm>(
    farms: &[F],
    user_farms: &UserFarms,
    user: &User,
    scope: Scope,
) -> QueriedResources {
    let access = |farm: &F| user_farms.access(&farm.description().id);
    let primary = farms
        .iter()
        .filter(|farm| access(farm) == FarmAccess::Primary);
    let mut enumerations = enumerate(primary, user_farms, user, scope).await;
    let failed = |id: &FarmId| {
        let result = enumerations.iter().find(|it| it.farm.id == *id)?;
        result.enumeration.as_ref().err()
    };
    let is_required = |farm: &&F| {
        let is_backup = access(farm) == FarmAccess::Backup;
        is_backup && user_farms.requires_backup(&farm.description().id, failed)
    };
    let backup: Vec<_> = farms.iter().filter(is_required).collect();
    if !backup.is_empty() {
        info!(user = %user.key(), "Primary farms failed; querying backup farms for resources");
        enumerations.extend(enumerate(backup.into_iter(), user_farms, user, scope).await);
        let place = |id: &FarmId| farms.iter().position(|farm| farm.description().id == *id);
        enumerations.sort_by_key(|it| place(&it.farm.id));
    }
    let by_id = enumerations.into_iter();
    QueriedResources {
        enumerations: by_id
            .map(|it| (it.farm.id.clone(), it.enumeration))
            .collect(),
        user_farms: user_farms.clone(),
    }
}

/// Looks up one resource that the filter shows, by any of its ids.
///
/// # Errors
/// [`ResourceError`] if the resource does not exist or its farm failed.
pub(crate) async fn resource<F: Farm>(
    farms: &[F],
    user_farms: &UserFarms,
    filter: &ResourceFilter,
    user: &User,
    id: &ResourceId,
) -> Result<ListedResource, ResourceError> {
    let farm = user_farm(farms, user_farms, &id.farm)?;
    let farm = user_farms.description(farm.description());
    let may_publish = |other: &&F| {
        let other = user_farms.description(other.description());
        let grouped =
            farm.aggregation_group.is_some() && other.aggregation_group == farm.aggregation_group;
        let is_primary = user_farms.access(&other.id) == FarmAccess::Primary;
        other.id == farm.id || (grouped && is_primary)
    };
    for scope in [Scope::Everything, Scope::PreLaunch] {
        let enumerations =
            enumerate(farms.iter().filter(may_publish), user_farms, user, scope).await;
        let own = enumerations.iter().find(|other| other.farm.id == farm.id);
        match own.map(|own| &own.enumeration) {
            // A farm without pre-launch refuses the scope.
            Some(Err(FarmError::Refused(_))) if scope == Scope::PreLaunch => break,
            Some(Err(error)) => return Err(error.clone().into()),
            Some(Ok(_)) | None => {}
        }
        let list = merge(&enumerations, filter).map_err(|Busy| FarmError::Busy)?;
        let mut resources = list.of_user(user_farms).resources.into_iter();
        if let Some(found) = resources.find(|resource| resource.is(id)) {
            return Ok(found);
        }
    }
    Err(ResourceError::NotFound)
}

/// Gets the icon of a resource from the farm in its id.
///
/// # Errors
/// [`ResourceError`] if the resource does not exist or its farm failed.
pub(crate) async fn icon<F: Farm>(
    farms: &[F],
    user_farms: &UserFarms,
    user: &User,
    id: &ResourceId,
    size: IconSize,
) -> Result<Icon, ResourceError> {
    let farm = user_farm(farms, user_farms, &id.farm)?;
    icon_on(farm, user, &id.in_name, size)
        .await
        .inspect_err(|error| {
            if let ResourceError::Farm(error) = error {
                warn!(farm = %id.farm, %error, "Farm did not send an icon");
            }
        })
}

/// Returns a farm that serves the user.
///
/// # Errors
/// [`ResourceError::NotFound`] if there is none with this id.
fn user_farm<'f, F: Farm>(
    farms: &'f [F],
    user_farms: &UserFarms,
    id: &FarmId,
) -> Result<&'f F, ResourceError> {
    match user_farms.access(id) {
        FarmAccess::Primary | FarmAccess::Backup => {
            find_farm(farms, id).ok_or(ResourceError::NotFound)
        }
        FarmAccess::Undecided | FarmAccess::NotMapped => Err(ResourceError::NotFound),
    }
}

/// Gets the enumeration that has this application: the resources of the user, else the pre-launch
/// resources. If neither has the application, returns one of them.
pub(crate) async fn enumeration_with(
    operation: &impl Operation,
    in_name: &str,
) -> Result<Arc<ResourceEnumeration>, FarmError> {
    let enumeration = operation.applications(DeadlineShare::Half).await?;
    if enumeration.application(in_name).is_some() {
        return Ok(enumeration);
    }
    match operation.pre_launch_applications().await {
        // A farm without pre-launch refuses the scope.
        Err(FarmError::Refused(_)) => Ok(enumeration),
        result => result,
    }
}

async fn icon_on<F: Farm>(
    farm: &F,
    user: &User,
    in_name: &str,
    size: IconSize,
) -> Result<Icon, ResourceError> {
    let operation = farm.begin(user).await?;
    let enumeration = enumeration_with(&operation, in_name).await?;
    let application = enumeration
        .application(in_name)
        .ok_or(ResourceError::NotFound)?;
    let icon = operation.icon(in_name, application.version, size).await?;
    Ok(icon.map_or(
        Icon::None {
            desktop: application.is_desktop(),
        },
        Icon::OfFarm,
    ))
}

/// Asks farms for the resources of the user, without using the cache (ST-55).
async fn enumerate<'f, F: Farm + 'f>(
    farms: impl Iterator<Item = &'f F>,
    user_farms: &'f UserFarms,
    user: &User,
    scope: Scope,
) -> Vec<FarmEnumeration<'f>> {
    join_all(farms.map(async |farm| {
        let description = user_farms.description(farm.description());
        let enumeration = async {
            let operation = farm.begin(user).await?;
            match scope {
                Scope::Everything => {
                    operation.forget_applications().await;
                    operation.applications(DeadlineShare::Whole).await
                }
                Scope::PreLaunch => operation.pre_launch_applications().await,
            }
        }
        .await;
        if let Err(error) = &enumeration {
            warn!(farm = %description.id, %error, "Farm did not list applications");
        }
        FarmEnumeration {
            farm: description,
            enumeration,
        }
    }))
    .await
}
