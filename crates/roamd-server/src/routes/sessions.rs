//! `sessions/v1/available`, `disconnect` and `logoff` (SS-28 to SS-52).

use std::sync::Arc;

use futures_util::future::try_join_all;
use http::StatusCode;
use roamd_http::Response;
use roamd_nfuse_client::LargeWorkFailed;
use roamd_sessions::{Busy, EndAction, EndPoint, ListPlan, ListRequest, SessionList, Store, User};
use roamd_store_proto::{
    Session, SessionOperation, SessionResult, SessionState, SessionStatus, media_type,
};
use secrecy::SecretString;
use tracing::info;

use crate::app::state::{AppState, HostedStore};
use crate::audit::{Actor, Event};
use crate::farms::NfuseFarm;
use crate::http::error::ApiError;
use crate::http::request::Request;
use crate::http::response::{Caching, respond};
use crate::http::urls::StoreUrls;
use crate::large_work::LargeRequestWork;
use crate::routes::caller::{Caller, caller};

/// Lists the sessions that the client may reconnect to.
pub(crate) async fn available(
    state: &AppState,
    store: &HostedStore,
    request: Request,
) -> Result<Response, ApiError> {
    let urls = store.urls(&request);
    let caller = caller(state, &request, &urls.sessions).await?;
    let media = request.accepts(&[media_type::SESSION_STATE], media_type::SESSION_STATE)?;
    let params = store.session_params(
        &caller.body_of(request, media_type::SESSION_PARAMS).await?,
        SessionOperation::List,
    )?;
    let list_request = ListRequest {
        include_active_sessions: params.include_active_sessions,
        app_sessions_only: params.app_sessions_only,
    };
    let list = list_for(state, store, &caller, list_request, EndPoint::from(&params)).await?;
    let (urls, spelling) = (Arc::clone(urls), store.spelling(params.spelling));
    let size = list.sessions.len();
    let write = move || document(&urls, list).to_xml(spelling);
    let body = state.large_work.run(size, write).await?;
    Ok(respond(StatusCode::OK, media, Caching::None, body))
}

/// Lists the sessions that a caller may reconnect to from an end-point, after a check of the
/// password.
pub(super) async fn list_for(
    state: &AppState,
    store: &HostedStore,
    caller: &Caller<'_>,
    list_request: ListRequest,
    end_point: EndPoint,
) -> Result<SessionList, ApiError> {
    caller.check_password(store.check_policy()).await?;
    let service = Arc::clone(&store.service);
    let roaming = caller.roaming(store).sessions;
    let plan = service.plan_list(list_request, roaming, caller.farms(store));
    // A list with side effects runs to completion, like every change. Any other is cancelled if
    // its client disconnects.
    let list = if plan.has_side_effects() {
        let (user, audit) = (caller.user.clone(), caller.audit.clone());
        let actor = Actor::new(&user, &store.path, &end_point);
        let large_work = state.large_work.clone();
        let list = async move {
            let listed = list(service, &large_work, &plan, &user, &end_point).await?;
            audit.record(Event::listed(actor, &listed));
            Ok::<_, LargeWorkFailed>(listed)
        };
        state.changes.run_to_completion(list).await???
    } else {
        let user = &caller.user;
        list(service, &state.large_work, &plan, user, &end_point).await??
    };
    check_after(caller, [&list]).await?;
    Ok(list)
}

/// Lists the sessions of a caller that are not connected from each of these end-points, after a
/// check of the password. It has no side effect: farms that would disconnect active sessions list
/// the disconnected ones only.
pub(super) async fn lists_without_side_effects<const N: usize>(
    state: &AppState,
    store: &HostedStore,
    caller: &Caller<'_>,
    lists: [(ListRequest, &EndPoint); N],
) -> Result<[SessionList; N], ApiError> {
    caller.check_password(store.check_policy()).await?;
    let (roaming, user_farms) = (caller.roaming(store).sessions, caller.farms(store));
    let list = async |(list_request, end_point): (ListRequest, &EndPoint)| {
        let service = Arc::clone(&store.service);
        let plan = service.plan_list(list_request, roaming, user_farms.clone());
        let plan = plan.without_side_effects();
        let (large_work, user) = (&state.large_work, &caller.user);
        Ok::<_, ApiError>(list(service, large_work, &plan, user, end_point).await??)
    };
    let lists = try_join_all(lists.map(list)).await?;
    check_after(caller, &lists).await?;
    <[SessionList; N]>::try_from(lists)
        .map_err(|_| ApiError::Internal("a list of sessions is missing".into()))
}

/// Checks a caller again, since the farms may have taken long to respond.
async fn check_after(
    caller: &Caller<'_>,
    lists: impl IntoIterator<Item = &SessionList>,
) -> Result<(), ApiError> {
    let mut lists = lists.into_iter();
    let is_refused = lists.any(|list| list.account_refused);
    caller.check_again_if(is_refused).await?;
    caller.check_token_again().await
}

/// Queries the farms, and merges their sessions.
async fn list(
    service: Arc<Store<NfuseFarm>>,
    large_work: &LargeRequestWork,
    plan: &ListPlan,
    user: &User,
    end_point: &EndPoint,
) -> Result<Result<SessionList, Busy>, LargeWorkFailed> {
    let queried = service.query_sessions(plan, user, end_point).await;
    let (size, user) = (queried.size(), user.key().clone());
    let merge = move || service.merge_sessions(&user, queried);
    large_work.run(size, merge).await
}

/// The list as a document.
fn document(urls: &StoreUrls, list: SessionList) -> SessionState {
    let sessions = list.sessions.into_iter().map(|session| Session {
        launch_url: urls.session_launch(&session.id),
        id: session.id,
        server_type: session.server_type,
        initial_app: session.initial_app,
        aggregated: session.aggregated,
        resource_id: session.resource_id,
        publisher_name: session.publisher_name,
    });
    SessionState::new(list.enumeration, sessions)
}

/// Disconnects the sessions that are connected from the client.
pub(crate) async fn disconnect(
    state: &AppState,
    store: &HostedStore,
    request: Request,
) -> Result<Response, ApiError> {
    end(state, store, request, EndAction::Disconnect).await
}

/// Logs off the sessions that are connected from the client.
pub(crate) async fn log_off(
    state: &AppState,
    store: &HostedStore,
    request: Request,
) -> Result<Response, ApiError> {
    end(state, store, request, EndAction::LogOff).await
}

async fn end(
    state: &AppState,
    store: &HostedStore,
    request: Request,
    action: EndAction,
) -> Result<Response, ApiError> {
    let caller = caller(state, &request, &store.urls(&request).sessions).await?;
    // The singular is accepted too, and the response then has that type (SS-49).
    let media = request.accepts(
        &[media_type::SESSION_RESULTS, media_type::SESSION_RESULT],
        media_type::SESSION_RESULTS,
    )?;
    let params = store.session_params(
        &caller.body_of(request, media_type::SESSION_PARAMS).await?,
        SessionOperation::End,
    )?;
    let tickets: Vec<SecretString> = params
        .tickets
        .iter()
        .map(|ticket| SecretString::from(ticket.as_str()))
        .collect();
    let end_point = EndPoint::from(&params);
    let status = end_for(state, store, &caller, action, end_point, tickets).await?;
    let body = SessionResult { status }.to_xml(store.spelling(params.spelling));
    Ok(respond(StatusCode::OK, media, Caching::None, body))
}

/// Ends the sessions of a caller that are connected from an end-point, after a check of the
/// password.
pub(super) async fn end_for(
    state: &AppState,
    store: &HostedStore,
    caller: &Caller<'_>,
    action: EndAction,
    end_point: EndPoint,
    tickets: Vec<SecretString>,
) -> Result<SessionStatus, ApiError> {
    caller.check_password(store.check_policy()).await?;
    // Before any farm is queried, so that the tickets are not handed out again (SS-46). If that
    // fails the sessions are ended all the same: farms invalidate tickets themselves or let them
    // expire.
    let user = caller.user.key();
    let are_invalidated = state.revocations.invalidate_tickets(user, &tickets).await;
    let service = Arc::clone(&store.service);
    let (user, audit) = (caller.user.clone(), caller.audit.clone());
    let actor = Actor::new(&user, &store.path, &end_point);
    let user_farms = caller.farms(store);
    let end = async move {
        let mut ended = service
            .end(&user_farms, &user, &end_point, action, &tickets)
            .await;
        if let Ok(outcome) = &mut ended
            && outcome.status == SessionStatus::Success
            && !are_invalidated
        {
            outcome.status = SessionStatus::Partial;
        }
        audit.record(Event::ended(actor, action, &ended));
        ended
    };
    let ended = state.changes.run_to_completion(end).await??;
    let status = ended.status;
    info!(user = %caller.user.key(), ?action, ?status, "End of sessions requested");
    caller.check_again_if(ended.is_account_refused()).await?;
    Ok(status)
}
