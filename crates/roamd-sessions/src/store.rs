//! A store: its farms in configured order, and the operations on all of them.

use std::sync::Arc;

use futures_util::future::join_all;
use roamd_seal::KeyRing;
use roamd_store_proto::SessionStatus;
use secrecy::SecretString;
use tracing::{info, warn};

use crate::plan::{self, Ask, FarmPlan};
use crate::{
    Catalogue, End, EndPoint, Farm, FarmAnswer, FarmError, FarmSession, IcaFile, Launch,
    LaunchFailure, Launched, ListRequest, Outcome, Reconnect, Refusal, SessionIds, SessionList,
    User, end, list,
};

/// The farms of a store, and the service that they give together.
#[derive(Debug)]
pub struct Store<F> {
    farms: Vec<F>,
    ids: SessionIds,
}

impl<F: Farm> Store<F> {
    /// A store over these farms, whose session ids are sealed under these keys.
    #[must_use]
    pub fn new(farms: Vec<F>, keys: Arc<KeyRing>) -> Self {
        Self {
            farms,
            ids: SessionIds::new(keys),
        }
    }

    /// The farms, in configured order.
    #[must_use]
    pub fn farms(&self) -> &[F] {
        &self.farms
    }

    /// Lists the sessions that the user may connect to from this end-point (SS-28 to SS-42).
    pub async fn list(
        &self,
        user: &User,
        end_point: &EndPoint,
        request: ListRequest,
    ) -> SessionList {
        let answers = join_all(self.farms.iter().map(async |farm| {
            let description = farm.description();
            let outcome = match plan::list(description, request) {
                FarmPlan::Skip(reason) => Outcome::Skipped(reason),
                FarmPlan::Ask(ask) => ask_farm(farm, user, end_point, ask).await,
            };
            if let Outcome::Failed(error) = &outcome {
                warn!(farm = %description.id, %error, "Farm did not list sessions");
            }
            FarmAnswer {
                farm: description,
                outcome,
            }
        }))
        .await;
        list::merge(&self.ids, &user.key, &answers)
    }

    /// Disconnects or logs off the user's sessions that are connected from this end-point, on every
    /// farm, and invalidates these logon tickets (SS-44 to SS-51).
    pub async fn end(
        &self,
        user: &User,
        end_point: &EndPoint,
        how: End,
        tickets: &[SecretString],
    ) -> SessionStatus {
        let confirmed = join_all(self.farms.iter().map(async |farm| {
            let result = match how {
                End::Disconnect => farm.disconnect(user, end_point, tickets).await,
                End::LogOff => farm.log_off(user, end_point, tickets).await,
            };
            if let Err(error) = &result {
                let farm = &farm.description().id;
                warn!(%farm, ?how, %error, "Farm did not confirm that sessions were ended");
            }
            result.is_ok()
        }))
        .await;
        end::merge(confirmed)
    }

    /// Connects the client to a session (SS-53 to SS-59).
    pub async fn launch(&self, user: &User, session_id: &str, launch: &Launch) -> Launched {
        let Ok((farm_id, session)) = self.ids.open(&user.key, session_id) else {
            return Launched::NotFound;
        };
        let Some(farm) = self
            .farms
            .iter()
            .find(|farm| farm.description().id == farm_id)
        else {
            return Launched::NotFound;
        };
        let params = &launch.params;
        let reconnect = Reconnect {
            session,
            end_point: EndPoint {
                client_name: params.client_name.clone(),
                device_id: params.device_id.clone(),
            },
            client_address: params
                .client_address
                .or(launch.seen_address)
                .map(|address| address.to_string()),
        };
        match farm.reconnect(user, &reconnect).await {
            Ok(connection) => {
                let title = title(farm, user, &reconnect.session.in_name).await;
                match IcaFile::reconnect(&reconnect.session.in_name, &title, &connection, params) {
                    Ok(ica) => {
                        info!(farm = %farm_id, user = %user.key, "Session is ready to connect");
                        Launched::Ready {
                            ica,
                            ticket: connection.ticket,
                            farm: farm_id,
                        }
                    }
                    Err(error) => {
                        warn!(farm = %farm_id, %error, "Farm's answer does not fit an ICA file");
                        Launched::Failed(LaunchFailure::Answer)
                    }
                }
            }
            Err(FarmError::Refused(Refusal::UnknownSession)) => Launched::NotFound,
            Err(FarmError::Refused(Refusal::NotReady)) => Launched::NotReady,
            Err(error) => {
                warn!(farm = %farm_id, %error, "Farm did not make a session ready to connect");
                Launched::Failed(error.into())
            }
        }
    }
}

/// The catalogue comes first: without it nobody can tell applications from desktops, and a listing
/// that takes sessions away from their clients must not be made for nothing.
async fn ask_farm<F: Farm>(farm: &F, user: &User, end_point: &EndPoint, ask: Ask) -> Outcome {
    let catalogue = match farm.applications(user).await {
        Ok(catalogue) => Some(catalogue),
        Err(error) if ask.applications_only => return Outcome::Failed(error),
        Err(error) => {
            let farm = &farm.description().id;
            warn!(%farm, %error, "Farm did not list applications; sessions go without titles");
            None
        }
    };
    let listed = farm.sessions(user, end_point, ask.listing).await;
    note_side_effect(farm, user, ask, &listed);
    match listed {
        Ok(sessions) => Outcome::Answered {
            ask,
            sessions,
            catalogue,
        },
        Err(error) => Outcome::Failed(error),
    }
}

/// The help desk asks why a session went away: the log can tell (SS-29).
fn note_side_effect<F: Farm>(
    farm: &F,
    user: &User,
    ask: Ask,
    listed: &Result<Vec<FarmSession>, FarmError>,
) {
    if ask.disconnects
        && listed
            .as_ref()
            .map_or(true, |sessions| !sessions.is_empty())
    {
        info!(
            farm = %farm.description().id,
            user = %user.key,
            "Listing active sessions takes them away from their clients on this farm"
        );
    }
}

/// The title of an application, or its internal name where the farm does not tell.
async fn title<F: Farm>(farm: &F, user: &User, in_name: &str) -> String {
    let catalogue: Option<Arc<Catalogue>> = farm.applications(user).await.ok();
    catalogue
        .and_then(|catalogue| catalogue.application(in_name).map(|a| a.title.clone()))
        .unwrap_or_else(|| in_name.to_owned())
}
