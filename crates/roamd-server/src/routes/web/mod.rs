//! The Web API of a store's web site (web-api.md): a second front of the same operations.
//!
//! A request is handled in this order: the web session of its cookies, the rule against requests of
//! other sites, the sign-in, the body, the operation. The operations are those of the other routes.

mod activity;
mod branding;
mod client_assistant;
mod icon;
mod launch;
mod page;
mod resources;
mod response;
mod session;
mod sessions;
mod sign_in;
mod visit;

use std::sync::Arc;

use roamd_http::{Response, on_heap};
use roamd_sessions::EndAction;
use roamd_web_proto::WebRoute;

use self::response::{challenge, redirect, set_cookies, with_site_headers};
use self::visit::{SignIn, Visit};
use crate::app::state::{AppState, HostedStore};
use crate::http::error::ApiError;
use crate::http::request::Request;
use crate::http::web_site::WebSite;
use crate::routes::accounts;

pub(super) use self::client_assistant::{detection_report, ica_file};
pub(super) use self::response::refuse;

/// Responds to a request to a web site.
pub(super) async fn respond(
    state: &Arc<AppState>,
    store: &HostedStore,
    site: &WebSite,
    route: WebRoute<'_>,
    request: Request,
) -> Result<Response, ApiError> {
    if route == WebRoute::PostCredentials && !site.post_credentials {
        return Err(ApiError::NotFound);
    }
    let visit = Visit::new(state, store, site, route, &request).await?;
    let mut response = match operation(&visit, route, request).await {
        // Without a sign-in there is no challenge for an icon and a user name (WA-42, WA-68).
        Err(ApiError::Unauthorized(_)) if is_refused_without_sign_in(&visit, route) => {
            return Err(ApiError::Forbidden);
        }
        Err(ApiError::Unauthorized(_)) => challenge(),
        result => result?,
    };
    set_cookies(&mut response, visit.cookies(route))?;
    Ok(response)
}

async fn operation(
    visit: &Visit<'_>,
    route: WebRoute<'_>,
    request: Request,
) -> Result<Response, ApiError> {
    match route {
        WebRoute::Root => redirect(request.path()),
        WebRoute::Page => page::document(&request),
        WebRoute::PageFile { version, name } => page::file(version, name, &request),
        WebRoute::Branding => Ok(branding::branding(visit.site)),
        WebRoute::Logo { hash } => branding::logo(visit.site, hash),
        WebRoute::Configuration => session::configuration(visit, request).await,
        WebRoute::KeepAlive => session::keep_alive(visit, &request).await,
        WebRoute::Provisioning => {
            accounts::provisioning(visit.store, &request).map(with_site_headers)
        }
        WebRoute::AuthMethods => sign_in::methods(visit, request).await,
        WebRoute::Login => sign_in::login(visit, request).await,
        WebRoute::LoginAttempt => sign_in::attempt(visit, request).await,
        WebRoute::SendForm { state } => sign_in::send_form(visit, state, request).await,
        WebRoute::ChangeCredentialForm => sign_in::change_form(visit, request).await,
        WebRoute::PostCredentials => sign_in::post_credentials(visit, request).await,
        WebRoute::CancelForm => sign_in::cancel(request).await,
        WebRoute::SelfService => sign_in::self_service(request).await,
        WebRoute::UserName => session::user_name(visit, request).await,
        WebRoute::SignOut => session::sign_out(visit, request).await,
        WebRoute::DetectionTicket => client_assistant::detection_ticket(visit, &request),
        WebRoute::DetectionStatus => client_assistant::detection_status(visit, request).await,
        WebRoute::Resources => resources::list(visit, request).await,
        WebRoute::Icon { thumbprint, size } => icon::icon(visit, thumbprint, size, request).await,
        WebRoute::Sessions => sessions::list(visit, request).await,
        WebRoute::Explain => on_heap(|| sessions::explain(visit, request)).await,
        WebRoute::Activity => activity::list(visit, &request).await,
        WebRoute::Disconnect => sessions::end(visit, EndAction::Disconnect, request).await,
        WebRoute::LogOff => sessions::end(visit, EndAction::LogOff, request).await,
        WebRoute::LaunchStatus(target) => launch::status(visit, target, request).await,
        WebRoute::LaunchIca(target) => launch::ica(visit, target, request).await,
    }
}

fn is_refused_without_sign_in(visit: &Visit<'_>, route: WebRoute<'_>) -> bool {
    match route {
        WebRoute::Icon { .. } => true,
        WebRoute::UserName => matches!(visit.sign_in(), SignIn::None),
        _ => false,
    }
}
