//! The sign-in: with a form, or with one request that holds the password (web-api.md §7).
//!
//! The web session is the conversation: clients return no state context. So the sign-in form has no
//! state of its own, a filled form is accepted at any time, and failed attempts are counted per web
//! session. A form that changes a password has a state, its account, in the URL that it is posted
//! to.

use std::sync::Arc;
use std::time::Duration;

use http::header::{CONTENT_LANGUAGE, HeaderName, HeaderValue};
use roamd_citrixauth::{
    ChangeReason, Conversation, ConversationRefusal, ConversationReply, Conversations, Credentials,
    Negotiation, Service,
};
use roamd_http::Response;
use roamd_store_proto::Language;
use roamd_store_proto::auth::{Form, FormPost, RequestToken};
use roamd_web_proto::{
    AuthMethods, AuthStatus, AuthType, LogMessage, SelfService, has_credentials_in_query,
    media_type, web_form,
};
use secrecy::ExposeSecret as _;
use tokio::time::timeout;

use super::response::{answer, secret_answer};
use super::visit::Visit;
use crate::clock::rng;
use crate::fairness::parties;
use crate::http::error::ApiError;
use crate::http::request::Request;
use crate::routes::auth::attempt;
use crate::routes::auth::conversation::{ConversationPost, Ending, PostOutcome};
use crate::web::web_sessions::WebSession;

const PROTOCOL: (HeaderName, HeaderValue) = (
    HeaderName::from_static("x-citrix-explicitauthprotocol"),
    HeaderValue::from_static("ExplicitForms"),
);

/// Time for the farms to say whether they can change passwords, which must not delay a sign-in.
const CHANGE_QUERY_TIMEOUT: Duration = Duration::from_millis(500);

/// Longest user name and password, in bytes (WA-21).
const MAX_CREDENTIAL: usize = 1024;

/// Returns the sign-in methods.
pub(super) async fn methods(visit: &Visit<'_>, request: Request) -> Result<Response, ApiError> {
    request.body().await?;
    let methods = AuthMethods {
        post_credentials: visit.site.post_credentials,
    };
    Ok(answer(media_type::XML, methods.to_xml()))
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
        return Ok(failed(LogMessage::SessionTimeout));
    };
    let conversation = conversation(visit, session, Negotiation::EVERYTHING)?;
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

/// Takes the filled sign-in form: signs the user in, or returns the form again (WA-59 to WA-63).
pub(super) async fn attempt(visit: &Visit<'_>, request: Request) -> Result<Response, ApiError> {
    let Some(session) = &visit.session else {
        request.body().await?;
        return Ok(failed(LogMessage::SessionTimeout));
    };
    let conversation = conversation(visit, session, Negotiation::EVERYTHING)?;
    let language = request.language();
    let outcome = submit(visit, session, request, conversation, has_credential).await?;
    form_outcome(visit, outcome, language).await
}

/// Takes a filled form that changes a password (WA-65). Without a state, the form is that of the
/// sign-in.
pub(super) async fn send_form(
    visit: &Visit<'_>,
    state: Option<&str>,
    request: Request,
) -> Result<Response, ApiError> {
    let (Some(state), Some(session)) = (state, &visit.session) else {
        return attempt(visit, request).await;
    };
    let language = request.language();
    let (conversations, now) = (&visit.state.conversations, visit.state.now());
    let context = FormPost {
        state_context: state.to_owned(),
        ..FormPost::default()
    };
    let resumed = conversations.resume(None, &context, now);
    let conversation = match resumed.and_then(|resumed| resumed.unless_spent(false)) {
        Ok(conversation) if conversation.id() == session.conversation() => conversation,
        Ok(_) | Err(ConversationRefusal::SessionIdExpired) => {
            request.body().await?;
            return Ok(failed(LogMessage::SessionTimeout));
        }
        Err(_) => return Err(ApiError::NotFound),
    };
    let outcome = submit(visit, session, request, conversation, has_new_password).await?;
    form_outcome(visit, outcome, language).await
}

/// Returns the form that changes the password of a user who is signed in (WA-65).
pub(super) async fn change_form(visit: &Visit<'_>, request: Request) -> Result<Response, ApiError> {
    let caller = visit.caller(&request).await?;
    let language = request.language();
    caller.body(request).await?;
    let Some(session) = &visit.session else {
        return Ok(failed(LogMessage::SessionTimeout));
    };
    if !visit.state.credential_farms.can_change_any_password().await {
        return Ok(failed(LogMessage::FatalError));
    }
    let user = &caller.user;
    let credentials = Credentials {
        user_name: user.name().to_owned(),
        domain: user.domain().to_owned(),
        password: user.password().clone(),
    };
    let conversation = conversation(visit, session, Negotiation::EVERYTHING)?;
    let conversations = &visit.state.conversations;
    let asked = conversations.ask_for_change(
        &conversation,
        &credentials,
        ChangeReason::Wanted,
        language,
        &mut rng(),
    );
    Ok(match asked {
        Some(asked) => form(asked.form, language),
        None => failed(LogMessage::FatalError),
    })
}

/// Signs a user in by user name and password, without a form (WA-66). They are never taken from the
/// URL, which ends in the logs of proxies.
pub(super) async fn post_credentials(
    visit: &Visit<'_>,
    request: Request,
) -> Result<Response, ApiError> {
    if has_credentials_in_query(request.query_text()) {
        let text = "user name and password belong in the body, not in the URL";
        return Err(ApiError::BadRequest(text.to_owned()));
    }
    let Some(session) = &visit.session else {
        request.body().await?;
        return Ok(failed(LogMessage::SessionTimeout));
    };
    let conversation = conversation(visit, session, Negotiation::WITHOUT_NEW_PASSWORD)?;
    match submit(visit, session, request, conversation, has_credentials).await? {
        PostOutcome::SignedIn { .. } => Ok(signed_in(visit, AuthType::PostCredentials).await),
        PostOutcome::Reply(ConversationReply::Again(_)) => Ok(failed(LogMessage::LoginFailed)),
        PostOutcome::Reply(ConversationReply::End(_)) | PostOutcome::Change(_) => {
            Ok(failed(LogMessage::FatalError))
        }
    }
}

/// Posts the fields in a body to a conversation of the web session. A user who signs in gets the
/// cookie of the sign-in, and a sign-in of the session is replaced (WA-67). `is_complete` is
/// whether the body has the fields of the form.
async fn submit(
    visit: &Visit<'_>,
    session: &WebSession,
    request: Request,
    conversation: Conversation,
    is_complete: fn(&FormPost) -> bool,
) -> Result<PostOutcome, ApiError> {
    let (state, client) = (visit.state, request.client_address());
    let party = parties::of_client(client);
    let post = ConversationPost {
        state: Arc::clone(state),
        audit: state.audit_scope(&request),
        language: request.language(),
        conversation,
        ending: Ending::BeginsAgain,
        party,
        web_session: Some(session.audit_id()),
    };
    let replaced = visit.signed_in(&request).await?;
    let fields = FormPost::from_url_encoded(&request.body().await?);
    if !is_complete(&fields) || longest_credential(&fields) > MAX_CREDENTIAL {
        let text = "the body is not the form, or a field is too long";
        return Err(ApiError::BadRequest(text.to_owned()));
    }
    let outcome = attempt::attempt(post, fields, client).await?;
    if let PostOutcome::SignedIn { token, .. } = &outcome {
        let (sessions, idle) = (&state.web.sessions, visit.site.idle);
        sessions
            .record_sign_in(session, idle, party, state.now())
            .await?;
        if let Some(replaced) = replaced {
            replaced.end(state).await?;
        }
        visit.issue(&token.token)?;
    }
    Ok(outcome)
}

/// Responds to a filled form.
async fn form_outcome(
    visit: &Visit<'_>,
    outcome: PostOutcome,
    language: Language,
) -> Result<Response, ApiError> {
    Ok(match outcome {
        PostOutcome::SignedIn { .. } => signed_in(visit, AuthType::ExplicitForms).await,
        PostOutcome::Reply(ConversationReply::Again(again)) => form(again, language),
        PostOutcome::Change(asked) => form(asked.form, language),
        // The form says why in words that the Web API has no place for.
        PostOutcome::Reply(ConversationReply::End(_)) => failed(LogMessage::FatalError),
    })
}

/// Whether a body is a filled sign-in form. Clients leave out a field that the user left empty.
fn has_credential(fields: &FormPost) -> bool {
    fields.user_name.is_some() || fields.password.is_some()
}

/// Whether a body has a user name, and a password that may be empty.
fn has_credentials(fields: &FormPost) -> bool {
    let user_name = fields.user_name.as_deref().unwrap_or_default();
    !user_name.is_empty() && fields.password.is_some()
}

/// Whether a body is a filled form that changes a password.
fn has_new_password(fields: &FormPost) -> bool {
    fields.old_password.is_some() || fields.new_password.is_some()
}

/// Length of the longest user name or password in a form, in bytes.
fn longest_credential(fields: &FormPost) -> usize {
    let name = fields.user_name.as_ref().map_or(0, String::len);
    let passwords = [
        &fields.password,
        &fields.old_password,
        &fields.new_password,
        &fields.confirm_password,
    ];
    let passwords = passwords.into_iter().flatten();
    let longest = passwords
        .map(|password| password.expose_secret().len())
        .max();
    name.max(longest.unwrap_or_default())
}

/// The conversation of a web session, for a token that is valid in this session only.
fn conversation(
    visit: &Visit<'_>,
    session: &WebSession,
    negotiation: Negotiation,
) -> Result<Conversation, ApiError> {
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
        negotiation,
        state.conversations.expiry(state.now()),
    ))
}

/// The answer to a user who is signed in. It says whether the password can be changed.
async fn signed_in(visit: &Visit<'_>, auth_type: AuthType) -> Response {
    let can_change = visit.state.credential_farms.can_change_any_password();
    let can_change = timeout(CHANGE_QUERY_TIMEOUT, can_change).await;
    status(AuthStatus::Success {
        auth_type,
        can_change_password: can_change.unwrap_or(false),
    })
}

fn failed(message: LogMessage) -> Response {
    status(AuthStatus::Fail(message))
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
