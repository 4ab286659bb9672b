//! List of a user's sessions on a farm (nfuse.md §3).

use roamd_nfuse_proto::{
    HarmlessListingRequest, ReconnectSessionDataRequest, ReconnectSessionDataResponse,
    SessionEntry, SessionType,
};
use roamd_sessions::{EndPoint, FarmError, FarmSession, FarmSessions, ListScope, SessionKey};
use tracing::warn;

use super::context::OperationContext;
use super::filters::ALL_SERVERS;

/// Server type of a session whose own type the farm does not say (SS-39).
const SERVER_TYPE: &str = "win32";

/// Lists the user's sessions that are not connected from this end-point.
pub(super) async fn sessions(
    context: &OperationContext,
    end_point: &EndPoint,
    scope: ListScope,
) -> Result<FarmSessions, FarmError> {
    let session_types = match scope {
        ListScope::Disconnected => vec![SessionType::Disconnected],
        ListScope::WithActive(_) => vec![SessionType::Active, SessionType::Disconnected],
    };
    let criteria = context.session_criteria(end_point);
    let request = ReconnectSessionDataRequest::new(criteria, session_types);
    let max = context.farm.config.max_sessions;
    let convert = move |response: ReconnectSessionDataResponse| {
        let count = response.sessions.len();
        let sessions = response.sessions.into_iter().map(session);
        (count, FarmSessions::truncated(sessions, max))
    };
    let answer = if scope.disconnects_active() {
        let list = context.query_list(context.deadline, &request, convert);
        list.await?
    } else {
        let request = HarmlessListingRequest(request);
        let list = context.query_list(context.deadline, &request, convert);
        list.await?
    };
    let (count, sessions) = answer.value;
    let sessions = sessions.holding(answer.charge);
    if sessions.is_truncated() {
        let farm = &context.farm.description.id;
        warn!(%farm, count, max, "Farm lists too many sessions; ignoring the rest");
    }
    Ok(sessions)
}

fn session(entry: SessionEntry) -> FarmSession {
    // Farms before 7 return the filter instead of a server type (nfuse.md §3.2).
    let server_type = if entry.server_type.eq_ignore_ascii_case(ALL_SERVERS) {
        SERVER_TYPE.to_owned()
    } else {
        entry.server_type
    };
    FarmSession {
        key: SessionKey {
            host_kind: entry.host_id.kind,
            host_id: entry.host_id.value,
            session_id: entry.session_id,
            in_name: entry.in_name,
        },
        friendly_name: entry.friendly_name,
        server_type,
    }
}
