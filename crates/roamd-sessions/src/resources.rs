//! What a user may start, on all farms together (store-services.md §5).

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use futures_util::future::join_all;
use roamd_store_proto::EnumerationStatus;
use tracing::warn;

use crate::enumeration::enumeration;
use crate::{
    Application, Busy, DeadlineShare, Farm, FarmDescription, FarmError, Icon, IconSize, Operation,
    ResourceEnumeration, ResourceId, ResourceIds, Store, User,
};

/// The resources of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceList {
    /// How many of the farms did answer (ST-60).
    pub enumeration: EnumerationStatus,
    /// The resources: farms in configured order, then as the farm lists them. What several farms of
    /// a group publish stands where the first of them has it.
    pub resources: Vec<ListedResource>,
}

/// An application or desktop that the user may start, or a document to open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedResource {
    /// Its id: that of the first farm which publishes it.
    pub id: ResourceId,
    /// The same application on further farms of the group, in configured order.
    pub elsewhere: Vec<ResourceId>,
    /// What the first farm says of it.
    pub application: Arc<Application>,
    /// Name of the first farm.
    pub publisher_name: String,
}

/// What a list is about (ST-57).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// What people start.
    Everything,
    /// What clients start before anybody asks.
    PreLaunch,
}

/// What one farm contributed.
#[derive(Debug)]
pub struct FarmEnumeration<'a> {
    /// The farm.
    pub farm: &'a FarmDescription,
    /// What the user may start there.
    pub catalogue: Result<Arc<ResourceEnumeration>, FarmError>,
}

/// Why a resource is not told of.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResourceError {
    /// There is none, or none that the user may see.
    #[error("there is no such resource")]
    NotFound,
    /// Its farm gave no answer.
    #[error("the resource's farm gave no answer: {0}")]
    Farm(#[from] FarmError),
}

impl ListedResource {
    /// Whether this is one of its ids.
    #[must_use]
    pub fn is(&self, id: &ResourceId) -> bool {
        self.id == *id || self.elsewhere.contains(id)
    }

    /// Its ids, in the order in which a launch tries them.
    #[must_use]
    pub fn ids(&self) -> ResourceIds {
        ResourceIds::new(self.id.clone(), self.elsewhere.iter().cloned())
    }

    /// Takes in the same application of a farm that comes later, or of the same farm. A farm that
    /// publishes it more than once counts with the first name.
    fn join(&mut self, id: ResourceId, application: &Arc<Application>) {
        let last = self.elsewhere.last_mut().unwrap_or(&mut self.id);
        if last.farm != id.farm {
            self.elsewhere.push(id);
        } else if id < *last {
            *last = id;
            if self.elsewhere.is_empty() {
                self.application = Arc::clone(application);
            }
        }
    }
}

impl<F: Farm> Store<F> {
    /// Lists what the user may start, in this scope.
    ///
    /// # Errors
    /// No farm was asked, because all were busy.
    pub async fn resources(&self, user: &User, scope: Scope) -> Result<ResourceList, Busy> {
        merge(&ask(self.farms().iter(), user, scope).await)
    }

    /// Tells of one resource, under any of its ids.
    ///
    /// # Errors
    /// There is none, or its farm gave no answer.
    pub async fn resource(
        &self,
        user: &User,
        id: &ResourceId,
    ) -> Result<ListedResource, ResourceError> {
        let farm = self.farm(&id.farm).ok_or(ResourceError::NotFound)?;
        let farm = farm.description();
        let concerned = |other: &&F| {
            let other = other.description();
            let grouped = farm.aggregation_group.is_some()
                && other.aggregation_group == farm.aggregation_group;
            other.id == farm.id || grouped
        };
        for scope in [Scope::Everything, Scope::PreLaunch] {
            let answers = ask(self.farms().iter().filter(concerned), user, scope).await;
            let own = answers.iter().find(|answer| answer.farm.id == farm.id);
            match own.map(|answer| &answer.catalogue) {
                // A farm that knows no such scope has nothing there.
                Some(Err(FarmError::Refused(_))) if scope == Scope::PreLaunch => break,
                Some(Err(error)) => return Err(error.clone().into()),
                Some(Ok(_)) | None => {}
            }
            let list = merge(&answers).map_err(|Busy| FarmError::Busy)?;
            let mut resources = list.resources.into_iter();
            if let Some(found) = resources.find(|resource| resource.is(id)) {
                return Ok(found);
            }
        }
        Err(ResourceError::NotFound)
    }

    /// The picture of a resource, from the farm in its id.
    ///
    /// # Errors
    /// There is no such resource, or its farm gave no answer.
    pub async fn picture(
        &self,
        user: &User,
        id: &ResourceId,
        size: IconSize,
    ) -> Result<Icon, ResourceError> {
        let farm = self.farm(&id.farm).ok_or(ResourceError::NotFound)?;
        picture(farm, user, &id.in_name, size)
            .await
            .inspect_err(|error| {
                if let ResourceError::Farm(error) = error {
                    warn!(farm = %id.farm, %error, "Farm did not show a picture");
                }
            })
    }
}

async fn picture<F: Farm>(
    farm: &F,
    user: &User,
    in_name: &str,
    size: IconSize,
) -> Result<Icon, ResourceError> {
    let operation = farm.begin(user).await?;
    let catalogue = catalogue_with(&operation, in_name).await?;
    let application = catalogue
        .application(in_name)
        .ok_or(ResourceError::NotFound)?;
    let picture = operation
        .picture(in_name, application.version, size)
        .await?;
    Ok(picture.map_or(
        Icon::None {
            desktop: application.is_desktop(),
        },
        Icon::OfFarm,
    ))
}

/// The catalogue that has this application: of what people start, or else of what is started before
/// anybody asks. Where none has it, one without it.
pub(crate) async fn catalogue_with(
    operation: &impl Operation,
    in_name: &str,
) -> Result<Arc<ResourceEnumeration>, FarmError> {
    let catalogue = operation.applications(DeadlineShare::Half).await?;
    if catalogue.application(in_name).is_some() {
        return Ok(catalogue);
    }
    match operation.pre_launch_applications().await {
        // A farm that knows no such scope has nothing there.
        Err(FarmError::Refused(_)) => Ok(catalogue),
        answer => answer,
    }
}

/// Asks farms what the user may start there, anew each time (ST-55).
async fn ask<'a, F: Farm + 'a>(
    farms: impl Iterator<Item = &'a F>,
    user: &User,
    scope: Scope,
) -> Vec<FarmEnumeration<'a>> {
    join_all(farms.map(async |farm| {
        let description = farm.description();
        let catalogue = async {
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
        if let Err(error) = &catalogue {
            warn!(farm = %description.id, %error, "Farm did not list applications");
        }
        FarmEnumeration {
            farm: description,
            catalogue,
        }
    }))
    .await
}

/// Merges the answers, which are in configured order. Farms of one group publish the same
/// application once.
///
/// # Errors
/// No farm was asked, because all were busy.
pub fn merge(answers: &[FarmEnumeration<'_>]) -> Result<ResourceList, Busy> {
    let asked = answers.iter().map(|answer| &answer.catalogue);
    let enumeration = enumeration(asked.map(|catalogue| catalogue.as_ref().map(|_| ())))?;
    let mut resources: Vec<ListedResource> = Vec::new();
    let mut grouped: HashMap<(&str, _), usize> = HashMap::new();
    for FarmEnumeration { farm, catalogue } in answers {
        let Ok(catalogue) = catalogue else { continue };
        for (in_name, application) in catalogue.applications() {
            let id = ResourceId::new(&farm.id, in_name);
            let group = farm.aggregation_group.as_deref();
            let known =
                group.and_then(
                    |group| match grouped.entry((group, application.identity())) {
                        Entry::Occupied(entry) => Some(*entry.get()),
                        Entry::Vacant(entry) => {
                            entry.insert(resources.len());
                            None
                        }
                    },
                );
            match known.and_then(|index| resources.get_mut(index)) {
                Some(resource) => resource.join(id, application),
                None => resources.push(ListedResource {
                    id,
                    elsewhere: Vec::new(),
                    application: Arc::clone(application),
                    publisher_name: farm.publisher_name.clone(),
                }),
            }
        }
    }
    Ok(ResourceList {
        enumeration,
        resources,
    })
}
