//! The configuration, and the life of a web session: keep-alive, user name, sign-out (web-api.md
//! §6, §8).

use http::header::ACCEPT_LANGUAGE;
use roamd_http::Response;
use roamd_web_proto::{ClientSettings, media_type};

use super::response::{answer, set_cookies};
use super::visit::{SignIn, Visit};
use crate::fairness::parties;
use crate::http::error::ApiError;
use crate::http::request::Request;

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
        let web_sessions = &state.web.sessions;
        web_sessions
            .record_use(session, idle, None, party, state.now())
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
    if let SignIn::Refused { reason, holder } = visit.sign_in() {
        let refused = visit.refused(&request, holder.as_ref(), *reason);
        if matches!(refused, ApiError::Forbidden) {
            return Err(refused);
        }
    }
    request.ends_sign_in();
    // `None` if it has ended already.
    let signed_in = visit.signed_in(&request).await?;
    request.body().await?;
    if let Some(signed_in) = signed_in {
        signed_in.end(state).await?;
    }
    state.web.launches.forget(session.digest());
    set_cookies(&mut response, visit.cookie_scope().cleared())?;
    Ok(response)
}
