//! The farms of one user.

use std::sync::Arc;

use indexmap::IndexMap;

use super::rules::{FarmMapping, FarmSet, LaunchOrder};
use crate::{FarmDescription, FarmError, FarmId, UserKey};

/// The farms of a store for one user. A clone shares them.
///
/// INVARIANT: plans and queries ask this value, so that no user sees a resource of a farm that no
/// mapping gives them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UserFarms(Option<Arc<MappedFarms>>);

/// Relation of a user to a farm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FarmAccess {
    /// The farm serves the user.
    Primary,
    /// It serves the user if the primary farms of its sets cannot. Sessions that it has are those
    /// of the user (SI-16).
    Backup,
    /// A mapping may give it to the user, whose groups are not known. It is asked for the user's
    /// sessions, but not for resources.
    Undecided,
    /// No mapping gives it to the user.
    NotMapped,
}

#[derive(Debug, PartialEq, Eq)]
struct MappedFarms {
    /// All farms of the store, in configured order.
    farms: IndexMap<FarmId, MappedFarm>,
    /// The sets of the user's mappings, in the order of the file.
    sets: Vec<FarmSet>,
}

#[derive(Debug, PartialEq, Eq)]
struct MappedFarm {
    /// The farm, with the aggregation group of its first set.
    description: FarmDescription,
    access: FarmAccess,
    /// Name of the mapping that gives, or may give, the farm to the user.
    mapping: Option<String>,
    /// Place in the order of launches: number of the set, then of the farm in it.
    launch_place: (usize, u64),
}

impl UserFarms {
    /// The farms of a user. `farms` are those of the store, in configured order, and `sids` the
    /// identifiers of the user's groups, at least those that a mapping names, as [`Sid::as_str`]
    /// writes them; `None` if they are not known. Without mappings, all users have all farms.
    ///
    /// [`Sid::as_str`]: crate::Sid::as_str
    #[must_use]
    pub fn new<'f>(
        mappings: &[FarmMapping],
        farms: impl Iterator<Item = &'f FarmDescription>,
        user: &UserKey,
        sids: Option<&[&str]>,
    ) -> Self {
        if mappings.is_empty() {
            return Self::default();
        }
        let of_user = mappings.iter().filter(|it| it.is_for(sids) == Some(true));
        let sets: Vec<_> = of_user
            .flat_map(|mapping| mapping.farm_sets.iter().map(move |set| (mapping, set)))
            .collect();
        let mapped = |farm| MappedFarm::new(farm, mappings, &sets, user, sids);
        let farms = farms.map(|farm| (farm.id.clone(), mapped(farm)));
        Self(Some(Arc::new(MappedFarms {
            farms: farms.collect(),
            sets: sets.iter().map(|(_, set)| (*set).clone()).collect(),
        })))
    }

    /// The relation of the user to a farm.
    #[must_use]
    pub fn access(&self, farm: &FarmId) -> FarmAccess {
        match &self.0 {
            None => FarmAccess::Primary,
            Some(mapped) => mapped
                .farms
                .get(farm)
                .map_or(FarmAccess::NotMapped, |it| it.access),
        }
    }

    /// Name of the mapping that gives, or may give, a farm to the user.
    #[must_use]
    pub fn mapping(&self, farm: &FarmId) -> Option<&str> {
        let mapped = self.0.as_deref()?;
        mapped.farms.get(farm)?.mapping.as_deref()
    }

    /// Whether the store has mappings.
    #[must_use]
    pub const fn are_mapped(&self) -> bool {
        self.0.is_some()
    }

    /// The description of a farm, with the aggregation group that it has for this user.
    pub(crate) fn description<'d>(&'d self, farm: &'d FarmDescription) -> &'d FarmDescription {
        let mapped = self
            .0
            .as_deref()
            .and_then(|mapped| mapped.farms.get(&farm.id));
        mapped.map_or(farm, |mapped| &mapped.description)
    }

    /// The farms that a mapping may give to the user, whose groups are not known.
    pub(crate) fn undecided(&self) -> impl Iterator<Item = &FarmDescription> {
        let mapped = self.0.iter().flat_map(|mapped| mapped.farms.values());
        let undecided = mapped.filter(|farm| farm.access == FarmAccess::Undecided);
        undecided.map(|farm| &farm.description)
    }

    /// Whether a backup farm has to be queried for resources: no primary farm of one of its sets,
    /// or of the sets with the same aggregation group, has listed them. `failed` returns why a farm
    /// has not, or `None` if it has or was not queried.
    pub(crate) fn requires_backup<'e>(
        &self,
        farm: &FarmId,
        failed: impl Fn(&FarmId) -> Option<&'e FarmError>,
    ) -> bool {
        let Some(mapped) = &self.0 else {
            return false;
        };
        let has_failed = |primary: &FarmId| failed(primary).is_some_and(calls_for_backup);
        let has_failed_alike = |set: &FarmSet| {
            let group = &set.aggregation_group;
            let alike = mapped.sets.iter().filter(|other| {
                *other == set || (group.is_some() && other.aggregation_group == *group)
            });
            alike.flat_map(|set| &set.primary).all(has_failed)
        };
        let mut sets = mapped.sets.iter().filter(|set| set.backup.contains(farm));
        sets.any(has_failed_alike)
    }

    /// Place of a farm in the order in which launches try it: primary farms first.
    pub(crate) fn launch_place(&self, farm: &FarmId) -> impl Ord + use<> {
        let mapped = self.0.as_deref().and_then(|mapped| mapped.farms.get(farm));
        mapped.map(|farm| (farm.access, farm.launch_place))
    }
}

impl MappedFarm {
    /// `sets` are those of the mappings that are for the user.
    fn new(
        farm: &FarmDescription,
        mappings: &[FarmMapping],
        sets: &[(&FarmMapping, &FarmSet)],
        user: &UserKey,
        sids: Option<&[&str]>,
    ) -> Self {
        let place_in = |farms: fn(&FarmSet) -> &[FarmId]| {
            let mut numbered = sets.iter().enumerate();
            numbered.find_map(|(number, (mapping, set))| {
                let place = farms(set).iter().position(|id| *id == farm.id)?;
                Some((number, *mapping, *set, place))
            })
        };
        let primary = place_in(|set| &set.primary).map(|place| (FarmAccess::Primary, place));
        let found = primary
            .or_else(|| place_in(|set| &set.backup).map(|place| (FarmAccess::Backup, place)));
        if let Some((access, (number, mapping, set, place))) = found {
            let order = match set.launch_order {
                LaunchOrder::Ordered => u64::try_from(place).unwrap_or(u64::MAX),
                LaunchOrder::Balanced => place_of(user, &farm.id),
            };
            let group = set.aggregation_group.clone();
            return Self {
                description: FarmDescription {
                    aggregation_group: group.or_else(|| farm.aggregation_group.clone()),
                    ..farm.clone()
                },
                access,
                mapping: Some(mapping.name.clone()),
                launch_place: (number, order),
            };
        }
        let mut undecided = mappings.iter().filter(|it| it.is_for(sids).is_none());
        let mapping = undecided.find(|mapping| mapping.has(&farm.id));
        Self {
            description: farm.clone(),
            access: mapping.map_or(FarmAccess::NotMapped, |_| FarmAccess::Undecided),
            mapping: mapping.map(|mapping| mapping.name.clone()),
            launch_place: (usize::MAX, u64::MAX),
        }
    }
}

/// Whether a farm that failed like this cannot serve the user, so that a backup farm does. A farm
/// that is busy, or has refused the account, works.
fn calls_for_backup(error: &FarmError) -> bool {
    match error {
        FarmError::Unavailable(_) | FarmError::NotDone(_) => true,
        FarmError::Busy => false,
        FarmError::Refused(_) | FarmError::RefusedHalfway(_) => !error.concerns_account(),
    }
}

/// Place of a farm in the order of a user: a hash of both, the same on every server.
fn place_of(user: &UserKey, farm: &FarmId) -> u64 {
    let bytes = user
        .as_str()
        .bytes()
        .chain([0])
        .chain(farm.as_str().bytes());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    // FNV-1a leaves the last bytes in the lowest bits only.
    let hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash ^ (hash >> 33)
}
