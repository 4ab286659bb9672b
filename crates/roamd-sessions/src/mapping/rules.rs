//! Configured mappings of a store.

use crate::{FarmId, Sid};

/// Gives the users of some groups the farms of some sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FarmMapping {
    /// Name, for explanations.
    pub name: String,
    /// Groups whose users have the farms; empty for all users.
    pub groups: Vec<Sid>,
    /// The farms.
    pub farm_sets: Vec<FarmSet>,
}

/// Farms that stand for each other.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FarmSet {
    /// Farms that serve the users; at least one.
    pub primary: Vec<FarmId>,
    /// Farms that are queried for resources only if no primary one can list them.
    pub backup: Vec<FarmId>,
    /// Order in which launches try the primary farms.
    pub launch_order: LaunchOrder,
    /// Aggregation group of the farms; `None` for the one that each farm has itself.
    pub aggregation_group: Option<String>,
}

/// Order in which launches try farms that publish the same application.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LaunchOrder {
    /// As listed.
    #[default]
    Ordered,
    /// In an order that differs between users and is the same for each launch of a user, so that
    /// they return to the farm that has their sessions.
    Balanced,
}

impl FarmMapping {
    /// Whether it is for a user with these identifiers; `None` if that is not known.
    pub(super) fn is_for(&self, sids: Option<&[&str]>) -> Option<bool> {
        if self.groups.is_empty() {
            return Some(true);
        }
        let sids = sids?;
        let mut groups = self.groups.iter();
        Some(groups.any(|group| sids.contains(&group.as_str())))
    }

    /// Whether one of its sets has the farm.
    pub(super) fn has(&self, farm: &FarmId) -> bool {
        let mut sets = self.farm_sets.iter();
        sets.any(|set| set.primary.contains(farm) || set.backup.contains(farm))
    }
}
