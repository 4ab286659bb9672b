//! `sessions/v1/available`, `disconnect` and `logoff` (SS-28 to SS-52).

use std::sync::Arc;

use futures_util::future::join_all;
use http::StatusCode;
use jiff::Timestamp;
use roamd_http::Response;
use roamd_sessions::{EndAction, EndOutcome, EndPoint, ListRequest, User};
use roamd_store_proto::{Session, SessionParams, SessionResult, SessionState, media_type};
use secrecy::SecretString;
use tracing::{info, warn};

use crate::app::state::AppState;
use crate::audit::{Event, Who};
use crate::auth::tickets;
use crate::http::error::ApiError;
use crate::http::request::Request;
use crate::http::response::{Caching, whole};
use crate::http::urls::StoreUrls;

/// Lists the sessions that the client may connect to.
pub(crate) async fn available(
    gate: &AppState,
    site: &StoreUrls,
    request: Request,
) -> Result<Response, ApiError> {
    let trail = request.trail(gate);
    let user = request.user(gate, &site.sessions).await?;
    let media = request.accepts(&[media_type::SESSION_STATE], media_type::SESSION_STATE)?;
    let params = SessionParams::from_xml(&request.body_of(media_type::SESSION_PARAMS).await?)?;
    let wanted = ListRequest {
        include_active_sessions: params.include_active_sessions,
        app_sessions_only: params.app_sessions_only,
    };
    gate.admit(&trail, &user, &site.sessions, site.reach())
        .await?;
    let end_point = end_point(&params);
    let store = Arc::clone(&site.store);
    let plan = store.plan_list(wanted);
    // A list with side effects runs to completion, like every change. Any other list is cancelled
    // if its client disconnects.
    let list = if plan.has_side_effects() {
        let who = Who::new(&user, &site.path, &end_point);
        gate.to_the_end(async move {
            let listed = store.list(&plan, &user, &end_point).await;
            trail.note(Event::listed(who, &listed));
            listed
        })
        .await??
    } else {
        store.list(&plan, &user, &end_point).await?
    };
    let sessions = list.sessions.into_iter().map(|session| Session {
        launch_url: site.launch_url(&session.id),
        id: session.id,
        server_type: session.server_type,
        initial_app: session.initial_app,
        aggregated: session.aggregated,
        resource_id: session.resource_id,
        publisher_name: session.publisher_name,
    });
    let state = SessionState {
        enumeration: list.enumeration,
        sessions: sessions.collect(),
    };
    let body = state.to_xml(site.spelling(params.spelling));
    Ok(whole(StatusCode::OK, media, Caching::None, body))
}

/// Disconnects the sessions that are connected from the client.
pub(crate) async fn disconnect(
    gate: &AppState,
    site: &StoreUrls,
    request: Request,
) -> Result<Response, ApiError> {
    end(gate, site, request, EndAction::Disconnect).await
}

/// Logs off the sessions that are connected from the client.
pub(crate) async fn log_off(
    gate: &AppState,
    site: &StoreUrls,
    request: Request,
) -> Result<Response, ApiError> {
    end(gate, site, request, EndAction::LogOff).await
}

async fn end(
    gate: &AppState,
    site: &StoreUrls,
    request: Request,
    how: EndAction,
) -> Result<Response, ApiError> {
    let trail = request.trail(gate);
    let user = request.user(gate, &site.sessions).await?;
    // The singular is accepted too, and answered as it was asked for (SS-49).
    let media = request.accepts(
        &[media_type::SESSION_RESULTS, media_type::SESSION_RESULT],
        media_type::SESSION_RESULTS,
    )?;
    let params = SessionParams::from_xml(&request.body_of(media_type::SESSION_PARAMS).await?)?;
    let spelling = site.spelling(params.spelling);
    let tickets: Vec<SecretString> = params
        .tickets
        .iter()
        .map(|ticket| SecretString::from(ticket.as_str()))
        .collect();
    gate.admit(&trail, &user, &site.sessions, site.reach())
        .await?;
    invalidate(gate, &user, &tickets).await;
    let (store, end_point) = (Arc::clone(&site.store), end_point(&params));
    let user_key = user.key.clone();
    let who = Who::new(&user, &site.path, &end_point);
    let EndOutcome { status, .. } = gate
        .to_the_end(async move {
            let ended = store.end(&user, &end_point, how, &tickets).await;
            trail.note(Event::ended(who, how, &ended));
            ended
        })
        .await??;
    info!(user = %user_key, ?how, ?status, "EndOutcome the sessions of a client");
    let body = SessionResult { status }.to_xml(spelling);
    Ok(whole(StatusCode::OK, media, Caching::None, body))
}

/// Remembers that these tickets must not be handed out (again), before any farm hears of it. When
/// that fails the sessions are ended all the same: farms invalidate tickets themselves or let them
/// expire.
async fn invalidate(gate: &AppState, user: &User, tickets: &[SecretString]) {
    let until = gate
        .now()
        .checked_add(gate.ticket_memory())
        .unwrap_or(Timestamp::MAX);
    let marks = tickets
        .iter()
        .map(|ticket| gate.invalidate(&user.key, tickets::digest(&user.key, ticket), until));
    for error in join_all(marks).await.into_iter().filter_map(Result::err) {
        warn!(user = %user.key, %error, "Could not remember that a ticket is invalid");
    }
}

fn end_point(params: &SessionParams) -> EndPoint {
    EndPoint {
        client_name: Some(params.client_name.clone()),
        device_id: params.device_id.clone(),
    }
}
