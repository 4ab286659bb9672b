//! Sessions: the list, and the end of those of this browser (web-api.md §10).

use roamd_http::Response;
use roamd_sessions::{EndAction, ListRequest};
use roamd_store_proto::{EnumerationStatus, ExplainedSession, Session};
use roamd_web_proto::{FarmNames, Parameters, SessionResult, SessionType, Sessions, media_type};

use super::response::{answer, with_farms};
use super::visit::Visit;
use crate::http::error::ApiError;
use crate::http::request::Request;
use crate::routes::explain::{encode, explain_for};
use crate::routes::sessions::{end_for, list_for};

/// Lists the sessions that the user may move to this browser.
pub(super) async fn list(visit: &Visit<'_>, request: Request) -> Result<Response, ApiError> {
    let caller = visit.caller(&request).await?;
    let session_type = Parameters::decode(&caller.body(request).await?).session_type;
    let (state, store) = (visit.state, visit.store);
    let list_request = list_request(session_type);
    let end_point = store.end_point_of(&visit.device()?);
    let list = list_for(state, store, &caller, list_request, end_point).await?;
    if list.enumeration == EnumerationStatus::Failed {
        return Err(ApiError::FarmUnavailable);
    }
    let missing_farms = list.missing_farms.clone();
    let size = list.sessions.len();
    let write = move || {
        let desktops_only = session_type == Some(SessionType::Desktops);
        let listed = list.sessions.into_iter();
        let listed = listed.filter(|session| session.desktop || !desktops_only);
        let sessions = listed.map(|session| Session {
            id: session.id,
            initial_app: session.initial_app,
            publisher_name: session.publisher_name,
            ..Session::default()
        });
        Sessions::to_json(&sessions.collect::<Vec<_>>())
    };
    let body = state.large_work.run(size, write).await?;
    Ok(with_farms(
        answer(media_type::JSON, body),
        FarmNames::MISSING,
        &missing_farms,
    ))
}

/// Explains the list of [`list`] (SS-72), without its side effect.
pub(super) async fn explain(visit: &Visit<'_>, request: Request) -> Result<Response, ApiError> {
    let caller = visit.caller(&request).await?;
    let via = request.citrix_gateway();
    let session_type = Parameters::decode(&caller.body(request).await?).session_type;
    let (state, store) = (visit.state, visit.store);
    let list_request = list_request(session_type);
    let end_point = store.end_point_of(&visit.device()?);
    let mut explained = explain_for(state, store, &caller, list_request, end_point, via).await?;
    if session_type == Some(SessionType::Desktops) {
        let sessions = explained.farms.iter_mut().flat_map(|it| &mut it.sessions);
        sessions.for_each(leave_out_application);
    }
    Ok(answer(media_type::JSON, encode(state, explained).await?))
}

/// The list of the sessions of this type. Active ones are always included, which disconnects them
/// on farms before version 7 (WA-98).
fn list_request(session_type: Option<SessionType>) -> ListRequest {
    ListRequest {
        include_active_sessions: true,
        app_sessions_only: session_type == Some(SessionType::Applications),
    }
}

/// Explains that a list of desktops does not have the session of an application.
fn leave_out_application(session: &mut ExplainedSession) {
    if session.offered && session.desktop != Some(true) {
        session.offered = false;
        session.id = None;
        "not-a-desktop".clone_into(&mut session.reason);
        "Not offered: only desktops are wanted.".clone_into(&mut session.text);
    }
}

/// Ends the sessions that are connected from this browser (WA-103, WA-104).
pub(super) async fn end(
    visit: &Visit<'_>,
    action: EndAction,
    request: Request,
) -> Result<Response, ApiError> {
    let caller = visit.caller(&request).await?;
    caller.body(request).await?;
    let (state, store) = (visit.state, visit.store);
    let end_point = store.end_point_of(&visit.device()?);
    let status = end_for(state, store, &caller, action, end_point, Vec::new()).await?;
    let body = SessionResult { status }.to_json();
    Ok(answer(media_type::JSON, body))
}
