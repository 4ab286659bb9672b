//! Queries for sessions: the fan-out of a list to the planned farms.

use std::pin::pin;
use std::sync::Arc;

use futures_util::future::{join_all, try_join};
use tracing::{info, warn};

use super::merge::{ListOutcome, QueriedSessions};
use super::plan::{FarmPlan, ListPlan, ListQuery};
use crate::farm::find_farm;
use crate::{EndPoint, Farm, FarmError, FarmSessions, Operation, ResourceEnumeration, User};

/// Queries all farms of the plan at once. Results are in the order of the plan.
pub(crate) async fn query<F: Farm>(
    farms: &[F],
    plan: &ListPlan,
    user: &User,
    end_point: &EndPoint,
) -> QueriedSessions {
    let planned = plan.farms().iter();
    let planned = planned.filter_map(|(id, plan)| Some((find_farm(farms, id)?, *plan)));
    let outcomes = planned.map(async |(farm, plan)| {
        let id = &farm.description().id;
        let outcome = match plan {
            FarmPlan::Skip(reason) => ListOutcome::Skipped(reason),
            FarmPlan::Query(query) => {
                let result = match farm.begin(user).await {
                    // On the heap, because it is large, and not needed while a permit is awaited;
                    // and made there, because `Box::pin` would copy all of its room.
                    Ok(operation) => {
                        let room = Box::new_uninit();
                        let query = query_farm(farm, &operation, user, end_point, query);
                        Box::into_pin(Box::write(room, query)).await
                    }
                    Err(error) => Err(error),
                };
                result.unwrap_or_else(|error| {
                    warn!(farm = %id, %error, "Farm did not list sessions");
                    ListOutcome::Failed { query, error }
                })
            }
        };
        (id.clone(), outcome)
    });
    QueriedSessions {
        outcomes: join_all(outcomes).await,
        user_farms: plan.user_farms().clone(),
    }
}

/// Queries one farm for sessions, and for the resource enumeration that separates applications from
/// desktops.
async fn query_farm<F: Farm>(
    farm: &F,
    operation: &F::Operation,
    user: &User,
    end_point: &EndPoint,
    query: ListQuery,
) -> Result<ListOutcome, FarmError> {
    let share = query.enumeration_share();
    let listing = || operation.sessions(end_point, query.scope());
    let (sessions, enumeration) = if query.scope().disconnects_active() {
        // The enumeration comes first: a list that disconnects sessions must not be made if its
        // result cannot be used, nor with too little time left.
        let enumeration = operation.applications(share).await;
        let enumeration = optional_enumeration(farm, query, enumeration)?;
        let sessions = listing().await;
        log_side_effect(farm, user, &sessions);
        (sessions?, enumeration)
    } else {
        // Made where they stay, because they are large, and would be copied.
        let enumeration =
            pin!(async { optional_enumeration(farm, query, operation.applications(share).await) });
        let listing = pin!(listing());
        let (enumeration, sessions) = try_join(enumeration, listing).await?;
        (sessions, enumeration)
    };
    let pre_launch = if query.requires_pre_launch(sessions.as_slice(), enumeration.as_deref()) {
        pre_launch_enumeration(farm, operation).await
    } else {
        None
    };
    Ok(ListOutcome::Listed {
        query,
        sessions,
        enumeration,
        pre_launch,
    })
}

/// The pre-launch resources, among which unknown sessions may be applications. Without them, these
/// sessions are not listed, and the list is partial.
async fn pre_launch_enumeration<F: Farm>(
    farm: &F,
    operation: &F::Operation,
) -> Option<Arc<ResourceEnumeration>> {
    match operation.pre_launch_applications().await {
        Ok(enumeration) => Some(enumeration),
        // A farm without pre-launch refuses the scope.
        Err(FarmError::Refused(_)) => None,
        Err(error) => {
            let farm = &farm.description().id;
            warn!(%farm, %error, "Farm did not list pre-launch applications");
            None
        }
    }
}

/// Returns `None` for a failed enumeration that the list does not need.
///
/// # Errors
/// If the list requires the enumeration. If the farm refuses the account, since it would refuse the
/// list of sessions too.
fn optional_enumeration<F: Farm>(
    farm: &F,
    query: ListQuery,
    enumeration: Result<Arc<ResourceEnumeration>, FarmError>,
) -> Result<Option<Arc<ResourceEnumeration>>, FarmError> {
    match enumeration {
        Ok(enumeration) => Ok(Some(enumeration)),
        Err(error) if query.requires_enumeration() || error.concerns_account() => Err(error),
        Err(error) => {
            let farm = &farm.description().id;
            warn!(%farm, %error, "Farm did not list applications; listing sessions without titles");
            Ok(None)
        }
    }
}

/// Logs the side effect of a list, so that a help desk can explain a disconnected session (SS-29).
fn log_side_effect<F: Farm>(farm: &F, user: &User, sessions: &Result<FarmSessions, FarmError>) {
    let may_have_disconnected = sessions
        .as_ref()
        .map_or(true, |them| !them.as_slice().is_empty());
    if may_have_disconnected {
        info!(
            farm = %farm.description().id,
            user = %user.key(),
            "Active sessions listed; the farm disconnects them from their clients"
        );
    }
}
