//! Merge of the farms' resource enumerations into one list (ST-60).

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use roamd_store_proto::EnumerationStatus;

use super::filter::ResourceFilter;
use crate::enumeration_status::{Completeness, enumeration_status};
use crate::farm::is_account_refused;
use crate::{
    Application, Busy, FarmDescription, FarmError, FarmId, ResourceEnumeration, ResourceId,
    ResourceIds, UserFarms,
};

/// The resources that a user may start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceList {
    /// Whether every farm listed all its resources (ST-60).
    pub enumeration: EnumerationStatus,
    /// The resources: farms in configured order, then the order of the farm. An aggregated resource
    /// has the position of its first farm.
    pub resources: Vec<ListedResource>,
    /// Publisher names of the farms that did not list, in configured order; then those of farms
    /// that a mapping may give to the user.
    pub missing_farms: Vec<String>,
    /// No farm listed, and a farm refused the account (CA-12).
    pub account_refused: bool,
}

/// A listed application, desktop or document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedResource {
    /// Id on the first farm that publishes it.
    pub id: ResourceId,
    /// Ids on further farms of the group, in configured order, or in the order of launches if the
    /// store has mappings.
    pub other_ids: Vec<ResourceId>,
    /// The application, as the first farm publishes it.
    pub application: Arc<Application>,
    /// Publisher name of the first farm.
    pub publisher_name: String,
}

/// Which resources are listed (ST-57).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Resources that users start.
    Everything,
    /// Resources that clients start in advance, without a user action.
    PreLaunch,
}

/// Enumerations of all farms, in configured order, before they are merged.
#[derive(Debug)]
pub struct QueriedResources {
    pub(crate) enumerations: Vec<(FarmId, Result<Arc<ResourceEnumeration>, FarmError>)>,
    /// The farms of the user.
    pub(crate) user_farms: UserFarms,
}

impl QueriedResources {
    /// Number of resources, as a measure of the work of the merge.
    #[must_use]
    pub fn size(&self) -> usize {
        let enumerations = self.enumerations.iter();
        let enumerations = enumerations.filter_map(|(_, it)| it.as_ref().ok());
        enumerations.map(|it| it.applications().count()).sum()
    }
}

/// Resource enumeration of one farm.
#[derive(Debug)]
pub struct FarmEnumeration<'a> {
    /// The farm.
    pub farm: &'a FarmDescription,
    /// The resources that the user may start there.
    pub enumeration: Result<Arc<ResourceEnumeration>, FarmError>,
}

impl ResourceList {
    /// The same list, which is not full if a mapping may give the user further farms. Launches try
    /// the ids of each resource in the order of the user's mappings.
    pub(crate) fn of_user(mut self, user_farms: &UserFarms) -> Self {
        let mut undecided = user_farms.undecided().peekable();
        if undecided.peek().is_some() && self.enumeration == EnumerationStatus::Full {
            self.enumeration = EnumerationStatus::Partial;
        }
        let names = undecided.map(|farm| farm.publisher_name.clone());
        self.missing_farms.extend(names);
        if user_farms.are_mapped() {
            for resource in &mut self.resources {
                let others = &mut resource.other_ids;
                others.sort_by_key(|id| user_farms.launch_place(&id.farm));
            }
        }
        self
    }
}

impl FarmEnumeration<'_> {
    /// Whether the enumeration has all resources of the farm, or why it is missing.
    fn completeness(&self) -> Result<Completeness, &FarmError> {
        let enumeration = self.enumeration.as_ref();
        enumeration.map(|it| Completeness::of(it.is_truncated()))
    }
}

impl ListedResource {
    /// Whether this is an id of the resource.
    #[must_use]
    pub fn is(&self, id: &ResourceId) -> bool {
        self.id == *id || self.other_ids.contains(id)
    }

    /// All ids, in the order in which a launch tries them.
    #[must_use]
    pub fn ids(&self) -> ResourceIds {
        ResourceIds::new(self.id.clone(), self.other_ids.iter().cloned())
    }

    /// Adds the same application on a later farm, or again on the last farm. If a farm publishes it
    /// more than once, the alphabetically first internal name counts.
    fn add(&mut self, id: ResourceId, application: &Arc<Application>) {
        let last = self.other_ids.last_mut().unwrap_or(&mut self.id);
        if last.farm != id.farm {
            self.other_ids.push(id);
        } else if id < *last {
            *last = id;
            if self.other_ids.is_empty() {
                self.application = Arc::clone(application);
            }
        }
    }
}

/// Merges the resources that the filter shows. The enumerations are in configured order. An
/// application that several farms of a group publish is listed once.
///
/// # Errors
/// [`Busy`] if no farm was queried, because all were busy.
pub fn merge(farms: &[FarmEnumeration<'_>], filter: &ResourceFilter) -> Result<ResourceList, Busy> {
    let completeness = || farms.iter().map(FarmEnumeration::completeness);
    let enumeration = enumeration_status(completeness())?;
    let mut resources: Vec<ListedResource> = Vec::new();
    let mut grouped: HashMap<(&str, _), usize> = HashMap::new();
    for FarmEnumeration { farm, enumeration } in farms {
        let Ok(enumeration) = enumeration else {
            continue;
        };
        let shown = enumeration.applications();
        for (in_name, application) in shown.filter(|(_, application)| filter.shows(application)) {
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
                Some(resource) => resource.add(id, application),
                None => resources.push(ListedResource {
                    id,
                    other_ids: Vec::new(),
                    application: Arc::clone(application),
                    publisher_name: farm.publisher_name.clone(),
                }),
            }
        }
    }
    let missing = farms.iter().filter(|it| it.enumeration.is_err());
    Ok(ResourceList {
        enumeration,
        resources,
        missing_farms: missing.map(|it| it.farm.publisher_name.clone()).collect(),
        account_refused: is_account_refused(completeness().map(|it| it.map(drop))),
    })
}
