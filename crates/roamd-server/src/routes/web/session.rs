//! The configuration, and the life of a web session: keep-alive, user name, sign-out (web-api.md
//! §6, §8).

use http::header::ACCEPT_LANGUAGE;
use roamd_http::Response;
use roamd_store_proto::auth::DestroyToken;
use roamd_web_proto::{ClientSettings, media_type};

use super::response::{answer, set_cookies};
use super::visit::{SignIn, Visit};
use crate::fairness::parties;
use crate::http::error::ApiError;
use crate::http::request::Request;
use crate::routes::auth::tokens;
use crate::routes::caller::caller_with;

/// Returns the configuration of the site (WA-47).
pub(super) async fn configuration(
    visit: &Visit<'_>,
    request: Request,
) -> Result<Response, ApiError> {
    let languages = request.joined(&ACCEPT_LANGUAGE);
    request.body().await?;
    let minutes = visit.site.idle.as_secs() / 60;
    let settings = ClientSettings {
        idle_minutes: u32::try_from(minutes).unwrap_or(u32::MAX),
        user_languages: languages.as_deref(),
        workspace_control: visit.site.workspace_control,
    };
    Ok(answer(media_type::XML, settings.to_xml()))
}

/// Records that a session is used. Clients send it without the cookie of the sign-in (WA-53).
pub(super) async fn keep_alive(visit: &Visit<'_>, request: &Request) -> Result<Response, ApiError> {
    if let Some(session) = &visit.session {
        let (state, idle) = (visit.state, visit.site.idle);
        let party = parties::of_client(request.client_address());
        let sessions = &state.web.sessions;
        sessions
            .record_use(session, idle, party, state.now())
            .await?;
    }
    Ok(answer(media_type::TEXT, ""))
}

/// Returns the name of the user (WA-68).
pub(super) async fn user_name(visit: &Visit<'_>, request: Request) -> Result<Response, ApiError> {
    let caller = visit.caller(&request).await?;
    caller.body(request).await?;
    Ok(answer(media_type::TEXT, caller.user.name().to_owned()))
}

/// Ends the sign-in, on every server (WA-71 to WA-73). Sessions at the farms stay as they are. A
/// client without a session gets the same answer.
pub(super) async fn sign_out(visit: &Visit<'_>, request: Request) -> Result<Response, ApiError> {
    let state = visit.state;
    let mut response = answer(media_type::LOGOFF, "");
    let Some(session) = &visit.session else {
        request.body().await?;
        return Ok(response);
    };
    match visit.sign_in() {
        SignIn::Foreign => return Err(ApiError::Forbidden),
        SignIn::None | SignIn::Ended => drop(request.body().await?),
        SignIn::Token { token, presented } => {
            let space = &visit.site.space;
            match caller_with(state, &request, space, (**presented).clone()).await {
                Ok(caller) => {
                    request.body().await?;
                    let token = token.clone();
                    tokens::destroy_for(state, &caller, &DestroyToken { token }).await?;
                }
                // It has ended already.
                Err(ApiError::Unauthorized(_)) => drop(request.body().await?),
                Err(error) => return Err(error),
            }
        }
    }
    state.web.launches.forget(session.digest());
    set_cookies(&mut response, visit.cookie_scope().cleared())?;
    Ok(response)
}
