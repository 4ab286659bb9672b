//! A post to a sign-in conversation, and the steps that end or continue the conversation.

use std::net::IpAddr;
use std::sync::Arc;

use http::header::{CONTENT_LANGUAGE, HeaderValue, SET_COOKIE};
use roamd_citrixauth::{
    Conversation, ConversationRefusal, ConversationReply, CredentialRefusal, Credentials, Grant,
    StartedConversation, StatedWait, UserIdentity,
};
use roamd_http::Response;
use roamd_sessions::{User, UserKey};
use roamd_state::{CounterKind, Digest, FlagKind, Party};
use roamd_store_proto::auth::{Form, FormPost};
use roamd_store_proto::{Language, media_type};
use secrecy::SecretString;
use tracing::info;

use super::messages::{secret_response, token_response};
use crate::app::state::AppState;
use crate::audit::{AuditScope, Event, SignInId, account};
use crate::auth::login_throttle::{Admission, Attempt, Target};
use crate::clock::rng;
use crate::http::error::ApiError;
use crate::http::request::Request;

/// A client that accepts no vendor type of forms may accept plain XML (CA-44).
const PLAIN_XML: &str = "text/xml";

/// A post to a conversation, with all that is needed to respond to it.
pub(super) struct ConversationPost {
    pub(super) state: Arc<AppState>,
    pub(super) audit: AuditScope,
    pub(super) forms: FormWriter,
    pub(super) conversation: Conversation,
    /// Party of the writes to the shared state.
    pub(super) party: Party,
}

impl ConversationPost {
    /// Begins a password attempt (citrixauth.md §7 rule 5). One that came too early is recorded;
    /// the response is that of [`ConversationPost::ask_to_wait`].
    pub(super) async fn begin_attempt(
        &self,
        credentials: &Credentials,
        client: Option<IpAddr>,
    ) -> Result<Admission, ApiError> {
        let Credentials {
            domain, user_name, ..
        } = credentials;
        let target = Target::new(domain, user_name, client);
        let evidence = self.state.password_checks.evidence(credentials).await;
        let admission = self.state.login_throttle.begin(target, evidence).await?;
        if let Admission::TooEarly(wait) = &admission {
            let user = account(domain, user_name);
            self.audit.record(Event::sign_in_throttled(user));
            info!(minutes = wait.minutes, "Login throttled");
        }
        Ok(admission)
    }

    /// Responds to an attempt that came too early, with the time to wait. Nothing is counted, so
    /// such attempts write nothing to the shared state.
    pub(super) fn ask_to_wait(&self, post: &FormPost, wait: StatedWait) -> Response {
        let form = self.state.conversations.ask_to_wait(
            &self.conversation,
            post,
            wait,
            self.forms.language,
            &mut rng(),
        );
        self.forms.respond(&form)
    }

    /// Responds to good credentials: the conversation is spent, and a token is issued (CA-50,
    /// CA-69). Of two concurrent posts only one gets a token.
    pub(super) async fn signed_in(
        &self,
        user: UserIdentity,
        password: SecretString,
    ) -> Result<Response, ApiError> {
        let state = &self.state;
        if !spend(state, self.party, &self.conversation).await? {
            let refusal = ConversationRefusal::SessionIdInvalid;
            return Ok(self.forms.refusal(&refusal));
        }
        let display_name = user.domain().to_owned();
        let name = account(user.domain(), user.name());
        let signed_in = User::new(user.domain(), user.name(), password.clone());
        state.password_checks.record_sign_in(&signed_in).await;
        state.forget_enumerations(&signed_in).await;
        let grant = Grant {
            user,
            password,
            service: self.conversation.service().clone(),
        };
        let token = state
            .tokens
            .issue(&grant, state.now(), &mut rng())
            .map_err(|error| ApiError::BadRequest(error.to_string()))?;
        self.audit.record(Event::SignIn {
            user: name,
            sign_in: SignInId::of(token.id),
            until: token.expiry,
        });
        self.audit.note_sign_in(token.id);
        info!(user = %signed_in.key(), "User signed in");
        Ok(token_response(&token.into_response(Some(display_name))))
    }

    /// Whether an operator has blocked sign-ins of an account.
    pub(super) fn is_blocked(&self, domain: &str, name: &str) -> bool {
        let user = UserKey::new(domain, name);
        self.state.user_blocks.is_blocked(&user, self.state.now())
    }

    /// Responds to good credentials of a blocked user like to a wrong password, so that a guesser
    /// learns nothing.
    pub(super) async fn blocked(
        &self,
        fields: &FormPost,
        attempt: Attempt,
        user: &UserIdentity,
    ) -> Result<Response, ApiError> {
        let user = account(user.domain(), user.name());
        self.audit.record(Event::sign_in_blocked(user));
        attempt.failed().await?;
        self.refused(fields, CredentialRefusal::BadCredentials)
            .await
    }

    /// Responds to refused credentials. Failures are counted in the shared state first (CA-70 to
    /// CA-75).
    pub(super) async fn refused(
        &self,
        post: &FormPost,
        refusal: CredentialRefusal,
    ) -> Result<Response, ApiError> {
        let failures = if refusal.is_failed_attempt() {
            self.count_failure().await?
        } else {
            0
        };
        info!(?refusal, failures, "Login refused");
        let reply = self.state.conversations.refuse(
            &self.conversation,
            post,
            refusal,
            failures,
            self.forms.language,
            &mut rng(),
        );
        self.reply(&reply).await
    }

    /// Counts a failed attempt of the conversation in the shared state. Returns the new count.
    pub(super) async fn count_failure(&self) -> Result<u32, ApiError> {
        let key = Digest::of(self.conversation.id().as_bytes());
        let kind = CounterKind::ConversationFailures;
        let (now, until) = (self.state.now(), self.conversation.expiry());
        let shared = &self.state.shared;
        Ok(shared.increment(self.party, kind, key, now, until).await?)
    }

    /// Sends the next form. A conversation that ends is spent.
    pub(super) async fn reply(&self, reply: &ConversationReply) -> Result<Response, ApiError> {
        if matches!(reply, ConversationReply::End(_)) {
            spend(&self.state, self.party, &self.conversation).await?;
        }
        Ok(self.forms.respond(reply.form()))
    }
}

/// Marks a conversation as spent. Returns whether it was not spent before.
pub(super) async fn spend(
    state: &AppState,
    party: Party,
    conversation: &Conversation,
) -> Result<bool, ApiError> {
    let key = Digest::of(conversation.id().as_bytes());
    let until = conversation.expiry();
    let kind = FlagKind::SpentConversation;
    Ok(state.shared.set_flag(party, kind, key, until).await?)
}

/// Writes forms in the media type and the language that the client accepts.
#[derive(Clone, Copy)]
pub(super) struct FormWriter {
    media: &'static str,
    pub(super) language: Language,
}

impl FormWriter {
    /// # Errors
    /// [`ApiError::NotAcceptable`] if the client accepts no form.
    pub(super) fn of(request: &Request) -> Result<Self, ApiError> {
        // The vendor's type takes precedence, wherever it stands in `Accept`.
        let media = request
            .accepts(&[media_type::FORM], media_type::FORM)
            .or_else(|_| request.accepts(&[PLAIN_XML], media_type::FORM))?;
        Ok(Self {
            media,
            language: request.language(),
        })
    }

    /// A response with a form.
    pub(super) fn respond(self, form: &Form) -> Response {
        let mut response = secret_response(self.media, form.to_xml());
        let tag = HeaderValue::from_static(self.language.tag());
        response.headers_mut().insert(CONTENT_LANGUAGE, tag);
        response
    }

    /// A response with the form of a refused conversation.
    pub(super) fn refusal(self, refusal: &ConversationRefusal) -> Response {
        self.respond(&refusal.form(self.language))
    }

    /// A response with the first form of a conversation and its cookie.
    pub(super) fn with_cookie(
        self,
        state: &AppState,
        started: &StartedConversation,
    ) -> Result<Response, ApiError> {
        let mut response = self.respond(&started.form);
        let cookie = state.conversations.set_cookie(started, state.is_https());
        let cookie =
            HeaderValue::try_from(cookie).map_err(|error| ApiError::Internal(error.into()))?;
        response.headers_mut().insert(SET_COOKIE, cookie);
        Ok(response)
    }
}
