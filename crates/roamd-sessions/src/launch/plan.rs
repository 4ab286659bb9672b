//! Plan of a launch: the farms that can serve it, in the order in which they are tried.

use crate::farm::find_farm;
use crate::{Farm, FarmId, ResourceId, ResourceIds, SessionIds, Target, User};

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
}

impl LaunchPlan {
    /// Plans a launch of this user. There are no candidates if the id does not belong to this user,
    /// or names no farm of the store.
    pub(crate) fn new<F: Farm>(
        farms: &[F],
        ids: &SessionIds,
        user: &User,
        target: &LaunchTarget,
    ) -> Self {
        let candidates = match target {
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
        let candidates = candidates.into_iter();
        Self {
            user: user.clone(),
            candidates: candidates
                .filter(|(farm, _)| find_farm(farms, farm).is_some())
                .collect(),
        }
    }

    /// The user of the launch.
    pub(crate) fn user(&self) -> &User {
        &self.user
    }

    /// The farms to try, in order, and the target on each.
    #[must_use]
    pub fn candidates(&self) -> &[(FarmId, Target)] {
        &self.candidates
    }
}
