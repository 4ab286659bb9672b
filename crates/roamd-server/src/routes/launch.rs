//! Launches: `sessions/v1/{session-id}/launch/ica[/{retry-key}]` (SS-53 to SS-59), and the same
//! below `resources/v2/{resource-id}` (store-services.md §4).

use std::sync::Arc;

use http::StatusCode;
use http::header::{CONTENT_LANGUAGE, HeaderValue};
use roamd_http::Response;
use roamd_sessions::{
    EndPoint, FailureCause, Launch, LaunchFailure, LaunchOutcome, LaunchTarget, NotReady,
    ResourceIds,
};
use roamd_store_proto::{ErrorReason, Language, LaunchData, RetryReason, media_type};
use tracing::info;

use crate::app::state::{AppState, HostedStore};
use crate::audit::{Actor, Event, LaunchRequest, Launchable, Text};
use crate::auth::password_checks::CheckPolicy;
use crate::auth::retry_key::LaunchId;
use crate::http::error::ApiError;
use crate::http::request::Request;
use crate::http::response::respond_secret;
use crate::http::urls::ProtectionSpace;
use crate::routes::caller::caller;
use crate::routes::resources::found;

/// Reconnects the client to a session.
pub(crate) async fn session(
    state: &AppState,
    store: &HostedStore,
    session: &str,
    retry_key: Option<&str>,
    request: Request,
) -> Result<Response, ApiError> {
    let urls = store.urls(&request);
    let requested = Requested {
        target: Some(LaunchTarget::Session(session.to_owned())),
        launchable: Launchable::Session(Text::new(session)),
        url: urls.session_launch(session),
        space: &urls.sessions,
    };
    launch(state, store, requested, retry_key, request).await
}

/// Launches an application or desktop.
pub(crate) async fn resource(
    state: &AppState,
    store: &HostedStore,
    resource: &str,
    retry_key: Option<&str>,
    request: Request,
) -> Result<Response, ApiError> {
    let urls = store.urls(&request);
    let ids = ResourceIds::from_segment(resource);
    let first = ids.as_ref().and_then(|ids| ids.iter().next());
    let name = first.map_or_else(|| resource.to_owned(), ToString::to_string);
    let requested = Requested {
        launchable: Launchable::Resource(Text::new(&name)),
        url: ids
            .as_ref()
            .map_or_else(String::new, |ids| urls.resource_launch(ids)),
        target: ids.map(LaunchTarget::Application),
        space: &urls.resources,
    };
    launch(state, store, requested, retry_key, request).await
}

/// Refuses to launch a resource in another way than with ICA, which this server does not support
/// (ST-52).
pub(crate) async fn unsupported(
    state: &AppState,
    store: &HostedStore,
    resource: &str,
    request: Request,
) -> Result<Response, ApiError> {
    let caller = caller(state, &request, &store.urls(&request).resources).await?;
    request.accepts(&[media_type::LAUNCH_DATA], media_type::LAUNCH_DATA)?;
    store.launch_params(&caller.body_of(request, media_type::LAUNCH_PARAMS).await?)?;
    let ids = ResourceIds::from_segment(resource).ok_or(ApiError::RESOURCE_NOT_FOUND)?;
    caller.check_password(store.check_policy()).await?;
    // The first farm that has the resource, as a launch with ICA tries them.
    for id in ids.iter() {
        let listed = store.service.resource(&caller.user, id).await;
        match found(&caller, listed).await {
            Ok(_) => return Err(ApiError::MissingTarget(ErrorReason::UnsupportedOperation)),
            Err(ApiError::MissingTarget(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Err(ApiError::RESOURCE_NOT_FOUND)
}

/// Target of a launch URL.
struct Requested<'s> {
    /// `None` if the id is invalid; reported after all other checks.
    target: Option<LaunchTarget>,
    /// The target as the audit log names it.
    launchable: Launchable,
    /// The URL without a retry key.
    url: String,
    space: &'s ProtectionSpace,
}

/// Launches a session or resource. A retry key continues an earlier attempt that was not ready.
async fn launch(
    state: &AppState,
    store: &HostedStore,
    requested: Requested<'_>,
    retry_key: Option<&str>,
    request: Request,
) -> Result<Response, ApiError> {
    let Requested {
        target,
        launchable,
        url,
        space,
    } = requested;
    let urls = store.urls(&request);
    let caller = caller(state, &request, space).await?;
    let media = request.accepts(&[media_type::LAUNCH_DATA], media_type::LAUNCH_DATA)?;
    let language = request.language();
    // A client behind a proxy that is not configured, or whose proxy does not name it, is outside.
    let seen_address = request.own_client_address();
    let params = store.launch_params(&caller.body_of(request, media_type::LAUNCH_PARAMS).await?)?;
    let end_point = EndPoint::from(&params);
    let user = &caller.user;
    let actor = Actor::new(user, &store.path, &end_point);
    let planned = target.map(|target| (store.service.plan_launch(user, &target), target));
    let targets = planned.as_ref();
    let targets = targets.map_or_else(Vec::new, |(plan, _)| plan.candidates().to_vec());
    let record = LaunchRequest {
        actor: actor.clone(),
        launchable,
        is_retry: retry_key.is_some(),
        targets,
    };
    let attempt = match (planned, retry_key) {
        (None, _) => None,
        (Some(planned), None) => Some((planned, None)),
        (Some(planned), Some(key)) => state
            .retry_keys
            .continue_launch(caller.user.key(), &url, key, caller.now())
            .await?
            .map(|launch| (planned, Some(launch))),
    };
    let Some(((plan, target), continued)) = attempt else {
        let reason = ErrorReason::ResourceNotFound;
        let result = Ok(LaunchOutcome::NotFound(reason));
        caller.audit.record(Event::launch(record, &result));
        return Err(ApiError::MissingTarget(reason));
    };
    caller.check_password(CheckPolicy::SkipIfUnknown).await?;
    let launch = Launch {
        params,
        seen_address,
    };
    let resource_ids = match target {
        LaunchTarget::Application(ids) => Some(ids),
        LaunchTarget::Session(_) => None,
    };
    let (service, audit) = (Arc::clone(&store.service), caller.audit.clone());
    let run = async move {
        let result = service.launch(&plan, &launch).await;
        audit.record(Event::launch(record, &result));
        result
    };
    let data = match state.changes.run_to_completion(run).await?? {
        LaunchOutcome::NotFound(reason) => return Err(ApiError::MissingTarget(reason)),
        LaunchOutcome::NotReady { reason, farm } => {
            let launch = continued.unwrap_or_else(LaunchId::random);
            // Further attempts query only the farm that is preparing its machine.
            let url = match resource_ids {
                Some(ids) => ids.on(&farm).map_or(url, |ids| urls.resource_launch(&ids)),
                None => url,
            };
            let (user, now) = (caller.user.key(), caller.now());
            let key = state.retry_keys.make(user, &url, launch, now);
            let data = not_ready(reason, format!("{url}/{key}"));
            return Ok(launch_response(media, language, &data));
        }
        LaunchOutcome::Failed(failure) => {
            caller.check_again_if(failure.is_account_refused()).await?;
            failed(&failure, language)
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
                failed(&failure, language)
            } else {
                LaunchData::Success {
                    ica: ica.text().clone(),
                    logon_ticket: ticket,
                }
            }
        }
    };
    if let Some(launch) = continued {
        let user = caller.user.key();
        state.retry_keys.finish(user, launch, caller.now()).await;
    }
    Ok(launch_response(media, language, &data))
}

/// Delays in seconds: clients retry at most 30 times (CQ-64), and a restart takes minutes.
fn not_ready(reason: NotReady, url: String) -> LaunchData {
    let (reason, after) = match reason {
        NotReady::Rebooting => (RetryReason::REBOOTING, 15),
        NotReady::Resuming => (RetryReason::RESUMING, 10),
        NotReady::Unknown => (RetryReason::UNKNOWN, 5),
    };
    LaunchData::Retry {
        url,
        after: Some(after),
        reason,
        remedy: None,
    }
}

fn failed(failure: &LaunchFailure, language: Language) -> LaunchData {
    LaunchData::Failure {
        id: failure.id(),
        text: failure.text(language).to_owned(),
        remedy: failure.remedy(),
    }
}

/// A launch document. If it holds a text for people, its language is declared (ST-8).
fn launch_response(media: &'static str, language: Language, data: &LaunchData) -> Response {
    let mut response = respond_secret(StatusCode::OK, media, data.to_xml());
    if matches!(data, LaunchData::Failure { .. }) {
        let tag = HeaderValue::from_static(language.tag());
        response.headers_mut().insert(CONTENT_LANGUAGE, tag);
    }
    response
}
