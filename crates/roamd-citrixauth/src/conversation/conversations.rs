//! Conversations: starting, resuming, and the forms of their steps.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use rand_core::CryptoRng;
use roamd_seal::KeyRing;
use roamd_store_proto::auth::{Form, FormPost, FormResult, FormStatus};
use roamd_store_proto::{Language, Text};

use super::account::{Account, ChangeReason};
use super::conversation_refusal::ConversationRefusal;
use super::conversation_state::{Carrier, Conversation, ConversationId};
use super::form::{self, FormError, FormValues};
use super::form_policy::FormPolicy;
use super::negotiation::Negotiation;
use super::{cookie, password_change, posted_credentials};
use crate::{
    BadAttempt, ChangeRefusal, CredentialRefusal, Credentials, PasswordChange, Service, StatedWait,
    texts,
};

/// Runs conversations. It is stateless.
#[derive(Debug, Clone)]
pub struct Conversations {
    keys: Arc<KeyRing>,
    policy: FormPolicy,
}

/// A conversation that was started, or has switched to another form.
#[derive(Debug, Clone)]
pub struct StartedConversation {
    /// The form.
    pub form: Form,
    /// Value of the cookie: letters and digits. See [`Conversations::set_cookie`].
    pub cookie_value: String,
}

/// The conversation of a request, which may be spent (CA-50).
#[derive(Debug, Clone)]
pub struct ResumedConversation(Conversation);

/// Response to a post that did not result in a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConversationReply {
    /// A form with an error. The conversation continues.
    Again(Form),
    /// A failure. The conversation has ended and must be marked as spent.
    End(Form),
}

impl Conversations {
    /// Creates a runner of conversations.
    #[must_use]
    pub fn new(keys: Arc<KeyRing>, policy: FormPolicy) -> Self {
        Self { keys, policy }
    }

    /// Starts a conversation for a token for `service`. Its id is new, never one of the client.
    #[must_use]
    pub fn start(
        &self,
        service: Service,
        negotiation: Negotiation,
        language: Language,
        now: Timestamp,
        rng: &mut impl CryptoRng,
    ) -> StartedConversation {
        let id = ConversationId::random(rng);
        let conversation = Conversation::new(id, service, negotiation, self.expiry(now));
        StartedConversation {
            cookie_value: conversation.seal(&self.keys, Carrier::Cookie, rng),
            form: self.first_form(&conversation, language, rng),
        }
    }

    /// Returns the form that a conversation begins with.
    #[must_use]
    pub fn first_form(
        &self,
        conversation: &Conversation,
        language: Language,
        rng: &mut impl CryptoRng,
    ) -> Form {
        self.form(conversation, &FormValues::default(), None, language, rng)
    }

    /// Returns the expiry of a conversation that starts now.
    #[must_use]
    pub fn expiry(&self, now: Timestamp) -> Timestamp {
        let lifetime = self.policy.lifetime.min(FormPolicy::LIFETIME);
        SignedDuration::try_from(lifetime)
            .ok()
            .and_then(|lifetime| now.checked_add(lifetime).ok())
            .unwrap_or(now)
    }

    /// Returns the value of the single `Set-Cookie` header of a started conversation (CA-48).
    /// `secure` is whether clients use https.
    #[must_use]
    pub fn set_cookie(&self, started: &StartedConversation, secure: bool) -> String {
        cookie::set(&self.policy.cookie_name, &started.cookie_value, secure)
    }

    /// Finds the conversation of a post by its `Cookie` header or its `StateContext` (CA-46). If
    /// both are present, the latter counts, because it is that of the posted form. The header is
    /// parsed leniently (CA-49).
    ///
    /// # Errors
    /// If there is no conversation. The response is [`ConversationRefusal::form`].
    pub fn resume(
        &self,
        cookie: Option<&str>,
        post: &FormPost,
        now: Timestamp,
    ) -> Result<ResumedConversation, ConversationRefusal> {
        let mut cookies =
            cookie::values(cookie.unwrap_or_default(), &self.policy.cookie_name).peekable();
        let by_cookie = match cookies.peek() {
            None => None,
            Some(_) => Some(
                cookies
                    .find_map(|value| Conversation::open(&self.keys, Carrier::Cookie, value))
                    .ok_or(ConversationRefusal::SessionIdInvalid)?,
            ),
        };
        let by_context = match post.state_context.as_str() {
            "" => None,
            text => Some(
                Conversation::open(&self.keys, Carrier::StateContext, text)
                    .ok_or(ConversationRefusal::StateContextInvalid)?,
            ),
        };
        let conversation = match (by_cookie, by_context) {
            (Some(one), Some(other)) if one.id != other.id => {
                return Err(ConversationRefusal::StateContextInvalid);
            }
            (_, Some(conversation)) | (Some(conversation), None) => conversation,
            (None, None) => return Err(ConversationRefusal::SessionIdInvalid),
        };
        if conversation.expiry <= now {
            return Err(ConversationRefusal::SessionIdExpired);
        }
        Ok(ResumedConversation(conversation))
    }

    /// Parses the posted credentials (CA-67). A domain in the user name, as `DOMAIN\user` or
    /// `user@suffix`, takes precedence over the `domain` field, and that over the default domain.
    ///
    /// # Errors
    /// If the credentials are not valid, or the `domain` field is not in the list (CA-68).
    pub fn credentials(&self, post: &FormPost) -> Result<Credentials, BadAttempt> {
        posted_credentials::parse(&self.policy, post)
    }

    /// Returns the response to refused credentials. `failures` is the number of failed attempts of
    /// this conversation, including this one. It is used only if
    /// [`CredentialRefusal::is_failed_attempt`].
    #[must_use]
    pub fn refuse(
        &self,
        conversation: &Conversation,
        post: &FormPost,
        refusal: CredentialRefusal,
        failures: u32,
        language: Language,
        rng: &mut impl CryptoRng,
    ) -> ConversationReply {
        let end = |status, text: Text| {
            ConversationReply::End(form::failed(status, text.in_language(language)))
        };
        match refusal {
            CredentialRefusal::BadCredentials
            | CredentialRefusal::Disabled
            | CredentialRefusal::LockedOut => {
                if failures >= self.policy.max_attempts {
                    end(FormStatus::SUCCESS, texts::TOO_MANY_ATTEMPTS)
                } else {
                    let values = FormValues::from_post(post);
                    let fields = &["username", "password"];
                    let error = FormError::of(fields, texts::NOT_CORRECT, language);
                    let error = Some(error);
                    ConversationReply::Again(self.form(conversation, &values, error, language, rng))
                }
            }
            CredentialRefusal::MustChange => end(FormStatus::SUCCESS, texts::MUST_CHANGE_PASSWORD),
            CredentialRefusal::Expired => end(FormStatus::SUCCESS, texts::PASSWORD_EXPIRED),
            CredentialRefusal::Unavailable => {
                end(FormStatus::SERVICE_UNAVAILABLE, texts::UNAVAILABLE)
            }
        }
    }

    /// Returns the response to an attempt that came too early, at the sign-in or at the old
    /// password of a change: the same form, with the time to wait. The attempt is no failed one
    /// (CA-72), since nothing was checked.
    #[must_use]
    pub fn ask_to_wait(
        &self,
        conversation: &Conversation,
        post: &FormPost,
        wait: StatedWait,
        language: Language,
        rng: &mut impl CryptoRng,
    ) -> Form {
        let error = Some(FormError::wait(wait, language));
        match &conversation.changing {
            Some(account) => self.change_form(conversation, account, error, language, rng),
            None => {
                let values = FormValues::from_post(post);
                self.form(conversation, &values, error, language, rng)
            }
        }
    }

    /// Returns the form for a new password (CA-74). The password of the credentials is right. The
    /// cookie must be set again, because it carries the account.
    ///
    /// Returns `None` if the client does not support fields for new passwords. Then the response is
    /// that of [`Conversations::refuse`].
    #[must_use]
    pub fn ask_for_change(
        &self,
        conversation: &Conversation,
        credentials: &Credentials,
        reason: ChangeReason,
        language: Language,
        rng: &mut impl CryptoRng,
    ) -> Option<StartedConversation> {
        if !conversation.negotiation.new_password {
            return None;
        }
        let account = Account::of(credentials, reason);
        let conversation = Conversation {
            changing: Some(account.clone()),
            ..conversation.clone()
        };
        Some(StartedConversation {
            cookie_value: conversation.seal(&self.keys, Carrier::Cookie, rng),
            form: self.change_form(&conversation, &account, None, language, rng),
        })
    }

    /// Parses the posted change of a password. Returns `None` if the conversation has not asked for
    /// one. The account is that of the conversation, never a posted one.
    #[must_use]
    pub fn password_change(
        &self,
        conversation: &Conversation,
        post: &FormPost,
    ) -> Option<Result<PasswordChange, ChangeRefusal>> {
        let account = conversation.changing.as_ref()?;
        Some(password_change::parse(account, post))
    }

    /// Returns the response to a refused change. `failures` is the number of failed attempts of
    /// this conversation, including this one.
    #[must_use]
    pub fn refuse_change(
        &self,
        conversation: &Conversation,
        refusal: ChangeRefusal,
        failures: u32,
        language: Language,
        rng: &mut impl CryptoRng,
    ) -> ConversationReply {
        let end = |status, text: Text| {
            ConversationReply::End(form::failed(status, text.in_language(language)))
        };
        match (
            password_change::field_error(refusal, language),
            &conversation.changing,
        ) {
            (Some(_), Some(_)) if failures >= self.policy.max_attempts => {
                end(FormStatus::SUCCESS, texts::TOO_MANY_ATTEMPTS)
            }
            (Some(error), Some(account)) => ConversationReply::Again(self.change_form(
                conversation,
                account,
                Some(error),
                language,
                rng,
            )),
            _ if refusal == ChangeRefusal::Unsure => end(FormStatus::SUCCESS, texts::CHANGE_UNSURE),
            _ => end(FormStatus::SERVICE_UNAVAILABLE, texts::UNAVAILABLE),
        }
    }

    /// Returns the response to a changed password whose account no farm could confirm afterwards.
    #[must_use]
    pub fn changed(language: Language) -> ConversationReply {
        let text = texts::CHANGED.in_language(language);
        ConversationReply::End(form::failed(FormStatus::SUCCESS, text))
    }

    /// Returns the response to a cancellation (CA-73).
    #[must_use]
    pub fn cancelled() -> Form {
        form::cancelled()
    }

    /// Returns the form for a new password, with a new state context.
    fn change_form(
        &self,
        conversation: &Conversation,
        account: &Account,
        error: Option<FormError>,
        language: Language,
        rng: &mut impl CryptoRng,
    ) -> Form {
        form::input_form(
            &self.policy,
            FormResult::UPDATE_CREDENTIALS,
            conversation.seal(&self.keys, Carrier::StateContext, rng),
            password_change::rows(account, conversation.negotiation, error, language),
            language,
        )
    }

    /// Returns the sign-in form, with a new state context.
    fn form(
        &self,
        conversation: &Conversation,
        values: &FormValues<'_>,
        error: Option<FormError>,
        language: Language,
        rng: &mut impl CryptoRng,
    ) -> Form {
        let state_context = conversation.seal(&self.keys, Carrier::StateContext, rng);
        form::sign_in(
            &self.policy,
            conversation.negotiation,
            state_context,
            values,
            error,
            language,
        )
    }
}

impl ResumedConversation {
    /// Returns the id.
    #[must_use]
    pub fn id(&self) -> ConversationId {
        self.0.id
    }

    /// Returns the conversation unless it is spent: it resulted in a token, failed or was
    /// cancelled.
    ///
    /// # Errors
    /// If it is spent.
    pub fn unless_spent(self, spent: bool) -> Result<Conversation, ConversationRefusal> {
        if spent {
            Err(ConversationRefusal::SessionIdInvalid)
        } else {
            Ok(self.0)
        }
    }
}

impl ConversationRefusal {
    /// Returns the response, a form with a failure (CA-75).
    #[must_use]
    pub fn form(self, language: Language) -> Form {
        let (status, text) = match self {
            Self::SessionIdInvalid => (FormStatus::SESSION_ID_INVALID, texts::SIGN_IN_AGAIN),
            Self::SessionIdExpired => (FormStatus::SESSION_ID_EXPIRED, texts::SIGN_IN_AGAIN),
            Self::StateContextInvalid => (FormStatus::STATE_CONTEXT_INVALID, texts::SIGN_IN_AGAIN),
            Self::ClientLacksFields => (FormStatus::SUCCESS, texts::CLIENT_LACKS_FIELDS),
        };
        form::failed(status, text.in_language(language))
    }
}

impl ConversationReply {
    /// Returns the form to send.
    #[must_use]
    pub fn form(&self) -> &Form {
        match self {
            Self::Again(form) | Self::End(form) => form,
        }
    }
}
