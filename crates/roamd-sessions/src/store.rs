//! A store: its farms in configured order, and the operations on all of them.

use std::sync::Arc;

use futures_util::future::{join_all, try_join};
use roamd_seal::KeyRing;
use roamd_store_proto::ErrorReason;
use secrecy::SecretString;
use tracing::{info, warn};

use crate::plan::{self, FarmPlan, ListQuery};
use crate::{
    Busy, DeadlineShare, EndAction, EndOutcome, EndPoint, Farm, FarmError, FarmId, FarmListResult,
    FarmResult, FarmSession, Launch, LaunchOutcome, LaunchTarget, ListOutcome, ListRequest,
    Operation, RemoteAccess, ResourceEnumeration, ResourceId, SessionIds, SessionList, Target,
    User, UserKey, end, failover, list,
};

/// The farms of a store, and the service that they give together.
#[derive(Debug)]
pub struct Store<F> {
    farms: Vec<F>,
    ids: SessionIds,
    remote_access: Option<RemoteAccess>,
}

impl<F: Farm> Store<F> {
    /// A store over these farms, whose session ids are sealed under these keys.
    #[must_use]
    pub fn new(farms: Vec<F>, keys: Arc<KeyRing>) -> Self {
        Self {
            farms,
            ids: SessionIds::new(keys),
            remote_access: None,
        }
    }

    /// The same store, which clients outside reach through a gateway. Without, all are inside.
    #[must_use]
    pub fn with_remote_access(self, remote_access: Option<RemoteAccess>) -> Self {
        Self {
            remote_access,
            ..self
        }
    }

    /// The farms, in configured order.
    #[must_use]
    pub fn farms(&self) -> &[F] {
        &self.farms
    }

    /// Whether a listing takes active sessions away from their clients on any farm (SS-29).
    #[must_use]
    pub fn listing_disconnects(&self, request: ListRequest) -> bool {
        self.farms
            .iter()
            .any(|farm| match plan::list(farm.description(), request) {
                FarmPlan::ListQuery(ask) => ask.disconnects,
                FarmPlan::Skip(_) => false,
            })
    }

    /// Lists the sessions that the user may connect to from this end-point (SS-28 to SS-42).
    ///
    /// # Errors
    /// No farm was asked, because all that had to be were busy.
    pub async fn list(
        &self,
        user: &User,
        end_point: &EndPoint,
        request: ListRequest,
    ) -> Result<SessionList, Busy> {
        let answers = join_all(self.farms.iter().map(async |farm| {
            let description = farm.description();
            let outcome = match plan::list(description, request) {
                FarmPlan::Skip(reason) => ListOutcome::Skipped(reason),
                FarmPlan::ListQuery(ask) => {
                    let answered = ask_farm(farm, user, end_point, ask).await;
                    answered.unwrap_or_else(|error| {
                        warn!(farm = %description.id, %error, "Farm did not list sessions");
                        ListOutcome::Failed { ask, error }
                    })
                }
            };
            FarmListResult {
                farm: description,
                outcome,
            }
        }))
        .await;
        list::merge(&self.ids, &user.key, &answers)
    }

    /// Disconnects or logs off the user's sessions that are connected from this end-point, on every
    /// farm, and invalidates these logon tickets (SS-44 to SS-51).
    ///
    /// # Errors
    /// Nothing was ended, because all farms were busy.
    pub async fn end(
        &self,
        user: &User,
        end_point: &EndPoint,
        how: EndAction,
        tickets: &[SecretString],
    ) -> Result<EndOutcome, Busy> {
        let farms = join_all(self.farms.iter().map(async |farm| {
            let ended = async {
                let operation = farm.begin(user).await?;
                operation.end(how, end_point, tickets).await
            };
            let result = ended.await;
            let farm = farm.description().id.clone();
            if let Err(error) = &result {
                warn!(%farm, ?how, %error, "Farm did not confirm that sessions were ended");
            }
            FarmResult { farm, result }
        }))
        .await;
        end::merge(farms)
    }

    /// Connects the client to a session, or starts an application (SS-53 to SS-59). Where several farms
    /// publish the application, the next one is tried while it is certain that nothing was started.
    ///
    /// # Errors
    /// No farm was asked, because all that could serve it are busy.
    pub async fn launch(
        &self,
        user: &User,
        target: &LaunchTarget,
        launch: &Launch,
    ) -> Result<LaunchOutcome, Busy> {
        let mut told = None;
        for (farm, target) in self.find(&user.key, target) {
            let access = self.remote_access.as_ref();
            let outcome = launch.at(farm, access, user, target).await;
            let may_try_next_farm = failover::may_try_next_farm(&outcome);
            told = Some(match told {
                Some(before) => failover::more_specific(before, outcome),
                None => outcome,
            });
            if !may_try_next_farm {
                break;
            }
        }
        told.unwrap_or(Ok(LaunchOutcome::NotFound(ErrorReason::ResourceNotFound)))
    }

    /// The farms that a target of this user is on, as a launch would ask them, and what it is there.
    /// None where it names nothing of this user's.
    #[must_use]
    pub fn places(&self, user: &UserKey, target: &LaunchTarget) -> Vec<(FarmId, Target)> {
        let places = self.find(user, target).into_iter();
        places
            .map(|(farm, target)| (farm.description().id.clone(), target))
            .collect()
    }

    fn find(&self, user: &UserKey, target: &LaunchTarget) -> Vec<(&F, Target)> {
        let places = match target {
            LaunchTarget::Session(id) => {
                let session = self.ids.open(user, id).into_iter();
                session
                    .map(|(farm, session)| (farm, Target::Session(session)))
                    .collect::<Vec<_>>()
            }
            LaunchTarget::Application(ids) => {
                let place = |id: &ResourceId| {
                    let in_name = id.in_name.clone();
                    (id.farm.clone(), Target::Application(in_name))
                };
                ids.iter().map(place).collect()
            }
        };
        let places = places.into_iter();
        places
            .filter_map(|(id, target)| Some((self.farm(&id)?, target)))
            .collect()
    }

    /// The farm of this id.
    pub(crate) fn farm(&self, id: &FarmId) -> Option<&F> {
        self.farms.iter().find(|farm| farm.description().id == *id)
    }
}

/// The sessions of a farm, and what tells applications from desktops.
async fn ask_farm<F: Farm>(
    farm: &F,
    user: &User,
    end_point: &EndPoint,
    ask: ListQuery,
) -> Result<ListOutcome, FarmError> {
    let operation = farm.begin(user).await?;
    let listing = operation.sessions(end_point, ask.listing);
    let (sessions, catalogue) = if ask.disconnects {
        // The catalogue comes first: a listing that takes sessions away from their clients must not
        // be made for nothing, nor with too little time left.
        let catalogue = operation.applications(DeadlineShare::Half).await;
        let catalogue = usable(farm, ask, catalogue)?;
        let listed = listing.await;
        note_side_effect(farm, user, &listed);
        (listed?, catalogue)
    } else {
        let share = if ask.app_sessions_only {
            DeadlineShare::Whole
        } else {
            DeadlineShare::Half
        };
        let catalogue = async { usable(farm, ask, operation.applications(share).await) };
        let (catalogue, sessions) = try_join(catalogue, listing).await?;
        (sessions, catalogue)
    };
    let is_unknown = |session: &FarmSession| {
        let in_name = &session.key.in_name;
        let mut catalogues = catalogue.iter();
        !in_name.is_empty() && catalogues.all(|it| it.application(in_name).is_none())
    };
    let pre_launch = if ask.app_sessions_only && sessions.iter().any(is_unknown) {
        pre_launch(farm, &operation).await
    } else {
        None
    };
    Ok(ListOutcome::Answered {
        ask,
        sessions,
        catalogue,
        pre_launch,
    })
}

/// What else might be applications, where a farm has it. Sessions of that are left out without.
async fn pre_launch<F: Farm>(
    farm: &F,
    operation: &F::Operation,
) -> Option<Arc<ResourceEnumeration>> {
    match operation.pre_launch_applications().await {
        Ok(catalogue) => Some(catalogue),
        // A farm that knows no such scope has nothing there.
        Err(FarmError::Refused(_)) => None,
        Err(error) => {
            let farm = &farm.description().id;
            warn!(%farm, %error, "Farm did not tell what is started before anybody asks");
            None
        }
    }
}

/// A listing may do without the catalogue, unless nobody could tell applications from desktops then.
/// A farm that refuses the account will not list its sessions either: it is not asked twice.
fn usable<F: Farm>(
    farm: &F,
    ask: ListQuery,
    catalogue: Result<Arc<ResourceEnumeration>, FarmError>,
) -> Result<Option<Arc<ResourceEnumeration>>, FarmError> {
    match catalogue {
        Ok(catalogue) => Ok(Some(catalogue)),
        Err(error) if ask.app_sessions_only => Err(error),
        Err(FarmError::Refused(refusal)) if refusal.concerns_account() => {
            Err(FarmError::Refused(refusal))
        }
        Err(error) => {
            let farm = &farm.description().id;
            warn!(%farm, %error, "Farm did not list applications; sessions go without titles");
            Ok(None)
        }
    }
}

/// The help desk asks why a session went away: the log can tell (SS-29).
fn note_side_effect<F: Farm>(farm: &F, user: &User, listed: &Result<Vec<FarmSession>, FarmError>) {
    if listed
        .as_ref()
        .map_or(true, |sessions| !sessions.is_empty())
    {
        info!(
            farm = %farm.description().id,
            user = %user.key,
            "ListScope active sessions takes them away from their clients on this farm"
        );
    }
}
