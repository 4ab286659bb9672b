//! A post to a sign-in conversation, and the steps that end or continue the conversation. Which
//! messages and responses carry it does not matter here.

use std::net::IpAddr;
use std::sync::Arc;

use roamd_citrixauth::{
    Conversation, ConversationRefusal, ConversationReply, CredentialRefusal, Credentials, Grant,
    IssuedToken, StartedConversation, StatedWait, UserIdentity,
};
use roamd_sessions::{User, UserKey};
use roamd_state::{CounterKind, Digest, FlagKind, Party};
use roamd_store_proto::Language;
use roamd_store_proto::auth::FormPost;
use secrecy::SecretString;
use tracing::info;

use crate::app::state::AppState;
use crate::audit::{AuditScope, Event, SignInId, account};
use crate::auth::login_throttle::{Admission, Attempt, Target};
use crate::clock::rng;
use crate::http::error::ApiError;
use crate::trace::RequestScope;

/// A post to a conversation, with all that is needed to respond to it.
pub(in crate::routes) struct ConversationPost {
    pub(in crate::routes) state: Arc<AppState>,
    pub(in crate::routes) audit: AuditScope,
    pub(in crate::routes) language: Language,
    pub(in crate::routes) conversation: Conversation,
    pub(in crate::routes) ending: Ending,
    /// Party of the writes to the shared state.
    pub(in crate::routes) party: Party,
    /// Id of the web session in the audit log; `None` for a client of the store.
    pub(in crate::routes) web_session: Option<String>,
}

/// What becomes of a conversation that has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::routes) enum Ending {
    /// It is spent: a later post to it fails (CA-50, CA-75).
    Spent,
    /// It begins again, because it is that of a web session (WA-67).
    BeginsAgain,
}

/// Result of a post to a conversation.
pub(in crate::routes) enum PostOutcome {
    /// The user is signed in.
    SignedIn {
        /// The token.
        token: IssuedToken,
        /// Domain of the user.
        domain: String,
    },
    /// The next form, or the last one.
    Reply(ConversationReply),
    /// The form for another password, with its cookie.
    Change(StartedConversation),
}

impl ConversationPost {
    /// Begins a password attempt (citrixauth.md §7 rule 5). One that came too early is recorded;
    /// the response is that of [`ConversationPost::ask_to_wait`].
    pub(super) async fn begin_attempt(
        &self,
        credentials: &Credentials,
        client: IpAddr,
    ) -> Result<Admission, ApiError> {
        let Credentials {
            domain, user_name, ..
        } = credentials;
        let target = Target::new(domain, user_name, Some(client));
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
    pub(super) fn ask_to_wait(&self, post: &FormPost, wait: StatedWait) -> PostOutcome {
        let form = self.state.conversations.ask_to_wait(
            &self.conversation,
            post,
            wait,
            self.language,
            &mut rng(),
        );
        PostOutcome::Reply(ConversationReply::Again(form))
    }

    /// Responds to good credentials: the conversation is spent, and a token is issued (CA-50,
    /// CA-69). Of two concurrent posts only one gets a token.
    pub(super) async fn signed_in(
        &self,
        user: UserIdentity,
        password: SecretString,
    ) -> Result<PostOutcome, ApiError> {
        let state = &self.state;
        let is_open = match self.ending {
            Ending::Spent => spend(state, self.party, &self.conversation).await?,
            Ending::BeginsAgain => {
                self.forget_failures().await?;
                true
            }
        };
        if !is_open {
            let refusal = ConversationRefusal::SessionIdInvalid;
            let form = refusal.form(self.language);
            return Ok(PostOutcome::Reply(ConversationReply::End(form)));
        }
        let domain = user.domain().to_owned();
        let name = account(user.domain(), user.name());
        let signed_in = User::new(user.domain(), user.name(), password.clone());
        RequestScope::note_user(signed_in.key());
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
            web_session: self.web_session.clone(),
        });
        self.audit.note_sign_in(token.id);
        info!(user = %signed_in.key(), "User signed in");
        Ok(PostOutcome::SignedIn { token, domain })
    }

    /// Whether an operator has blocked sign-ins of an account.
    ///
    /// # Errors
    /// `503` if the shared state does not respond.
    pub(super) async fn is_blocked(&self, domain: &str, name: &str) -> Result<bool, ApiError> {
        let user = UserKey::new(domain, name);
        Ok(self.state.user_blocks.is_blocked(&user).await?)
    }

    /// Responds to good credentials of a blocked user like to a wrong password, so that a guesser
    /// learns nothing.
    pub(super) async fn blocked(
        &self,
        fields: &FormPost,
        attempt: Attempt,
        user: &UserIdentity,
    ) -> Result<PostOutcome, ApiError> {
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
    ) -> Result<PostOutcome, ApiError> {
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
            self.language,
            &mut rng(),
        );
        self.reply(reply).await
    }

    /// Counts a failed attempt of the conversation in the shared state. Returns the new count.
    pub(super) async fn count_failure(&self) -> Result<u32, ApiError> {
        let key = Digest::of(self.conversation.id().as_bytes());
        let kind = CounterKind::ConversationFailures;
        let (now, until) = (self.state.now(), self.conversation.expiry());
        let shared = &self.state.shared;
        Ok(shared.increment(self.party, kind, key, now, until).await?)
    }

    /// Forgets the failed attempts of the conversation.
    async fn forget_failures(&self) -> Result<(), ApiError> {
        let key = Digest::of(self.conversation.id().as_bytes());
        let kind = CounterKind::ConversationFailures;
        let shared = &self.state.shared;
        Ok(shared.decrement(self.party, kind, key, u32::MAX).await?)
    }

    /// Responds with the next form, or with the last one, which ends the conversation.
    pub(super) async fn reply(&self, reply: ConversationReply) -> Result<PostOutcome, ApiError> {
        if matches!(reply, ConversationReply::End(_)) {
            match self.ending {
                Ending::Spent => {
                    spend(&self.state, self.party, &self.conversation).await?;
                }
                Ending::BeginsAgain => self.forget_failures().await?,
            }
        }
        Ok(PostOutcome::Reply(reply))
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
