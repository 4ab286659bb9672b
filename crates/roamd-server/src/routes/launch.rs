//! Launches: `sessions/v1/{session-id}/launch/ica[/{retry-key}]` (SS-53 to SS-59), and the same
//! below `resources/v2/{resource-id}` (store-services.md §4).

use http::StatusCode;
use http::header::{CONTENT_LANGUAGE, HeaderValue};
use roamd_http::Response;
use roamd_sessions::{EndPoint, Launch, LaunchFailure, LaunchTarget, NotReady, ResourceIds};
use roamd_store_proto::{ErrorReason, Language, LaunchData, media_type};

use crate::app::state::{AppState, HostedStore};
use crate::audit::{Launchable, Text};
use crate::http::error::ApiError;
use crate::http::request::Request;
use crate::http::response::respond_secret;
use crate::http::urls::ProtectionSpace;
use crate::routes::caller::caller;
use crate::routes::planned_launch::{Launched, PlannedLaunch, ResourceTarget, retry_after};
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
    let ResourceTarget { ids, launchable } = ResourceTarget::of_segment(resource);
    let requested = Requested {
        launchable,
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
    let user_farms = caller.farms(store);
    // The first farm that has the resource, as a launch with ICA tries them.
    for id in ids.iter() {
        let listed = store.service.resource(&user_farms, &caller.user, id).await;
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
    let via = request.citrix_gateway();
    let params = store.launch_params(&caller.body_of(request, media_type::LAUNCH_PARAMS).await?)?;
    let end_point = EndPoint::from(&params);
    let is_retry = retry_key.is_some();
    let known = target.as_ref();
    let planned = PlannedLaunch::new(store, &caller, known, launchable, is_retry, &end_point);
    if let Some(key) = retry_key
        && target.is_some()
    {
        let user = caller.user.key();
        let keys = &state.retry_keys;
        if !keys.use_up(user, &url, key, caller.now()).await? {
            return Err(planned.not_found(&caller));
        }
    }
    let launch = Launch {
        params,
        // A client behind a proxy that is not configured, or whose proxy does not name it, is
        // outside.
        seen_address: caller.address,
        via,
        title: None,
    };
    let data = match planned.run(state, store, &caller, launch).await? {
        Launched::NotReady { reason, farm } => {
            // Further attempts query only the farm that is preparing its machine.
            let url = match target {
                Some(LaunchTarget::Application(ids)) => {
                    ids.on(&farm).map_or(url, |ids| urls.resource_launch(&ids))
                }
                Some(LaunchTarget::Session(_)) | None => url,
            };
            let (user, now) = (caller.user.key(), caller.now());
            let key = state.retry_keys.make(user, &url, now);
            let data = not_ready(reason, format!("{url}/{key}"));
            return Ok(launch_response(media, language, &data));
        }
        Launched::Failed(failure) => failed(&failure, language),
        Launched::Ready { ica, ticket } => LaunchData::Success {
            ica,
            logon_ticket: ticket,
        },
    };
    Ok(launch_response(media, language, &data))
}

fn not_ready(reason: NotReady, url: String) -> LaunchData {
    let (reason, after) = retry_after(reason);
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
