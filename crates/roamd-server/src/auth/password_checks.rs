//! Checks of the passwords in tokens: the cached result, or else a check on a farm.

use std::sync::Arc;

use roamd_citrixauth::Credentials;
use roamd_fairness::RateLimiter;
use roamd_sessions::{Busy, User, UserKey};

use crate::auth::login_throttle::Evidence;
use crate::changes::Changes;
use crate::farms::{CredentialFarms, PasswordCheck, PasswordCheckCache};
use crate::http::error::ApiError;

/// Requirement on the password check before an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CheckPolicy {
    /// Without a cached result, no check is made: the operation queries at most one farm, whose
    /// response shows whether the password is good.
    SkipIfUnknown,
    /// The password is checked before it is sent to several farms. If no farm can check it, the
    /// operation continues.
    RequireUnlessFarmsDown,
    /// A farm must have accepted the password: the operation queries no farm that would refuse it.
    Require,
}

/// Checks passwords on farms, and caches the results.
pub(crate) struct PasswordChecks {
    cache: Arc<PasswordCheckCache>,
    farms: CredentialFarms,
    changes: Changes,
    /// Limit on the checks of each user.
    rates: Arc<RateLimiter<UserKey>>,
}

impl CheckPolicy {
    /// Returns the policy for an operation on all of `farms` farms.
    pub(crate) fn of(farms: usize) -> Self {
        if farms > 1 {
            Self::RequireUnlessFarmsDown
        } else {
            Self::SkipIfUnknown
        }
    }
}

impl PasswordChecks {
    /// `cache` is the one in which farms mark the passwords that they refuse.
    pub(crate) fn new(
        cache: Arc<PasswordCheckCache>,
        farms: CredentialFarms,
        changes: Changes,
        rates: Arc<RateLimiter<UserKey>>,
    ) -> Self {
        Self {
            cache,
            farms,
            changes,
            rates,
        }
    }

    /// Returns the cached result for the user's password.
    pub(crate) async fn known(&self, user: &User) -> Option<PasswordCheck> {
        self.cache.known(user).await
    }

    /// Returns whether the user has just signed in with these credentials.
    pub(crate) async fn evidence(&self, credentials: &Credentials) -> Evidence {
        let Credentials {
            domain, user_name, ..
        } = credentials;
        let user = User::new(domain, user_name, credentials.password.clone());
        match self.cache.known(&user).await {
            Some(PasswordCheck::Good) => Evidence::JustUsed,
            _ => Evidence::None,
        }
    }

    /// Checks a user's password on a farm, unless a result is cached.
    ///
    /// The check runs to completion even if the client disconnects: the next request would present
    /// the password again.
    ///
    /// # Errors
    /// [`ApiError::Busy`] if the user has caused too many checks. If the check panicked.
    pub(crate) async fn check(&self, user: User) -> Result<PasswordCheck, ApiError> {
        if !self.rates.take(user.key()) {
            return Err(Busy.into());
        }
        let (cache, farms) = (Arc::clone(&self.cache), self.farms.clone());
        let check = async move { cache.get_or_check(&user, farms.check_password(&user)).await };
        self.changes.run_to_completion(check).await
    }

    /// Records that the user has just signed in with this password.
    pub(crate) async fn record_sign_in(&self, user: &User) {
        self.cache.confirm(user).await;
    }

    /// Records that the user has replaced this password: no token with it reaches a farm any more.
    pub(crate) async fn record_change(&self, user: &User) {
        self.cache.reject(user).await;
    }
}
