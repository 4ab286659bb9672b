//! Launches: `sessions/v1/{session-id}/launch/ica[/{retry-key}]` (SS-53 to SS-59), and the same below
//! `resources/v2/{resource-id}` (store-services.md §4).

use std::sync::Arc;

use http::StatusCode;
use http::header::{CONTENT_LANGUAGE, HeaderValue};
use roamd_http::Response;
use roamd_sessions::{
    EndPoint, FailureCause, Launch, LaunchFailure, LaunchOutcome, LaunchTarget, NotReady,
    ResourceIds, User,
};
use roamd_state::FlagKind;
use roamd_store_proto::{ErrorReason, Language, LaunchData, LaunchParams, RetryReason, media_type};
use secrecy::SecretString;
use tracing::{info, warn};

use crate::app::state::{AppState, Reach};
use crate::audit::{self, Event, Text, What, Who};
use crate::auth::retry_key::{LaunchId, RetryKeys, expiry};
use crate::auth::tickets;
use crate::http::error::ApiError;
use crate::http::request::Request;
use crate::http::response::{Caching, whole};
use crate::http::urls::{ProtectionSpace, StoreUrls};

/// Connects the client to a session.
pub(crate) async fn session(
    gate: &AppState,
    site: &StoreUrls,
    session: &str,
    retry: Option<&str>,
    request: Request,
) -> Result<Response, ApiError> {
    let wanted = Wanted {
        target: Some(LaunchTarget::Session(session.to_owned())),
        what: What::Session(Text::new(session)),
        url: site.launch_url(session),
        space: &site.sessions,
    };
    launch(gate, site, wanted, retry, request).await
}

/// Starts an application or desktop.
pub(crate) async fn resource(
    gate: &AppState,
    site: &StoreUrls,
    resource: &str,
    retry: Option<&str>,
    request: Request,
) -> Result<Response, ApiError> {
    let ids = ResourceIds::from_segment(resource);
    let first = ids.as_ref().and_then(|ids| ids.iter().next());
    let name = first.map_or_else(|| resource.to_owned(), ToString::to_string);
    let wanted = Wanted {
        what: What::Resource(Text::new(&name)),
        url: ids
            .as_ref()
            .map_or_else(String::new, |ids| site.launch_resource_url(ids)),
        target: ids.map(LaunchTarget::Application),
        space: &site.resources,
    };
    launch(gate, site, wanted, retry, request).await
}

/// What is launched, and where that was asked.
struct Wanted<'s> {
    /// Nothing where the URL names nothing, which is told after everything else was checked.
    target: Option<LaunchTarget>,
    /// The same for the audit log.
    what: What,
    /// The URL without a retry key.
    url: String,
    space: &'s ProtectionSpace,
}

/// Launches what stands there. A key of an attempt that was not ready goes on with it.
async fn launch(
    gate: &AppState,
    site: &StoreUrls,
    wanted: Wanted<'_>,
    retry: Option<&str>,
    request: Request,
) -> Result<Response, ApiError> {
    let Wanted {
        target,
        what,
        url,
        space,
    } = wanted;
    let trail = request.trail(gate);
    let user = request.user(gate, space).await?;
    let media = request.accepts(&[media_type::LAUNCH_DATA], media_type::LAUNCH_DATA)?;
    let language = request.language();
    let seen_address = request.client_address();
    let params = LaunchParams::from_xml(&request.body_of(media_type::LAUNCH_PARAMS).await?)?;
    let end_point = EndPoint {
        client_name: params.client_name.clone(),
        device_id: params.device_id.clone(),
    };
    let who = Who::new(&user, &site.path, &end_point);
    let planned = target.map(|target| (site.store.plan_launch(&user, &target), target));
    let places = planned.as_ref();
    let places = places.map_or_else(Vec::new, |(plan, _)| plan.candidates().to_vec());
    let line = audit::Launch {
        who: who.clone(),
        what,
        retry: retry.is_some(),
        places,
    };
    let found = match (planned, retry) {
        (None, _) => None,
        (Some(planned), None) => Some((planned, None)),
        (Some(planned), Some(key)) => going_on(gate, &user, &url, key)
            .await?
            .map(|launch| (planned, Some(launch))),
    };
    let Some(((plan, target), going_on)) = found else {
        let reason = ErrorReason::ResourceNotFound;
        trail.note(Event::launch(line, &Ok(LaunchOutcome::NotFound(reason))));
        return Err(ApiError::NothingToLaunch(reason));
    };
    gate.admit(&trail, &user, space, Reach::OneFarm).await?;
    let wish = Launch {
        params,
        seen_address,
    };
    let only_on = match target {
        LaunchTarget::Application(ids) => Some(ids),
        LaunchTarget::Session(_) => None,
    };
    let (store, note) = (Arc::clone(&site.store), trail.clone());
    let launched = gate
        .to_the_end(async move {
            let launched = store.launch(&plan, &wish).await;
            note.note(Event::launch(line, &launched));
            launched
        })
        .await??;
    let data = match launched {
        LaunchOutcome::NotFound(reason) => return Err(ApiError::NothingToLaunch(reason)),
        LaunchOutcome::NotReady { reason, farm } => {
            let launch = going_on.unwrap_or_else(LaunchId::new);
            // Further attempts ask the farm that gets its machine ready, and no other.
            let url = match only_on {
                Some(ids) => ids
                    .on(&farm)
                    .map_or(url, |ids| site.launch_resource_url(&ids)),
                None => url,
            };
            let key = RetryKeys::new(&gate.keys).make(&user.key, &url, launch, gate.now());
            return Ok(answer(
                media,
                language,
                &not_ready(reason, format!("{url}/{key}")),
            ));
        }
        LaunchOutcome::Failed(failure) => failed(&failure, language),
        LaunchOutcome::Ready { ica, ticket, farm } => {
            if is_invalidated(gate, &user, ticket.as_ref()).await? {
                info!(user = %user.key, %farm, "Farm gave a ticket that was invalidated before");
                trail.note(Event::ticket_withheld(who, &farm));
                failed(
                    &LaunchFailure::new(FailureCause::Cancelled, false),
                    language,
                )
            } else {
                LaunchData::Success {
                    ica: ica.text().clone(),
                    logon_ticket: ticket,
                }
            }
        }
    };
    if let Some(launch) = going_on {
        let (ended, until) = (launch.digest(), expiry(gate.now()));
        let ending = gate.state.set_flag(FlagKind::FinishedLaunch, ended, until);
        // What was launched is not withheld: at worst its retry key leads on for a while.
        if let Err(error) = ending.await {
            warn!(user = %user.key, %error, "Could not remember the end of a launch");
        }
    }
    Ok(answer(media, language, &data))
}

/// The launch that a retry key goes on with. Keys of others, old ones, and those of a launch that
/// has come to its end lead nowhere (ST-46).
async fn going_on(
    gate: &AppState,
    user: &User,
    url: &str,
    key: &str,
) -> Result<Option<LaunchId>, ApiError> {
    let Some(launch) = RetryKeys::new(&gate.keys).open(&user.key, url, key, gate.now()) else {
        return Ok(None);
    };
    let has_ended = gate
        .state
        .is_flag_set(FlagKind::FinishedLaunch, launch.digest(), gate.now())
        .await?;
    Ok((!has_ended).then_some(launch))
}

/// When to ask again, in seconds: clients ask 30 times at most (CQ-64), and a restart takes minutes.
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

/// The document, with its language where people read some of it (ST-8).
fn answer(media: &'static str, language: Language, data: &LaunchData) -> Response {
    let mut answer = whole(StatusCode::OK, media, Caching::Secret, data.to_xml());
    if matches!(data, LaunchData::Failure { .. }) {
        let tag = HeaderValue::from_static(language.tag());
        answer.headers_mut().insert(CONTENT_LANGUAGE, tag);
    }
    answer
}

/// Whether the client had this ticket invalidated before it was handed out.
async fn is_invalidated(
    gate: &AppState,
    user: &User,
    ticket: Option<&SecretString>,
) -> Result<bool, ApiError> {
    let Some(ticket) = ticket else {
        return Ok(false);
    };
    let digest = tickets::digest(&user.key, ticket);
    Ok(gate
        .state
        .is_flag_set(FlagKind::InvalidatedTicket, digest, gate.now())
        .await?)
}
