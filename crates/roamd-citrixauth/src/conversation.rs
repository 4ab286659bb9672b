//! The sign-in with a form (citrixauth.md §5).
//!
//! 1. [`Conversations::start`] answers the request token message with a form and a cookie.
//! 2. [`Conversations::resume`] finds the conversation of a post. The caller looks up whether it is
//!    spent and says so to [`ResumedConversation::unless_spent`].
//! 3. [`Conversations::credentials`] takes apart what was typed, and a
//!    [`CheckCredentials`](crate::CheckCredentials) checks it.
//! 4. If they are good, the caller marks the conversation as spent and, unless another post was
//!    faster with that, issues a token for [`Conversation::service`]. If not,
//!    [`Conversations::refuse`] gives the next form; a conversation that is over ([`ConversationReply::End`]) is
//!    marked as spent too, and so is one that is [cancelled](Conversations::cancelled).
//! 5. A password that is right and has to be changed may be changed in the same conversation:
//!    [`Conversations::ask_for_change`] gives the form for that, [`Conversations::password_change`]
//!    takes its post apart, and [`Conversations::refuse_change`] gives the next form.

mod change;
mod cookie;
mod form;
mod negotiation;
mod post;
mod state;

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rand_core::CryptoRng;
use roamd_seal::KeyRing;
use roamd_store_proto::auth::{Form, FormPost, FormResult, FormStatus};
use roamd_store_proto::{Language, Text};

use crate::{
    BadAttempt, ChangeRefusal, CredentialRefusal, Credentials, PasswordChange, Service, texts,
};

pub use negotiation::Negotiation;
pub use state::ConversationId;

use change::Account;
use form::Filled;
use state::Carrier;

/// How conversations are held.
#[derive(Debug, Clone)]
pub struct FormPolicy {
    /// The domains to choose from. When there are none, there is no domain box (CA-62), and any
    /// domain that is typed is passed on.
    pub domains: Vec<Domain>,
    /// The domain of a bare user name for which none was chosen.
    pub default_domain: Option<String>,
    /// Name of the cookie (CA-48).
    pub cookie_name: String,
    /// Failed attempts after which a conversation is over (CA-72).
    pub max_attempts: u32,
    /// How long a conversation lives; ten minutes at most (CA-51).
    pub lifetime: Duration,
    /// Path that takes the filled form, from the root of the host (CA-58).
    pub post_back: String,
    /// Path that takes the cancellation, from the root of the host.
    pub cancel_post_back: String,
}

/// A domain to choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Domain {
    /// What the person reads.
    pub display: String,
    /// What is posted, and what the farm knows.
    pub value: String,
}

/// Holds conversations, without keeping them.
#[derive(Debug, Clone)]
pub struct Conversations {
    keys: Arc<KeyRing>,
    policy: FormPolicy,
}

/// A conversation that has begun, or that begins to ask for something else.
#[derive(Debug, Clone)]
pub struct StartedConversation {
    /// The form.
    pub form: Form,
    /// Value for the cookie, letters and digits; see [`Conversations::set_cookie`].
    pub cookie_value: String,
}

/// A conversation that was found, of which it is not known yet whether it is spent (CA-50).
#[derive(Debug, Clone)]
pub struct ResumedConversation(Conversation);

/// A conversation that goes on.
#[derive(Debug, Clone)]
pub struct Conversation {
    id: ConversationId,
    expiry: Timestamp,
    service: Service,
    negotiation: Negotiation,
    /// Whose password has to be changed, where that is what the form asks for.
    changing: Option<Account>,
}

/// Why there is no conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ConversationRefusal {
    /// No conversation, an unknown cookie, or a conversation that is spent (CA-75).
    #[error("there is no such conversation")]
    SessionIdInvalid,
    /// It is over its time (CA-51).
    #[error("the conversation is over its time")]
    SessionIdExpired,
    /// `StateContext` is not one, or is that of another conversation (CA-46).
    #[error("the state context is not that of the conversation")]
    StateContextInvalid,
    /// The client cannot ask for a user name and a password (CA-54).
    #[error("the client does not know the fields of the form")]
    ClientLacksFields,
}

/// The answer to a post that gave no token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConversationReply {
    /// The form again: the conversation goes on.
    Again(Form),
    /// A failure: the conversation is over, and has to be marked as spent.
    End(Form),
}

impl FormPolicy {
    /// The usual name of the cookie (CA-48).
    pub const COOKIE_NAME: &str = "ASP.NET_SessionId";
    /// The usual number of failed attempts.
    pub const MAX_ATTEMPTS: u32 = 5;
    /// The usual, and the longest, lifetime (CA-51).
    pub const LIFETIME: Duration = Duration::from_secs(600);
}

impl Conversations {
    /// Holds conversations as a policy says.
    #[must_use]
    pub fn new(keys: Arc<KeyRing>, policy: FormPolicy) -> Self {
        Self { keys, policy }
    }

    /// Begins a conversation that is to end with a token for `service`. Its id is new and is not
    /// taken from the client.
    #[must_use]
    pub fn start(
        &self,
        service: Service,
        negotiation: Negotiation,
        language: Language,
        now: Timestamp,
        rng: &mut impl CryptoRng,
    ) -> StartedConversation {
        let lifetime = self.policy.lifetime.min(FormPolicy::LIFETIME);
        let conversation = Conversation {
            id: ConversationId::random(rng),
            expiry: SignedDuration::try_from(lifetime)
                .ok()
                .and_then(|lifetime| now.checked_add(lifetime).ok())
                .unwrap_or(now),
            service,
            negotiation,
            changing: None,
        };
        StartedConversation {
            cookie_value: conversation.seal(&self.keys, Carrier::Cookie, rng),
            form: self.form(&conversation, &Filled::default(), None, language, rng),
        }
    }

    /// The value of the one `Set-Cookie` header of a started conversation (CA-48). `secure` says
    /// that clients come by https.
    #[must_use]
    pub fn set_cookie(&self, started: &StartedConversation, secure: bool) -> String {
        cookie::set(&self.policy.cookie_name, &started.cookie_value, secure)
    }

    /// Finds the conversation of a post by its `Cookie` header or its `StateContext`, whichever
    /// comes (CA-46). Of both, the latter counts, which is of the form that was filled in. The header
    /// is read loosely (CA-49).
    ///
    /// # Errors
    /// Why there is none; the answer is [`ConversationRefusal::form`].
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

    /// Takes apart what was typed (CA-67). A domain in the user name, as `DOMAIN\user` or
    /// `user@suffix`, wins over the `domain` field, which wins over the default domain.
    ///
    /// # Errors
    /// It cannot be an account's credentials, or the `domain` field is not in the list (CA-68).
    pub fn credentials(&self, post: &FormPost) -> Result<Credentials, BadAttempt> {
        post::credentials(&self.policy, post)
    }

    /// The answer to credentials that were refused. `failures` is how many attempts of this
    /// conversation failed, this one included; it matters only when
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
                    let filled = Filled::from_post(post);
                    let error = Some(texts::NOT_CORRECT);
                    ConversationReply::Again(self.form(conversation, &filled, error, language, rng))
                }
            }
            CredentialRefusal::MustChange => end(FormStatus::SUCCESS, texts::MUST_CHANGE_PASSWORD),
            CredentialRefusal::Expired => end(FormStatus::SUCCESS, texts::PASSWORD_EXPIRED),
            CredentialRefusal::Unavailable => {
                end(FormStatus::SERVICE_UNAVAILABLE, texts::UNAVAILABLE)
            }
        }
    }

    /// Asks for a new password, and for the old one again, where the one that was typed is right but
    /// has expired or must be changed (CA-74). The cookie has to be set anew, since it carries whose
    /// password it is. Nothing when the client cannot ask for a new password: then the answer is that
    /// of [`Conversations::refuse`].
    #[must_use]
    pub fn ask_for_change(
        &self,
        conversation: &Conversation,
        credentials: &Credentials,
        language: Language,
        rng: &mut impl CryptoRng,
    ) -> Option<StartedConversation> {
        if !conversation.negotiation.new_password {
            return None;
        }
        let account = Account::of(credentials);
        let conversation = Conversation {
            changing: Some(account.clone()),
            ..conversation.clone()
        };
        Some(StartedConversation {
            cookie_value: conversation.seal(&self.keys, Carrier::Cookie, rng),
            form: self.change_form(&conversation, &account, None, language, rng),
        })
    }

    /// What was typed to change a password, if that is what the conversation asks for. Whose password
    /// it is, the conversation says, whatever was posted.
    #[must_use]
    pub fn password_change(
        &self,
        conversation: &Conversation,
        post: &FormPost,
    ) -> Option<Result<PasswordChange, ChangeRefusal>> {
        let account = conversation.changing.as_ref()?;
        Some(change::read(account, post))
    }

    /// The answer to a change that was refused. `failures` is how many attempts of this conversation
    /// failed, this one included.
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
        match (change::fault(refusal), &conversation.changing) {
            (Some(_), Some(_)) if failures >= self.policy.max_attempts => {
                end(FormStatus::SUCCESS, texts::TOO_MANY_ATTEMPTS)
            }
            (Some(fault), Some(account)) => ConversationReply::Again(self.change_form(
                conversation,
                account,
                Some(fault),
                language,
                rng,
            )),
            _ if refusal == ChangeRefusal::Unsure => end(FormStatus::SUCCESS, texts::CHANGE_UNSURE),
            _ => end(FormStatus::SERVICE_UNAVAILABLE, texts::UNAVAILABLE),
        }
    }

    /// The answer when a password was changed and nobody could be asked who it is that signs in.
    #[must_use]
    pub fn changed(language: Language) -> ConversationReply {
        let text = texts::CHANGED.in_language(language);
        ConversationReply::End(form::failed(FormStatus::SUCCESS, text))
    }

    /// The answer to a cancellation (CA-73).
    #[must_use]
    pub fn cancelled() -> Form {
        form::cancelled()
    }

    /// The form for a new password with a state context of its own.
    fn change_form(
        &self,
        conversation: &Conversation,
        account: &Account,
        fault: Option<change::Fault>,
        language: Language,
        rng: &mut impl CryptoRng,
    ) -> Form {
        form::asking(
            &self.policy,
            FormResult::UPDATE_CREDENTIALS,
            conversation.seal(&self.keys, Carrier::StateContext, rng),
            change::lines(account, conversation.negotiation, fault, language),
            language,
        )
    }

    /// The sign-in form with a state context of its own.
    fn form(
        &self,
        conversation: &Conversation,
        filled: &Filled<'_>,
        error: Option<Text>,
        language: Language,
        rng: &mut impl CryptoRng,
    ) -> Form {
        let state_context = conversation.seal(&self.keys, Carrier::StateContext, rng);
        form::sign_in(
            &self.policy,
            conversation.negotiation,
            state_context,
            filled,
            error,
            language,
        )
    }
}

impl ResumedConversation {
    /// Its id, by which all nodes know it.
    #[must_use]
    pub fn id(&self) -> ConversationId {
        self.0.id
    }

    /// Goes on with the conversation unless it is spent: it gave a token, failed or was cancelled.
    ///
    /// # Errors
    /// It is spent.
    pub fn unless_spent(self, spent: bool) -> Result<Conversation, ConversationRefusal> {
        if spent {
            Err(ConversationRefusal::SessionIdInvalid)
        } else {
            Ok(self.0)
        }
    }
}

impl Conversation {
    /// Its id, by which all nodes know it.
    #[must_use]
    pub fn id(&self) -> ConversationId {
        self.id
    }

    /// When it is over its time. What nodes remember of it can be forgotten then.
    #[must_use]
    pub fn expiry(&self) -> Timestamp {
        self.expiry
    }

    /// The service that the token is to open (CA-16).
    #[must_use]
    pub fn service(&self) -> &Service {
        &self.service
    }
}

impl ConversationRefusal {
    /// The answer, a failure form (CA-75).
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
    /// The form to send.
    #[must_use]
    pub fn form(&self) -> &Form {
        match self {
            Self::Again(form) | Self::End(form) => form,
        }
    }
}
