//! Plan of a launch: the farms that can serve it, in the order in which they are tried.

use crate::farm::find_farm;
use crate::{
    Farm, FarmAccess, FarmId, ResourceId, ResourceIds, Roaming, SessionIds, Target, User, UserFarms,
};

/// Target of a launch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LaunchTarget {
    /// A session, by the id that it was listed with.
    Session(String),
    /// An application or desktop, on the first farm that can serve it.
    Application(ResourceIds),
}

/// Plan of one launch. It holds the user, because session ids are opened under their key: a plan
/// cannot be carried out for another user.
#[derive(Debug, Clone)]
pub struct LaunchPlan {
    user: User,
    candidates: Vec<(FarmId, Target)>,
    roaming: Roaming,
}

impl LaunchPlan {
    /// Plans a launch of this user. There are no candidates if the id does not belong to this user,
    /// names no farm of the user, or if the roaming policy offers no session at all. If several
    /// farms publish an application, the mappings of the user decide on the order.
    pub(crate) fn new<F: Farm>(
        farms: &[F],
        ids: &SessionIds,
        user: &User,
        target: &LaunchTarget,
        roaming: Roaming,
        user_farms: &UserFarms,
    ) -> Self {
        let candidates = match target {
            LaunchTarget::Session(_) if !roaming.offers_disconnected() => Vec::new(),
            LaunchTarget::Session(id) => {
                let session = ids.open(user.key(), id).into_iter();
                session
                    .map(|(farm, session)| (farm, Target::Session(session)))
                    .collect::<Vec<_>>()
            }
            LaunchTarget::Application(ids) => {
                let candidate = |id: &ResourceId| {
                    let in_name = id.in_name.clone();
                    (id.farm.clone(), Target::Application(in_name))
                };
                ids.iter().map(candidate).collect()
            }
        };
        let is_candidate = |(farm, target): &(FarmId, Target)| {
            let is_open = match (user_farms.access(farm), target) {
                (FarmAccess::Primary | FarmAccess::Backup, _)
                | (FarmAccess::Undecided, Target::Session(_)) => true,
                (FarmAccess::Undecided, Target::Application(_)) | (FarmAccess::NotMapped, _) => {
                    false
                }
            };
            is_open && find_farm(farms, farm).is_some()
        };
        let mut candidates: Vec<_> = candidates.into_iter().filter(is_candidate).collect();
        candidates.sort_by_key(|(farm, _)| user_farms.launch_place(farm));
        Self {
            user: user.clone(),
            candidates,
            roaming,
        }
    }

    /// The user of the launch.
    pub(crate) fn user(&self) -> &User {
        &self.user
    }

    /// Whether a session is launched only if it is disconnected (SS-71).
    pub(crate) const fn requires_disconnected(&self) -> bool {
        !self.roaming.offers_active()
    }

    /// The farms to try, in order, and the target on each.
    #[must_use]
    pub fn candidates(&self) -> &[(FarmId, Target)] {
        &self.candidates
    }
}
