//! The explicit forms: `Start`, `AuthenticateAttempt`, `CancelAuthenticate` (citrixauth.md §5).

use std::sync::Arc;

use http::header::{COOKIE, HeaderName};
use roamd_citrixauth::{Conversation, ConversationRefusal, Conversations, Negotiation, Service};
use roamd_http::Response;
use roamd_state::{Digest, FlagKind};
use roamd_store_proto::auth::{FormPost, RequestToken};
use roamd_store_proto::media_type;

use super::attempt;
use super::conversation::{ConversationPost, Ending, spend};
use super::form_writer::FormWriter;
use crate::app::state::AppState;
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
        language: forms.language,
        conversation,
        ending: Ending::Spent,
        party: parties::of_client(client),
        web_session: None,
    };
    let outcome = attempt::attempt(post, fields, client).await?;
    forms.outcome(state, outcome)
}

/// Cancels a conversation (CA-73).
pub(crate) async fn cancel(state: &AppState, request: Request) -> Result<Response, ApiError> {
    let forms = FormWriter::of(&request)?;
    let cookie = request.joined(&COOKIE);
    let client = request.client_address();
    let party = parties::of_client(client);
    let fields = FormPost::from_url_encoded(&request.body().await?);
    match resume(state, cookie.as_deref(), &fields).await? {
        Ok(conversation) => {
            let _permit = state.stranger_writes.permit(Some(client)).await?;
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
