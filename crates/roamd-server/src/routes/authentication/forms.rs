//! The sign-in with forms (citrixauth.md §5).

use std::net::IpAddr;
use std::sync::Arc;

use http::StatusCode;
use http::header::{CONTENT_LANGUAGE, COOKIE, HeaderName, HeaderValue, SET_COOKIE};
use roamd_citrixauth::{
    CheckCredentials, Conversation, ConversationRefusal, ConversationReply, Conversations,
    CredentialRefusal, Credentials, Grant, Negotiation, ResumedConversation, Service,
    StartedConversation, UserIdentity,
};
use roamd_http::Response;
use roamd_sessions::UserKey;
use roamd_state::{CounterKind, Digest, FlagKind};
use roamd_store_proto::auth::{Form, FormPost, RequestToken};
use roamd_store_proto::{Language, media_type};
use secrecy::SecretString;
use tracing::info;

use super::{password_change, secret, token_response};
use crate::app::environment::rng;
use crate::app::state::AppState;
use crate::audit::{AuditScope, Event, account};
use crate::auth::login_throttle::{Attempt, Target};
use crate::http::error::ApiError;
use crate::http::request::Request;

const CREDENTIAL_TYPES: HeaderName = HeaderName::from_static("x-citrix-am-credentialtypes");
const LABEL_TYPES: HeaderName = HeaderName::from_static("x-citrix-am-labeltypes");

/// A client that takes no vendor type of forms may take them as plain XML (CA-44).
const PLAIN_XML: &str = "text/xml";

/// Begins a conversation: the first form, and its cookie (§2 step 4).
pub(crate) async fn start(gate: &AppState, request: Request) -> Result<Response, ApiError> {
    let reader = Reader::of(&request)?;
    let negotiation = Negotiation::from_headers(
        request.joined(&CREDENTIAL_TYPES).as_deref(),
        request.joined(&LABEL_TYPES).as_deref(),
    );
    let message = RequestToken::from_xml(&request.body_of(media_type::REQUEST_TOKEN).await?)?;
    let service = Service::of(
        &message,
        &gate.realms(),
        std::slice::from_ref(&gate.audience),
    )
    .map_err(|error| ApiError::BadRequest(error.to_string()))?;
    let negotiation = match negotiation {
        Ok(negotiation) => negotiation,
        Err(refusal) => return Ok(reader.form(&refusal.form(reader.language))),
    };
    let started = gate.conversations.start(
        service,
        negotiation,
        reader.language,
        gate.now(),
        &mut rng(),
    );
    form_with_cookie(gate, reader, &started)
}

/// Takes the filled form: a token, the form again, another form, or a failure (§5.6).
pub(crate) async fn attempt(gate: &Arc<AppState>, request: Request) -> Result<Response, ApiError> {
    let reader = Reader::of(&request)?;
    let trail = request.trail(gate);
    let cookie = request.joined(&COOKIE);
    let client = request.client_address();
    let post = FormPost::from_url_encoded(&request.body().await?);
    let conversation = match resume(gate, cookie.as_deref(), &post).await? {
        Ok(conversation) => conversation,
        Err(refusal) => return Ok(reader.form(&refusal.form(reader.language))),
    };
    let answering = Answering {
        gate: Arc::clone(gate),
        trail,
        reader,
        conversation,
    };
    if let Some(change) = gate
        .conversations
        .password_change(&answering.conversation, &post)
    {
        return password_change::changed(answering, client, change).await;
    }
    let credentials = match gate.conversations.credentials(&post) {
        Ok(credentials) => credentials,
        Err(bad) => {
            let refusal = CredentialRefusal::from(bad);
            answering.trail.note(Event::sign_in_refused(None, refusal));
            return answering.refused(&post, refusal).await;
        }
    };
    let Some(attempt) = answering.begin(&credentials, client).await? else {
        return answering
            .refused(&post, CredentialRefusal::BadCredentials)
            .await;
    };
    gate.to_the_end(answering.check(attempt, credentials, post))
        .await?
}

/// Ends a conversation that the person gave up (CA-73).
pub(crate) async fn cancel(gate: &AppState, request: Request) -> Result<Response, ApiError> {
    let reader = Reader::of(&request)?;
    let cookie = request.joined(&COOKIE);
    let post = FormPost::from_url_encoded(&request.body().await?);
    match resume(gate, cookie.as_deref(), &post).await? {
        Ok(conversation) => {
            spend(gate, &conversation).await?;
            Ok(reader.form(&Conversations::cancelled()))
        }
        Err(refusal) => Ok(reader.form(&refusal.form(reader.language))),
    }
}

async fn resume(
    gate: &AppState,
    cookie: Option<&str>,
    post: &FormPost,
) -> Result<Result<Conversation, ConversationRefusal>, ApiError> {
    let now = gate.now();
    let resumed: ResumedConversation = match gate.conversations.resume(cookie, post, now) {
        Ok(resumed) => resumed,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let digest = Digest::of(resumed.id().as_bytes());
    let spent = gate
        .state
        .is_flag_set(FlagKind::SpentConversation, digest, now)
        .await?;
    Ok(resumed.unless_spent(spent))
}

/// A post to a conversation that goes on, and what it takes to answer it.
pub(super) struct Answering {
    pub(super) gate: Arc<AppState>,
    pub(super) trail: AuditScope,
    pub(super) reader: Reader,
    pub(super) conversation: Conversation,
}

impl Answering {
    /// Begins an attempt at a password, unless there were too many (citrixauth.md §7 rule 5): that is
    /// written down, and to be answered like a wrong password.
    pub(super) async fn begin(
        &self,
        credentials: &Credentials,
        client: Option<IpAddr>,
    ) -> Result<Option<Attempt>, ApiError> {
        let Credentials {
            domain, user_name, ..
        } = credentials;
        let target = Target::new(domain, user_name, client);
        let attempt = self.gate.login_throttle.begin(target).await?;
        if attempt.is_none() {
            self.trail
                .note(Event::sign_in_held_up(account(domain, user_name)));
            info!("Sign-in held up after too many attempts");
            self.gate.login_throttle.keep_pace().await;
        }
        Ok(attempt)
    }

    /// Has a password checked, and does all that follows from it. It goes to its end also when the client
    /// does not wait for it, so that nobody tries passwords unseen, or has more checked at once by leaving.
    async fn check(
        self,
        attempt: Attempt,
        credentials: Credentials,
        post: FormPost,
    ) -> Result<Response, ApiError> {
        let checked = self.gate.credentials.check(&credentials).await;
        let refusal = match checked {
            Ok(user) => {
                attempt.was_good().await?;
                return self.signed_in(user, credentials.password).await;
            }
            Err(refusal) => refusal,
        };
        let typed = account(&credentials.domain, &credentials.user_name);
        self.trail
            .note(Event::sign_in_refused(Some(typed), refusal));
        if refusal.is_failed_attempt() {
            attempt.was_bad();
        } else {
            attempt.was_none().await?;
        }
        if refusal.asks_for_change()
            && let Some(form) = password_change::ask_for_change(&self, &credentials).await?
        {
            return Ok(form);
        }
        self.refused(&post, refusal).await
    }

    /// Good credentials: the conversation is spent, and the token is out (CA-50, CA-69). Of two posts
    /// at the same time only one gets a token.
    pub(super) async fn signed_in(
        &self,
        user: UserIdentity,
        password: SecretString,
    ) -> Result<Response, ApiError> {
        let gate = &self.gate;
        if !spend(gate, &self.conversation).await? {
            let refusal = ConversationRefusal::SessionIdInvalid;
            return Ok(self.reader.form(&refusal.form(self.reader.language)));
        }
        let display_name = user.domain().to_owned();
        let signed_in = Event::SignIn {
            user: account(user.domain(), user.name()),
        };
        let key = UserKey::new(user.domain(), user.name());
        gate.note_sign_in(&key, &password).await;
        let grant = Grant {
            user,
            password,
            service: self.conversation.service().clone(),
        };
        let token = gate
            .tokens
            .issue(&grant, gate.now(), &mut rng())
            .map_err(|error| ApiError::BadRequest(error.to_string()))?;
        self.trail.note(signed_in);
        info!(user = %key, "Signed in");
        Ok(token_response(&token.into_response(Some(display_name))))
    }

    /// ApiError credentials: counted where all nodes see it, then answered (CA-70 to CA-75).
    async fn refused(
        &self,
        post: &FormPost,
        refusal: CredentialRefusal,
    ) -> Result<Response, ApiError> {
        let failures = if refusal.is_failed_attempt() {
            self.count_failure().await?
        } else {
            0
        };
        info!(?refusal, failures, "Sign-in refused");
        let reply = self.gate.conversations.refuse(
            &self.conversation,
            post,
            refusal,
            failures,
            self.reader.language,
            &mut rng(),
        );
        self.reply_with(&reply).await
    }

    /// Counts a failed attempt of the conversation where all nodes see it.
    pub(super) async fn count_failure(&self) -> Result<u32, ApiError> {
        let digest = Digest::of(self.conversation.id().as_bytes());
        let kind = CounterKind::ConversationFailures;
        let (now, until) = (self.gate.now(), self.conversation.expiry());
        Ok(self.gate.state.increment(kind, digest, now, until).await?)
    }

    /// Sends the next form. A conversation that is over is spent.
    pub(super) async fn reply_with(&self, reply: &ConversationReply) -> Result<Response, ApiError> {
        if matches!(reply, ConversationReply::End(_)) {
            spend(&self.gate, &self.conversation).await?;
        }
        Ok(self.reader.form(reply.form()))
    }
}

/// Marks a conversation as spent, and says whether it was not so before.
async fn spend(gate: &AppState, conversation: &Conversation) -> Result<bool, ApiError> {
    let digest = Digest::of(conversation.id().as_bytes());
    let until = conversation.expiry();
    Ok(gate
        .state
        .set_flag(FlagKind::SpentConversation, digest, until)
        .await?)
}

/// Who reads a form: a client that understands this media type, and a person who reads this
/// language.
#[derive(Clone, Copy)]
pub(super) struct Reader {
    media: &'static str,
    pub(super) language: Language,
}

impl Reader {
    fn of(request: &Request) -> Result<Self, ApiError> {
        // The vendor's type wins wherever it stands: plain XML is for those who do not know it.
        let media = request
            .accepts(&[media_type::FORM], media_type::FORM)
            .or_else(|_| request.accepts(&[PLAIN_XML], media_type::FORM))?;
        Ok(Self {
            media,
            language: request.language(),
        })
    }

    fn form(self, form: &Form) -> Response {
        let mut answer = secret(StatusCode::OK, self.media, form.to_xml());
        let tag = HeaderValue::from_static(self.language.tag());
        answer.headers_mut().insert(CONTENT_LANGUAGE, tag);
        answer
    }
}

/// A form, and the cookie that goes with it.
pub(super) fn form_with_cookie(
    gate: &AppState,
    reader: Reader,
    started: &StartedConversation,
) -> Result<Response, ApiError> {
    let mut answer = reader.form(&started.form);
    let cookie = gate.conversations.set_cookie(started, gate.secure);
    let cookie = HeaderValue::try_from(cookie).map_err(|error| ApiError::Internal(error.into()))?;
    answer.headers_mut().insert(SET_COOKIE, cookie);
    Ok(answer)
}
