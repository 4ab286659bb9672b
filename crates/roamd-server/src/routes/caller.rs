//! The caller of a request: the user of its token, its audit scope, and the check of its password.

use std::future::poll_fn;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;

use jiff::Timestamp;
use roamd_citrixauth::{Claims, UserIdentity, token_in};
use roamd_http::on_heap;
use roamd_sessions::{RoamingClient, RoamingRule, User, UserFarms};
use roamd_store_proto::auth::Reason;
use tracing::info;
use zeroize::Zeroizing;

use crate::app::state::{AppState, HostedStore};
use crate::audit::{AuditScope, Event, account};
use crate::auth::password_checks::CheckPolicy;
use crate::auth::recent_tokens::{Presented, user_of};
use crate::auth::revocation::TokenDigests;
use crate::farms::PasswordCheck;
use crate::http::error::ApiError;
use crate::http::request::{Authorization, Request};
use crate::http::urls::ProtectionSpace;
use crate::trace::RequestScope;

/// The authenticated caller of a request in one protection space.
pub(crate) struct Caller<'s> {
    state: &'s AppState,
    space: &'s ProtectionSpace,
    digests: TokenDigests,
    /// Address of the client; `None` if a proxy hides it.
    pub(crate) address: Option<IpAddr>,
    /// Claims of the token.
    pub(crate) claims: Arc<Claims>,
    /// The user of the token.
    pub(crate) user: User,
    /// Where the request records its audit events.
    pub(crate) audit: AuditScope,
}

/// Authenticates a request by the token of this protection space (SS-4, CA-4).
///
/// # Errors
/// `401` with the challenge of the space, or `503` if the shared state fails.
pub(crate) async fn caller<'s>(
    state: &'s AppState,
    request: &Request,
    space: &'s ProtectionSpace,
) -> Result<Caller<'s>, ApiError> {
    let token = match request.authorization() {
        Authorization::Missing => token_in(None),
        Authorization::Value(value) => token_in(Some(value)),
        Authorization::Ambiguous => Err(Reason::InvalidToken),
    };
    let presented = token.and_then(|it| state.present(it, &space.realm, &space.audience));
    let presented = presented.map_err(|reason| {
        let audit = state.audit_scope(request);
        let holder = token.ok().and_then(|token| holder(state, token, reason));
        refused(space, &audit, holder, reason)
    })?;
    caller_with(state, request, space, presented).await
}

/// Authenticates a request by a token that has been checked for this protection space.
///
/// # Errors
/// As of [`caller`].
pub(crate) async fn caller_with<'s>(
    state: &'s AppState,
    request: &Request,
    space: &'s ProtectionSpace,
    presented: Presented,
) -> Result<Caller<'s>, ApiError> {
    let audit = state.audit_scope(request);
    let digests = presented.digests();
    let revoked = state.revocations.is_revoked(&digests).await?;
    let destroyed = revoked.then(|| presented.holder().clone());
    let (claims, user) = presented
        .unless_revoked(revoked)
        .map_err(|reason| refused(space, &audit, destroyed, reason))?;
    request.record_user(user.key()).await?;
    RequestScope::note_user(user.key());
    audit.note_use(&user, claims.sign_in, request.operation());
    Ok(Caller {
        state,
        space,
        digests,
        address: request.own_client_address(),
        user,
        claims,
        audit,
    })
}

/// Records a refused token. Returns the `401` of the space.
pub(super) fn refused(
    space: &ProtectionSpace,
    audit: &AuditScope,
    holder: Option<UserIdentity>,
    reason: Reason,
) -> ApiError {
    if reason != Reason::NoToken {
        let holder = holder.map(|user| account(user.domain(), user.name()));
        audit.record(Event::token_refused(holder, space.realm.as_str(), reason));
    }
    unauthorized(space, reason)
}

/// The user of a refused token that this server has issued.
fn holder(state: &AppState, token: &str, reason: Reason) -> Option<UserIdentity> {
    let may_be_opened = matches!(
        reason,
        Reason::Expired | Reason::NotForThisService | Reason::InvalidAudience
    );
    may_be_opened.then(|| state.holder(token))?
}

impl Caller<'_> {
    /// Reads the body, which must declare this media type (SS-16). If it took time to arrive, the
    /// token is checked again.
    ///
    /// # Errors
    /// As of [`Request::body_of`] and [`Caller::check_token_again`].
    pub(crate) fn body_of(
        &self,
        request: Request,
        expected: &'static str,
    ) -> impl Future<Output = Result<Zeroizing<Vec<u8>>, ApiError>> {
        self.read(on_heap(|| request.body_of(expected)))
    }

    /// Like [`Caller::body_of`], whatever media type the body declares.
    ///
    /// # Errors
    /// As of [`Request::body`] and [`Caller::check_token_again`].
    pub(crate) fn body(
        &self,
        request: Request,
    ) -> impl Future<Output = Result<Zeroizing<Vec<u8>>, ApiError>> {
        self.read(on_heap(|| request.body()))
    }

    /// Waits for a body. Checks the token again, unless the body was there already: the token has
    /// just been checked then.
    ///
    /// The future that reads is on the heap: it contains the body, and would be in the future of
    /// each handler several times.
    async fn read<T>(
        &self,
        mut reading: Pin<Box<impl Future<Output = Result<T, ApiError>>>>,
    ) -> Result<T, ApiError> {
        let mut has_waited = false;
        let read = poll_fn(|context| {
            let read = reading.as_mut().poll(context);
            has_waited |= read.is_pending();
            read
        });
        let body = read.await?;
        if has_waited {
            self.check_token_again().await?;
        }
        Ok(body)
    }

    /// Checks that the token has not been revoked and has not expired since the request began.
    ///
    /// # Errors
    /// `401` with the challenge of the space, or `503` if the shared state fails.
    pub(crate) async fn check_token_again(&self) -> Result<(), ApiError> {
        let is_revoked = self.state.revocations.is_revoked(&self.digests).await?;
        if !is_revoked && self.now() < self.claims.expiry {
            return Ok(());
        }
        let (realm, reason) = (self.space.realm.as_str(), Reason::Expired);
        let user = account(self.user.domain(), self.user.name());
        let event = Event::token_refused(Some(user), realm, reason);
        self.audit.record(event);
        Err(unauthorized(self.space, reason))
    }

    /// Checks the caller's password before farms are queried.
    ///
    /// A password that was changed since the sign-in must not reach several farms, and one that is
    /// known to be refused must reach none (see [`crate::auth::password_checks`]).
    ///
    /// # Errors
    /// `401` if the password or the account is refused; `503` if no farm could check it and the
    /// operation relies on it.
    pub(crate) async fn check_password(&self, policy: CheckPolicy) -> Result<(), ApiError> {
        self.check_password_of(&self.user, policy).await
    }

    /// Checks the password again if farms have refused the account, and none has served it: then
    /// this response is the `401`, and not the next one (CA-12). The farms that refused may not be
    /// those that check passwords, so their refusal alone does not decide.
    ///
    /// # Errors
    /// As of [`Caller::check_password`].
    pub(crate) async fn check_again_if(&self, account_refused: bool) -> Result<(), ApiError> {
        if account_refused {
            on_heap(|| self.check_password(CheckPolicy::SkipIfUnknown)).await?;
        }
        Ok(())
    }

    /// Checks the password in another token, such as one to be refreshed.
    pub(crate) async fn check_password_in(
        &self,
        claims: &Claims,
        policy: CheckPolicy,
    ) -> Result<(), ApiError> {
        self.check_password_of(&user_of(claims), policy).await
    }

    async fn check_password_of(&self, user: &User, policy: CheckPolicy) -> Result<(), ApiError> {
        let known = self.state.password_checks.known(user).await;
        let check = match (known, policy) {
            (Some(PasswordCheck::Suspect), _)
            | (None, CheckPolicy::RequireUnlessFarmsDown | CheckPolicy::Require) => {
                let check = self.state.password_checks.check(user.clone()).await?;
                // A farm may have taken long to respond.
                self.check_token_again().await?;
                check
            }
            (Some(check), _) => check,
            (None, CheckPolicy::SkipIfUnknown) => PasswordCheck::Unknown,
        };
        match check {
            PasswordCheck::Refused(reason) => {
                info!(user = %user.key(), ?reason, "Token refused: password no longer valid");
                let realm = self.space.realm.as_str();
                let name = account(user.domain(), user.name());
                self.audit
                    .record(Event::token_refused(Some(name), realm, reason));
                Err(unauthorized(self.space, reason))
            }
            PasswordCheck::Unknown | PasswordCheck::Suspect if policy == CheckPolicy::Require => {
                Err(ApiError::FarmUnavailable)
            }
            PasswordCheck::Good | PasswordCheck::Unknown | PasswordCheck::Suspect => Ok(()),
        }
    }

    /// The roaming rule of a store for the caller (SS-71).
    pub(crate) fn roaming(&self, store: &HostedStore) -> RoamingRule {
        let sids = self.state.named_sids.of(self.claims.user.sids());
        store.roaming.rule(RoamingClient {
            address: self.address,
            user: self.user.key(),
            sids: sids.as_deref(),
        })
    }

    /// The farms of a store for the caller (SS-73).
    pub(crate) fn farms(&self, store: &HostedStore) -> UserFarms {
        if !store.service.has_mappings() {
            return UserFarms::default();
        }
        let sids = self.state.named_sids.of(self.claims.user.sids());
        store.service.farms_of(self.user.key(), sids.as_deref())
    }

    /// Current time, by the injected clock.
    pub(crate) fn now(&self) -> Timestamp {
        self.state.now()
    }
}

/// The `401` of a protection space.
pub(crate) fn unauthorized(space: &ProtectionSpace, reason: Reason) -> ApiError {
    ApiError::Unauthorized(space.challenge(reason))
}
