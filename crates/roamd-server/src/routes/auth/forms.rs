//! The explicit forms: `Start`, `AuthenticateAttempt`, `CancelAuthenticate` (citrixauth.md §5).

use std::sync::Arc;

use http::header::{COOKIE, HeaderName};
use roamd_citrixauth::{
    Conversation, ConversationRefusal, Conversations, CredentialRefusal, Credentials, Negotiation,
    Service,
};
use roamd_http::Response;
use roamd_state::{Digest, FlagKind};
use roamd_store_proto::auth::{FormPost, RequestToken};
use roamd_store_proto::media_type;

use super::conversation::{ConversationPost, FormWriter, spend};
use super::password_change;
use crate::app::state::AppState;
use crate::audit::{Event, account};
use crate::auth::login_throttle::{Admission, Attempt};
use crate::clock::rng;
use crate::fairness::parties;
use crate::http::error::ApiError;
use crate::http::request::Request;

const CREDENTIAL_TYPES: HeaderName = HeaderName::from_static("x-citrix-am-credentialtypes");
const LABEL_TYPES: HeaderName = HeaderName::from_static("x-citrix-am-labeltypes");

/// Starts a conversation: returns the first form and its cookie (§2 step 4).
pub(crate) async fn start(state: &AppState, request: Request) -> Result<Response, ApiError> {
    let forms = FormWriter::of(&request)?;
    let negotiation = Negotiation::from_headers(
        request.joined(&CREDENTIAL_TYPES).as_deref(),
        request.joined(&LABEL_TYPES).as_deref(),
    );
    let message = RequestToken::from_xml(&request.body_of(media_type::REQUEST_TOKEN).await?)?;
    let service = Service::of(&message, &state.realms(), state.audiences.as_slice())
        .map_err(|error| ApiError::BadRequest(error.to_string()))?;
    let negotiation = match negotiation {
        Ok(negotiation) => negotiation,
        Err(refusal) => return Ok(forms.refusal(&refusal)),
    };
    let started = state.conversations.start(
        service,
        negotiation,
        forms.language,
        state.now(),
        &mut rng(),
    );
    forms.with_cookie(state, &started)
}

/// Takes a filled form: returns a token, the form again, another form, or a failure (§5.6).
pub(crate) async fn attempt(state: &Arc<AppState>, request: Request) -> Result<Response, ApiError> {
    let forms = FormWriter::of(&request)?;
    let audit = state.audit_scope(&request);
    let cookie = request.joined(&COOKIE);
    let client = request.client_address();
    let fields = FormPost::from_url_encoded(&request.body().await?);
    let conversation = match resume(state, cookie.as_deref(), &fields).await? {
        Ok(conversation) => conversation,
        Err(refusal) => return Ok(forms.refusal(&refusal)),
    };
    let post = ConversationPost {
        state: Arc::clone(state),
        audit,
        forms,
        conversation,
        party: parties::of_client(client),
    };
    if let Some(change) = state
        .conversations
        .password_change(&post.conversation, &fields)
    {
        return password_change::attempt(post, client, change, &fields).await;
    }
    let credentials = match state.conversations.credentials(&fields) {
        Ok(credentials) => credentials,
        Err(bad) => {
            let refusal = CredentialRefusal::from(bad);
            post.audit
                .record(Event::sign_in_refused(None, refusal, None));
            return post.refused(&fields, refusal).await;
        }
    };
    let attempt = match post.begin_attempt(&credentials, client).await? {
        Admission::Admitted(attempt) => attempt,
        Admission::TooEarly(wait) => return Ok(post.ask_to_wait(&fields, wait)),
    };
    state
        .changes
        .run_to_completion(check(post, attempt, credentials, fields))
        .await?
}

/// Cancels a conversation (CA-73).
pub(crate) async fn cancel(state: &AppState, request: Request) -> Result<Response, ApiError> {
    let forms = FormWriter::of(&request)?;
    let cookie = request.joined(&COOKIE);
    let party = parties::of_client(request.client_address());
    let fields = FormPost::from_url_encoded(&request.body().await?);
    match resume(state, cookie.as_deref(), &fields).await? {
        Ok(conversation) => {
            spend(state, party, &conversation).await?;
            Ok(forms.respond(&Conversations::cancelled()))
        }
        Err(refusal) => Ok(forms.refusal(&refusal)),
    }
}

/// Resumes the conversation of a post, unless it is spent.
async fn resume(
    state: &AppState,
    cookie: Option<&str>,
    fields: &FormPost,
) -> Result<Result<Conversation, ConversationRefusal>, ApiError> {
    let now = state.now();
    let resumed = match state.conversations.resume(cookie, fields, now) {
        Ok(resumed) => resumed,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let key = Digest::of(resumed.id().as_bytes());
    let kind = FlagKind::SpentConversation;
    let spent = state.shared.is_flag_set(kind, key, now).await?;
    Ok(resumed.unless_spent(spent))
}

/// Checks a password and responds. It runs to completion even if the client disconnects, so that
/// every attempt is counted, and disconnecting early does not allow more concurrent checks.
async fn check(
    post: ConversationPost,
    attempt: Attempt,
    credentials: Credentials,
    fields: FormPost,
) -> Result<Response, ApiError> {
    let refused = match post.state.credential_farms.sign_in(&credentials).await {
        Ok(user) if post.is_blocked(user.domain(), user.name()) => {
            return post.blocked(&fields, attempt, &user).await;
        }
        Ok(user) => {
            attempt.succeeded().await?;
            return post.signed_in(user, credentials.password).await;
        }
        Err(refused) => refused,
    };
    let refusal = refused.refusal;
    let typed = account(&credentials.domain, &credentials.user_name);
    let event = Event::sign_in_refused(Some(typed), refusal, refused.codes.as_ref());
    post.audit.record(event);
    if refusal.is_failed_attempt() {
        attempt.failed().await?;
    } else {
        attempt.not_counted().await?;
    }
    if refusal.asks_for_change() {
        if post.is_blocked(&credentials.domain, &credentials.user_name) {
            // The form would tell that the password is right.
            let refusal = CredentialRefusal::BadCredentials;
            return post.refused(&fields, refusal).await;
        }
        if let Some(form) = password_change::form(&post, &credentials).await? {
            return Ok(form);
        }
    }
    post.refused(&fields, refusal).await
}
