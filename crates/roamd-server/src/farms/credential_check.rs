//! Password checks and password changes on farms.

use std::sync::Arc;

use roamd_citrixauth::{
    ChangeRefusal, CheckCredentials, CredentialRefusal, Credentials, NamedSids, PasswordChange,
    UserIdentity, may_name,
};
use roamd_fairness::{NoPermit, Permit};
use roamd_nfuse_client::{CallError, Sent, with_causes};
use roamd_nfuse_proto::{
    CapabilityId, ChangePasswordRequest, ChangePasswordResponse, ErrorId,
    UserIdentity as IdentityInfo, ValidateCredentialsRequest,
};
use roamd_sessions::{ErrorCodes, FarmError, FarmId, User, UserKey};
use roamd_store_proto::auth::Reason;
use tokio::time::{Instant, timeout_at};
use tracing::warn;

use super::adapter::NfuseFarm;
use super::credentials::{encoded, explicit};
use super::error_codes::error_codes;
use super::errors::farm_error;
use super::farm_state::FarmState;
use super::operation_kind::OperationKind;
use super::password_check::PasswordCheck;
use crate::config::PasswordChangePolicy;

/// Checks passwords on farms, one after the other until one decides. A refusal is a decision, so
/// that a wrong password is not sent to the next farm. A clone queries the same farms.
#[derive(Clone)]
pub(crate) struct CredentialFarms {
    farms: Arc<[NfuseFarm]>,
    /// The configured domains.
    domains: Arc<[String]>,
    password_change: PasswordChangePolicy,
    /// The security identifiers that rules name.
    named_sids: Arc<NamedSids>,
}

/// Refusal of a sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RefusedSignIn {
    pub(crate) refusal: CredentialRefusal,
    /// Codes of the farm that refused last, if one did.
    pub(crate) codes: Option<ErrorCodes>,
}

impl CredentialFarms {
    pub(crate) fn new(
        farms: impl IntoIterator<Item = NfuseFarm>,
        domains: &[String],
        password_change: PasswordChangePolicy,
        named_sids: Arc<NamedSids>,
    ) -> Self {
        Self {
            farms: farms.into_iter().collect(),
            domains: domains.into(),
            password_change,
            named_sids,
        }
    }

    /// Checks the credentials of a sign-in.
    ///
    /// # Errors
    /// If the user cannot be signed in, with the codes of the farm.
    pub(crate) async fn sign_in(
        &self,
        credentials: &Credentials,
    ) -> Result<UserIdentity, RefusedSignIn> {
        self.query(credentials, None).await
    }

    /// Checks the password in a user's token. The operation that needs the result has yet to begin,
    /// so this takes at most half of the shortest deadline.
    pub(crate) async fn check_password(&self, user: &User) -> PasswordCheck {
        let credentials = Credentials {
            user_name: user.name().to_owned(),
            domain: user.domain().to_owned(),
            password: user.password().clone(),
        };
        let timeouts = self.farms.iter().map(|farm| farm.0.config.timeout);
        let timeout = timeouts.min().unwrap_or_default() / 2;
        let checked = self.query(&credentials, Some(Instant::now() + timeout));
        match checked.await.map_err(|refused| refused.refusal) {
            Ok(_) => PasswordCheck::Good,
            Err(
                CredentialRefusal::BadCredentials
                | CredentialRefusal::MustChange
                | CredentialRefusal::Expired,
            ) => PasswordCheck::Refused(Reason::BadPassword),
            Err(CredentialRefusal::Disabled | CredentialRefusal::LockedOut) => {
                PasswordCheck::Refused(Reason::BadAccount)
            }
            Err(CredentialRefusal::Unavailable) => PasswordCheck::Unknown,
        }
    }

    /// Whether a user may change a password that has expired, and a farm can. NFuse has no known
    /// request for it, so only a farm that announces the capability is queried.
    pub(crate) async fn can_change_passwords(&self) -> bool {
        self.changing_farm().await.is_some()
    }

    /// Whether a user may change a password at any time, and a farm can.
    pub(crate) async fn can_change_any_password(&self) -> bool {
        self.password_change == PasswordChangePolicy::Always && self.can_change_passwords().await
    }

    /// Changes a password: one request to one farm.
    pub(crate) async fn change(&self, change: &PasswordChange) -> Result<(), ChangeRefusal> {
        let Some(NfuseFarm(farm)) = self.changing_farm().await else {
            return Err(ChangeRefusal::Unavailable);
        };
        let Credentials {
            user_name,
            domain,
            password,
        } = &change.credentials;
        let request = ChangePasswordRequest::new(
            explicit(user_name, domain, Some(password)),
            encoded(&change.new_password),
        );
        let deadline = Instant::now() + farm.config.timeout;
        let key = UserKey::new(domain, user_name);
        let Some(_permit) = permit(farm, &key, deadline).await else {
            return Err(ChangeRefusal::Unavailable);
        };
        let response = farm.client.call_by(deadline, &request).await;
        let outcome = response.as_ref().map(drop).map_err(farm_error);
        let counts = &farm.counts;
        drop(counts.record_operation(OperationKind::PasswordChange, outcome));
        match response {
            Ok(ChangePasswordResponse) => Ok(()),
            Err(error) => {
                let farm = &farm.description.id;
                warn!(%farm, error = with_causes(&error), "Farm did not change a password");
                Err(change_refusal(&error))
            }
        }
    }

    /// The first farm that announces that it can change passwords, if users may.
    async fn changing_farm(&self) -> Option<&NfuseFarm> {
        match self.password_change {
            PasswordChangePolicy::Always | PasswordChangePolicy::Expired => {}
            PasswordChangePolicy::Never => return None,
        }
        for farm in self.farms.iter() {
            let deadline = Instant::now() + farm.0.config.timeout;
            let capabilities = timeout_at(deadline, farm.0.capabilities()).await;
            if let Ok(Ok(capabilities)) = capabilities
                && capabilities.contains(&CapabilityId::PASSWORD_CHANGE)
            {
                return Some(farm);
            }
        }
        None
    }

    /// Queries one farm after the other, each within its own deadline. With `until`, each farm but
    /// the last has half of the time left, so that a farm that hangs leaves time for the next.
    async fn query(
        &self,
        credentials: &Credentials,
        until: Option<Instant>,
    ) -> Result<UserIdentity, RefusedSignIn> {
        let request = ValidateCredentialsRequest {
            identity_wanted: true,
            ..ValidateCredentialsRequest::new(explicit(
                &credentials.user_name,
                &credentials.domain,
                Some(&credentials.password),
            ))
        };
        let typed = UserIdentity::new(&*credentials.domain, &*credentials.user_name);
        let key = UserKey::new(typed.domain(), typed.name());
        let mut farms = self.farms.iter().peekable();
        let mut codes = None;
        while let Some(NfuseFarm(farm)) = farms.next() {
            let id = &farm.description.id;
            let now = Instant::now();
            let deadline = match until {
                None => now + farm.config.timeout,
                Some(until) if until <= now => break,
                Some(until) if farms.peek().is_some() => now + (until - now) / 2,
                Some(until) => until,
            };
            let Some(_permit) = permit(farm, &key, deadline).await else {
                continue;
            };
            let response = farm.client.call_by(deadline, &request).await;
            let outcome = response.as_ref().map(drop).map_err(farm_error);
            drop(farm.counts.record_operation(OperationKind::SignIn, outcome));
            match response {
                Ok(response) => {
                    let info = response.identity.unwrap_or_default();
                    return Ok(self.identity(id, typed, &info));
                }
                Err(CallError::Refused(error)) => {
                    let sent = error_codes(&error);
                    if let Some(refusal) = refusal(&error.id) {
                        let codes = Some(sent);
                        return Err(RefusedSignIn { refusal, codes });
                    }
                    warn!(farm = %id, error = %sent, "Farm refused to check credentials");
                    codes = Some(sent);
                }
                Err(error) => {
                    warn!(farm = %id, %error, "Farm did not check credentials");
                }
            }
        }
        Err(RefusedSignIn {
            refusal: CredentialRefusal::Unavailable,
            codes,
        })
    }
}

impl CredentialFarms {
    /// Returns the account that a farm names, if the farm may name it, and otherwise the typed one.
    /// The security identifiers are those of the account that the farm names.
    fn identity(&self, farm: &FarmId, typed: UserIdentity, info: &IdentityInfo) -> UserIdentity {
        let sids = match info.sids.as_slice() {
            [] => None,
            sids => self.named_sids.held_by(sids),
        };
        let Some(named) = info.sam.as_deref().and_then(UserIdentity::from_sam) else {
            return typed.with_sids(sids);
        };
        let is_only_one = self.farms.len() == 1;
        if may_name(&typed, &named, &self.domains, is_only_one) {
            return named.with_sids(sids);
        }
        warn!(%farm, %typed, %named, "Farm names another account; keeping the typed one");
        typed
    }
}

/// Waits for a permit of a farm. Returns `None` if there is none by the deadline.
async fn permit(farm: &FarmState, user: &UserKey, deadline: Instant) -> Option<Permit<UserKey>> {
    match farm.permit(user, deadline).await {
        Ok(permit) => Some(permit),
        Err(NoPermit) => {
            let id = &farm.description.id;
            warn!(farm = %id, "Farm is at its concurrency limit; password request not sent");
            let busy: Result<(), _> = Err(FarmError::Busy);
            drop(farm.counts.record_operation(OperationKind::Permit, busy));
            None
        }
    }
}

/// Converts the error of a password change.
fn change_refusal(error: &CallError) -> ChangeRefusal {
    match error {
        CallError::Refused(error) if error.id == ErrorId::NEW_PASSWORD_TOO_SHORT => {
            ChangeRefusal::TooShort
        }
        CallError::Refused(error) if error.id == ErrorId::NEW_PASSWORD_USED_BEFORE => {
            ChangeRefusal::UsedBefore
        }
        CallError::Refused(error) if refusal(&error.id).is_some() => ChangeRefusal::OldPassword,
        CallError::Refused(_) => ChangeRefusal::Unavailable,
        error => match error.sent() {
            Sent::NotSent => ChangeRefusal::Unavailable,
            Sent::MaybeSent => ChangeRefusal::Unsure,
        },
    }
}

impl CheckCredentials for CredentialFarms {
    async fn check(&self, sign_in: &Credentials) -> Result<UserIdentity, CredentialRefusal> {
        let checked = self.sign_in(sign_in).await;
        checked.map_err(|refused| refused.refusal)
    }
}

/// Converts the error of a sign-in. Returns `None` if it does not concern the credentials.
fn refusal(id: &ErrorId) -> Option<CredentialRefusal> {
    let table = [
        (
            ErrorId::FAILED_CREDENTIALS,
            CredentialRefusal::BadCredentials,
        ),
        (
            ErrorId::MUST_CHANGE_CREDENTIALS,
            CredentialRefusal::MustChange,
        ),
        (ErrorId::EXPIRED_CREDENTIALS, CredentialRefusal::Expired),
        (ErrorId::ACCOUNT_DISABLED, CredentialRefusal::Disabled),
        (ErrorId::INVALID_LOGON_HOURS, CredentialRefusal::Disabled),
        (ErrorId::ACCOUNT_LOCKED_OUT, CredentialRefusal::LockedOut),
    ];
    table
        .into_iter()
        .find(|(known, _)| known == id)
        .map(|(_, refusal)| refusal)
}
