//! The sign-in with a form (web-api.md §7).
//!
//! The web session is the conversation: clients return no state context. So the form has no state
//! of its own, a filled form is accepted at any time, and failed attempts are counted per web
//! session.

use std::sync::Arc;

use http::header::{CONTENT_LANGUAGE, HeaderName, HeaderValue};
use roamd_citrixauth::{
    Conversation, ConversationReply, Conversations, IssuedToken, Negotiation, Service,
};
use roamd_http::Response;
use roamd_store_proto::Language;
use roamd_store_proto::auth::{DestroyToken, Form, FormPost, RequestToken};
use roamd_web_proto::web_form;
use roamd_web_proto::{AuthMethods, AuthStatus, AuthType, LogMessage, SelfService, media_type};
use secrecy::ExposeSecret as _;

use super::response::{answer, secret_answer, set_cookies};
use super::visit::{SignIn, Visit};
use crate::clock::rng;
use crate::fairness::parties;
use crate::http::error::ApiError;
use crate::http::request::Request;
use crate::routes::auth::attempt;
use crate::routes::auth::conversation::{ConversationPost, Ending, PostOutcome};
use crate::routes::auth::tokens;
use crate::routes::caller::caller_with;
use crate::web::web_sessions::{WebSession, cookie_of};

const PROTOCOL: (HeaderName, HeaderValue) = (
    HeaderName::from_static("x-citrix-explicitauthprotocol"),
    HeaderValue::from_static("ExplicitForms"),
);

/// Longest user name and password, in bytes (WA-21).
const MAX_CREDENTIAL: usize = 1024;

/// Returns the sign-in methods.
pub(super) async fn methods(request: Request) -> Result<Response, ApiError> {
    request.body().await?;
    Ok(answer(media_type::XML, AuthMethods.to_xml()))
}

/// Returns whether users may manage their account: they may not (WA-69).
pub(super) async fn self_service(request: Request) -> Result<Response, ApiError> {
    request.body().await?;
    Ok(answer(media_type::XML, SelfService.to_xml()))
}

/// Returns the sign-in form (WA-57).
pub(super) async fn login(visit: &Visit<'_>, request: Request) -> Result<Response, ApiError> {
    let language = request.language();
    request.body().await?;
    let Some(session) = &visit.session else {
        return Ok(status(AuthStatus::Fail(LogMessage::SessionTimeout)));
    };
    let conversation = conversation(visit, session)?;
    let conversations = &visit.state.conversations;
    let first = conversations.first_form(&conversation, language, &mut rng());
    Ok(form(first, language))
}

/// Ends the conversation (WA-64). Nothing remembers it, so the next one begins at once.
pub(super) async fn cancel(request: Request) -> Result<Response, ApiError> {
    let language = request.language();
    request.body().await?;
    Ok(form(Conversations::cancelled(), language))
}

/// Takes the filled form: signs the user in, or returns the form again (WA-59 to WA-63).
pub(super) async fn attempt(visit: &Visit<'_>, request: Request) -> Result<Response, ApiError> {
    let language = request.language();
    let client = request.client_address();
    let audit = visit.state.audit_scope(&request);
    // A sign-in on a session with one replaces it (WA-67).
    let replaced = match visit.sign_in() {
        SignIn::Token { token, presented } => {
            let space = &visit.site.space;
            let caller = caller_with(visit.state, &request, space, (**presented).clone());
            caller.await.ok().map(|caller| (caller, token))
        }
        SignIn::None | SignIn::Ended | SignIn::Foreign => None,
    };
    let fields = read_form(&request.body().await?)?;
    let Some(session) = &visit.session else {
        return Ok(status(AuthStatus::Fail(LogMessage::SessionTimeout)));
    };
    let post = ConversationPost {
        state: Arc::clone(visit.state),
        audit,
        language,
        conversation: conversation(visit, session)?,
        ending: Ending::BeginsAgain,
        party: parties::of_client(client),
    };
    let party = post.party;
    match attempt::attempt(post, fields, client).await? {
        PostOutcome::SignedIn { token, .. } => {
            let (state, idle) = (visit.state, visit.site.idle);
            let sessions = &state.web.sessions;
            sessions
                .record_sign_in(session, idle, party, state.now())
                .await?;
            if let Some((caller, token)) = replaced {
                let token = token.clone();
                tokens::destroy_for(state, &caller, &DestroyToken { token }).await?;
            }
            signed_in(visit, &token)
        }
        PostOutcome::Reply(ConversationReply::Again(again)) => Ok(form(again, language)),
        // The form says why in words that the Web API has no place for.
        PostOutcome::Reply(ConversationReply::End(_)) | PostOutcome::Change(_) => {
            Ok(status(AuthStatus::Fail(LogMessage::FatalError)))
        }
    }
}

/// Reads a filled form.
fn read_form(body: &[u8]) -> Result<FormPost, ApiError> {
    let fields = FormPost::from_url_encoded(body);
    if fields.user_name.is_none() && fields.password.is_none() {
        return Err(ApiError::BadRequest("the body is not a form".to_owned()));
    }
    let name = fields.user_name.as_ref().map_or(0, String::len);
    let password = fields.password.as_ref();
    let password = password.map_or(0, |password| password.expose_secret().len());
    if name.max(password) > MAX_CREDENTIAL {
        return Err(ApiError::BadRequest("a field is too long".to_owned()));
    }
    Ok(fields)
}

/// The conversation of a web session, for a token that is valid in this session only.
fn conversation(visit: &Visit<'_>, session: &WebSession) -> Result<Conversation, ApiError> {
    let (state, audience) = (visit.state, &visit.site.space.audience);
    let realm = session.realm(&visit.site.space.realm);
    let message = RequestToken {
        for_service: realm.to_string(),
        for_service_url: audience.to_string(),
        template: String::new(),
        // That of clients which ask for none.
        requested_lifetime: None,
    };
    let audiences = std::slice::from_ref(audience);
    let service = Service::of(&message, &[realm], audiences)
        .map_err(|error| ApiError::Internal(error.into()))?;
    Ok(Conversation::new(
        session.conversation(),
        service,
        Negotiation::WITHOUT_NEW_PASSWORD,
        state.conversations.expiry(state.now()),
    ))
}

fn signed_in(visit: &Visit<'_>, token: &IssuedToken) -> Result<Response, ApiError> {
    let cookie = cookie_of(token.token.expose_secret());
    let cookie = cookie.ok_or_else(|| ApiError::Internal("the token is not Base64".into()))?;
    let mut response = status(AuthStatus::Success(AuthType::ExplicitForms));
    set_cookies(&mut response, [visit.cookie_scope().auth(&cookie)])?;
    Ok(response)
}

fn status(status: AuthStatus) -> Response {
    answer(media_type::XML, status.to_xml())
}

fn form(form: Form, language: Language) -> Response {
    let mut response = secret_answer(media_type::FORM, web_form(form).to_xml());
    let headers = response.headers_mut();
    headers.insert(PROTOCOL.0, PROTOCOL.1);
    headers.insert(CONTENT_LANGUAGE, HeaderValue::from_static(language.tag()));
    response
}
