//! The caller of a request: the user of its token, its audit scope, and the check of its password.

use jiff::Timestamp;
use roamd_citrixauth::Claims;
use roamd_sessions::{User, UserKey};
use roamd_store_proto::auth::Reason;
use tracing::info;

use crate::app::state::AppState;
use crate::audit::{AuditScope, Event};
use crate::auth::password_checks::CheckPolicy;
use crate::farms::PasswordCheck;
use crate::http::error::ApiError;
use crate::http::request::{Authorization, Request};
use crate::http::urls::ProtectionSpace;

/// The authenticated caller of a request in one protection space.
pub(crate) struct Caller<'s> {
    state: &'s AppState,
    space: &'s ProtectionSpace,
    /// Claims of the token.
    pub(crate) claims: Claims,
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
    let audit = state.audit_scope(request);
    let refused = |reason| {
        if reason != Reason::NoToken {
            audit.record(Event::token_refused(None, space.realm.as_str(), reason));
        }
        unauthorized(space, reason)
    };
    let presented = match request.authorization() {
        Authorization::Missing => Err(Reason::NoToken),
        Authorization::Ambiguous => Err(Reason::InvalidToken),
        Authorization::Value(value) => {
            let now = state.now();
            let (realm, audience) = (&space.realm, &state.audience);
            state.tokens.check(Some(value), realm, audience, now)
        }
    };
    let presented = presented.map_err(refused)?;
    let revoked = state.revocations.is_revoked(&presented).await?;
    let claims = presented.unless_revoked(revoked).map_err(refused)?;
    request.record_valid_token()?;
    Ok(Caller {
        state,
        space,
        user: user(&claims),
        claims,
        audit,
    })
}

impl Caller<'_> {
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

    /// Checks the password in another token, such as one to be refreshed.
    pub(crate) async fn check_password_in(
        &self,
        claims: &Claims,
        policy: CheckPolicy,
    ) -> Result<(), ApiError> {
        self.check_password_of(&user(claims), policy).await
    }

    async fn check_password_of(&self, user: &User, policy: CheckPolicy) -> Result<(), ApiError> {
        let known = self.state.password_checks.known(user).await;
        let check = match (known, policy) {
            (Some(PasswordCheck::Suspect), _)
            | (None, CheckPolicy::RequireUnlessFarmsDown | CheckPolicy::Require) => {
                self.state.password_checks.check(user.clone()).await?
            }
            (Some(check), _) => check,
            (None, CheckPolicy::SkipIfUnknown) => PasswordCheck::Unknown,
        };
        match check {
            PasswordCheck::Refused(reason) => {
                info!(user = %user.key, ?reason, "Token refused: password no longer valid");
                let realm = self.space.realm.as_str();
                self.audit
                    .record(Event::token_refused(Some(user), realm, reason));
                Err(unauthorized(self.space, reason))
            }
            PasswordCheck::Unknown | PasswordCheck::Suspect if policy == CheckPolicy::Require => {
                Err(ApiError::FarmUnavailable)
            }
            PasswordCheck::Good | PasswordCheck::Unknown | PasswordCheck::Suspect => Ok(()),
        }
    }

    /// Current time, by the injected clock.
    pub(crate) fn now(&self) -> Timestamp {
        self.state.now()
    }
}

/// The `401` of a protection space.
pub(crate) fn unauthorized(space: &ProtectionSpace, reason: Reason) -> ApiError {
    ApiError::Unauthorized(Box::new(space.challenge(reason)))
}

/// The user that a token was issued to.
fn user(claims: &Claims) -> User {
    User {
        key: UserKey::new(claims.user.domain(), claims.user.name()),
        name: claims.user.name().to_owned(),
        domain: claims.user.domain().to_owned(),
        password: claims.password.clone(),
    }
}
