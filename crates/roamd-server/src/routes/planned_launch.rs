//! A launch from its plan to its outcome, whatever message asked for it.

use std::sync::Arc;

use roamd_sessions::{
    EndPoint, FailureCause, FarmId, Launch, LaunchFailure, LaunchOutcome, LaunchPlan, LaunchTarget,
    NotReady, ResourceId, ResourceIds,
};
use roamd_store_proto::{ErrorReason, RetryReason};
use secrecy::SecretString;
use tracing::info;

use crate::app::state::{AppState, HostedStore};
use crate::audit::{Actor, Event, LaunchRequest, Launchable, Text};
use crate::auth::password_checks::CheckPolicy;
use crate::http::error::ApiError;
use crate::routes::caller::Caller;

/// A launch that is planned and not yet carried out.
pub(super) struct PlannedLaunch {
    /// `None` if the id of the target is not valid.
    plan: Option<LaunchPlan>,
    actor: Actor,
    record: LaunchRequest,
}

/// A resource that a segment of a path names.
pub(super) struct ResourceTarget {
    /// Its ids, on each farm of a group; `None` if the segment names none.
    pub(super) ids: Option<ResourceIds>,
    /// The resource as the audit log names it.
    pub(super) launchable: Launchable,
}

impl ResourceTarget {
    /// Reads a segment of a path. The audit log names the first id, and a segment that is none as
    /// it is.
    pub(super) fn of_segment(segment: &str) -> Self {
        let ids = ResourceIds::from_segment(segment);
        let first = ids.as_ref().and_then(|ids| ids.iter().next());
        let name = first.map_or_else(|| segment.to_owned(), ResourceId::to_text);
        Self {
            ids,
            launchable: Launchable::Resource(Text::new(&name)),
        }
    }
}

/// Outcome of a launch.
pub(super) enum Launched {
    /// The client can connect.
    Ready {
        /// The ICA file.
        ica: SecretString,
        /// Logon ticket in it.
        ticket: Option<SecretString>,
    },
    /// The host is not ready yet.
    NotReady {
        /// Reason.
        reason: NotReady,
        /// The farm that prepares it.
        farm: FarmId,
    },
    /// The launch failed.
    Failed(LaunchFailure),
}

impl PlannedLaunch {
    /// Plans a launch of a caller. `target` is `None` if its id is not valid.
    pub(super) fn new(
        store: &HostedStore,
        caller: &Caller<'_>,
        target: Option<&LaunchTarget>,
        launchable: Launchable,
        is_retry: bool,
        end_point: &EndPoint,
    ) -> Self {
        let user = &caller.user;
        let roaming = caller.roaming(store).sessions;
        let user_farms = caller.farms(store);
        let plan = target.map(|target| {
            let service = &store.service;
            service.plan_launch(user, target, roaming, &user_farms)
        });
        let candidates = plan.as_ref().map(LaunchPlan::candidates);
        let actor = Actor::new(user, &store.path, end_point);
        Self {
            record: LaunchRequest {
                actor: actor.clone(),
                launchable,
                is_retry,
                targets: candidates.unwrap_or_default().to_vec(),
            },
            plan,
            actor,
        }
    }

    /// Whether the id of the target is one of this user, on a farm of the store.
    pub(super) fn has_candidates(&self) -> bool {
        !self.record.targets.is_empty()
    }

    /// Records that the target does not exist for this user. Returns the `404`.
    pub(super) fn not_found(self, caller: &Caller<'_>) -> ApiError {
        let reason = ErrorReason::ResourceNotFound;
        let result = Ok(LaunchOutcome::NotFound(reason));
        caller.audit.record(Event::launch(self.record, &result));
        ApiError::MissingTarget(reason)
    }

    /// Launches, after a check of the password. The launch runs to completion and is recorded even
    /// if the client disconnects.
    ///
    /// # Errors
    /// [`ApiError::MissingTarget`] if the target does not exist, or no longer.
    pub(super) async fn run(
        self,
        state: &AppState,
        store: &HostedStore,
        caller: &Caller<'_>,
        launch: Launch,
    ) -> Result<Launched, ApiError> {
        let Self {
            plan: Some(plan),
            actor,
            record,
        } = self
        else {
            return Err(self.not_found(caller));
        };
        caller.check_password(CheckPolicy::SkipIfUnknown).await?;
        let (service, audit) = (Arc::clone(&store.service), caller.audit.clone());
        let run = async move {
            let result = service.launch(&plan, &launch).await;
            audit.record(Event::launch(record, &result));
            result
        };
        match state.changes.run_to_completion(run).await?? {
            LaunchOutcome::NotFound(reason) => Err(ApiError::MissingTarget(reason)),
            LaunchOutcome::NotReady { reason, farm } => Ok(Launched::NotReady { reason, farm }),
            LaunchOutcome::Failed(failure) => {
                caller.check_again_if(failure.is_account_refused()).await?;
                Ok(Launched::Failed(failure))
            }
            LaunchOutcome::Ready { ica, ticket, farm } => {
                let user = caller.user.key();
                if let Err(refused) = caller.check_token_again().await {
                    info!(%user, %farm, "Token ended during the launch; ticket withheld");
                    caller.audit.record(Event::ticket_withheld(actor, &farm));
                    return Err(refused);
                }
                let is_invalidated = match &ticket {
                    Some(ticket) => state.revocations.is_invalidated(user, ticket).await?,
                    None => false,
                };
                if is_invalidated {
                    info!(%user, %farm, "Farm issued a ticket that was invalidated before");
                    caller.audit.record(Event::ticket_withheld(actor, &farm));
                    let failure = LaunchFailure::new(FailureCause::Cancelled, false);
                    return Ok(Launched::Failed(failure));
                }
                let ica = ica.text().clone();
                Ok(Launched::Ready { ica, ticket })
            }
        }
    }
}

/// Returns the reason of a delay, and the delay in seconds: clients retry at most 30 times (CQ-64),
/// and a restart takes minutes.
pub(super) fn retry_after(reason: NotReady) -> (RetryReason, u32) {
    match reason {
        NotReady::Rebooting => (RetryReason::REBOOTING, 15),
        NotReady::Resuming => (RetryReason::RESUMING, 10),
        NotReady::Unknown => (RetryReason::UNKNOWN, 5),
    }
}
