//! Native clients: their detection, and the ICA file of a launch that a page has asked for
//! (web-api.md §9.4). A page uses the routes of its site, a native client those of the store.

use std::sync::Arc;

use roamd_http::{LimitReached, Response};
use roamd_web_proto::{
    DetectionStatus, DetectionTicket, Parameters, media_type, ticket_of_parameters,
};
use secrecy::ExposeSecret as _;

use super::launch;
use super::response::answer;
use super::visit::Visit;
use crate::app::state::{AppState, HostedStore};
use crate::fairness::parties;
use crate::http::error::ApiError;
use crate::http::request::Request;
use crate::http::web_site::WebSite;
use crate::routes::caller::caller_with;
use crate::web::client_tickets::{Detection, FileGrant, Report};

/// Begins the detection of a native client (WA-89).
pub(super) fn detection_ticket(visit: &Visit<'_>, request: &Request) -> Result<Response, ApiError> {
    let tickets = &visit.state.web.client_tickets;
    let ticket = tickets.for_detection(&visit.site.space.realm, visit.state.now());
    let ticket = DetectionTicket {
        ticket: &ticket,
        report_url: &visit.store.urls(request).detection(),
    };
    Ok(answer(media_type::JSON, ticket.to_json()))
}

/// Returns whether a native client has reported (WA-89).
pub(super) async fn detection_status(
    visit: &Visit<'_>,
    request: Request,
) -> Result<Response, ApiError> {
    let parameters = Parameters::decode(&request.body().await?);
    let ticket = parameters.ticket.unwrap_or_default();
    let (tickets, now) = (&visit.state.web.client_tickets, visit.state.now());
    let realm = &visit.site.space.realm;
    let detection = tickets.detection(realm, &ticket, now);
    let status = match detection.await? {
        Detection::Waiting => DetectionStatus::Waiting,
        Detection::Reported => DetectionStatus::Success,
        Detection::Over => DetectionStatus::Failure,
    };
    Ok(answer(media_type::JSON, status.to_json()))
}

/// Records that a native client is there (WA-89).
///
/// # Errors
/// [`ApiError::Forbidden`] if the ticket is unknown or has expired.
pub(in crate::routes) async fn detection_report(
    state: &AppState,
    store: &HostedStore,
    parameters: &str,
    request: Request,
) -> Result<Response, ApiError> {
    let site = site(store, &request)?;
    let ticket = ticket(parameters, &request)?;
    let client = request.client_address();
    request.body().await?;
    let _permit = state.stranger_writes.permit(Some(client)).await?;
    let tickets = &state.web.client_tickets;
    let report = tickets.report(&site.space.realm, &ticket, client, state.now());
    match report.await? {
        Report::Recorded => Ok(answer(media_type::JSON, DetectionStatus::Success.to_json())),
        Report::Refused => Err(ApiError::Forbidden),
        Report::TooMany => Err(ApiError::TooManyRequests(LimitReached::ForClient)),
    }
}

/// Returns the ICA file of a ticket, once (WA-88, WA-90).
///
/// # Errors
/// [`ApiError::Forbidden`] if the ticket is unknown, has expired, or was used before, and the
/// errors of the launch.
pub(in crate::routes) async fn ica_file(
    state: &Arc<AppState>,
    store: &HostedStore,
    parameters: &str,
    request: Request,
) -> Result<Response, ApiError> {
    let site = site(store, &request)?;
    let ticket = ticket(parameters, &request)?;
    let (tickets, now) = (&state.web.client_tickets, state.now());
    let grant = tickets.open_file(&site.space.realm, &ticket, now);
    let grant = grant.ok_or(ApiError::Forbidden)?;
    match redeem(state, store, site, &grant, request).await {
        // The ticket stands for the sign-in of a browser: a native client could do nothing with
        // its challenge.
        Err(ApiError::Unauthorized(_)) => Err(ApiError::Forbidden),
        result => result,
    }
}

async fn redeem(
    state: &Arc<AppState>,
    store: &HostedStore,
    site: &WebSite,
    grant: &FileGrant,
    request: Request,
) -> Result<Response, ApiError> {
    let realm = grant.session.realm(&site.space.realm);
    let token = grant.token.expose_secret();
    let presented = state
        .present(token, &realm, &site.space.audience)
        .map_err(|_| ApiError::Forbidden)?;
    let caller = caller_with(state, &request, &site.space, presented).await?;
    let via = request.citrix_gateway();
    // A request whose body does not come does not use the ticket up.
    caller.body(request).await?;
    let (tickets, party) = (
        &state.web.client_tickets,
        parties::of_user(caller.user.key()),
    );
    if !tickets.use_up_file(grant, party).await? {
        // Perhaps a thief was faster: the audit log has it.
        launch::record_used_ticket(store, &caller, grant);
        return Err(ApiError::Forbidden);
    }
    launch::ica_of_ticket(state, store, caller, grant, via).await
}

/// The site of a store, which its tickets are made for.
fn site<'s>(store: &'s HostedStore, request: &Request) -> Result<&'s WebSite, ApiError> {
    store.site(request).ok_or(ApiError::NotFound)
}

/// The ticket of a native client: in the parameters that a page has made, or in the query.
fn ticket(parameters: &str, request: &Request) -> Result<String, ApiError> {
    let in_query = || Parameters::decode(request.query_text().as_bytes()).ticket;
    let ticket = ticket_of_parameters(parameters).or_else(in_query);
    ticket.ok_or(ApiError::Forbidden)
}
