//! Disconnect and log off on a farm, with the invalidation of logon tickets (nfuse.md §4).

use jiff::SignedDuration;
use roamd_nfuse_proto::{
    CapabilityId, DisconnectUserSessionsRequest, LogoffUserSessionsRequest, SessionSelection,
};
use roamd_sessions::{EndAction, EndPoint, FarmError};
use secrecy::{ExposeSecret, SecretString};
use tracing::info;

use super::context::OperationContext;

/// Ends the user's sessions that are connected from this end-point, and invalidates these tickets.
///
/// # Errors
/// If the farm did not confirm the end of sessions, or may not have invalidated the tickets: both
/// are one operation (SS-46, SS-50).
pub(super) async fn end(
    context: &OperationContext,
    action: EndAction,
    end_point: &EndPoint,
    tickets: &[SecretString],
) -> Result<(), FarmError> {
    let (tickets, invalidated) = match tickets_to_send(context, tickets).await {
        Ok(tickets) => (tickets, Ok(())),
        Err(error) => (Vec::new(), Err(error)),
    };
    let sessions = SessionSelection {
        tickets,
        ..SessionSelection::new(context.session_criteria(end_point))
    };
    let ended = match action {
        EndAction::Disconnect => {
            let request = DisconnectUserSessionsRequest(sessions);
            context.query(&request).await.map(drop)
        }
        EndAction::LogOff => {
            let request = LogoffUserSessionsRequest(sessions);
            context.query(&request).await.map(drop)
        }
    };
    ended.and(invalidated)
}

/// Returns the tickets to send with the request: all, or none if the farm cannot invalidate
/// tickets.
///
/// NFuse has no known element for tickets, so only a farm that announces the capability gets them.
/// A farm that refuses the request for capabilities has none. For the other farms, the log says
/// until when an unused ticket may work.
///
/// # Errors
/// If it is unknown whether the farm has the capability.
async fn tickets_to_send(
    context: &OperationContext,
    tickets: &[SecretString],
) -> Result<Vec<String>, FarmError> {
    if tickets.is_empty() {
        return Ok(Vec::new());
    }
    match context.has(&CapabilityId::TICKET_INVALIDATION).await {
        Ok(true) => {
            let tickets = tickets.iter();
            Ok(tickets.map(|it| it.expose_secret().to_owned()).collect())
        }
        Ok(false) | Err(FarmError::Refused(_)) => {
            let farm = &context.farm;
            let lifetime = SignedDuration::try_from(farm.config.ticket_time_to_live).ok();
            let until = lifetime.and_then(|lifetime| (farm.clock)().checked_add(lifetime).ok());
            if let Some(until) = until {
                info!(
                    farm = %farm.description.id, %until, count = tickets.len(),
                    "Farm cannot invalidate logon tickets; unused ones work until they expire"
                );
            }
            Ok(Vec::new())
        }
        Err(error) => Err(FarmError::Unavailable(format!(
            "farm did not say whether it can invalidate logon tickets: {error}"
        ))),
    }
}
