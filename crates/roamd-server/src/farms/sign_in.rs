//! Farms as those who check passwords.

use std::sync::Arc;

use roamd_citrixauth::{
    ChangeRefusal, CheckCredentials, CredentialRefusal, Credentials, PasswordChange, UserIdentity,
};
use roamd_nfuse_client::{CallError, Sent};
use roamd_nfuse_proto::{
    CapabilityId, ChangePasswordRequest, ChangePasswordResponse, ErrorId,
    ValidateCredentialsRequest,
};
use roamd_sessions::{User, UserKey};
use roamd_store_proto::auth::Reason;
use tokio::time::{Instant, timeout_at};
use tracing::warn;

use super::errors::farm_error;
use super::fair_semaphore::Permit;
use super::{NfuseFarm, Shared, explicit, hidden};
use crate::auth::password_check::PasswordCheck;
use crate::metrics::OperationKind;

/// Longest domain, and longest name of an account, in bytes: what a DNS name may have.
const LONGEST_PART: usize = 255;

/// Asks farms to check passwords: one after the other until one answers. A farm that refuses has
/// answered, so that a wrong password is not carried from farm to farm. A clone asks the same farms.
#[derive(Clone)]
pub(crate) struct CredentialFarms(Arc<[NfuseFarm]>);

impl CredentialFarms {
    pub(crate) fn new(farms: impl IntoIterator<Item = NfuseFarm>) -> Self {
        Self(farms.into_iter().collect())
    }

    /// Whether the password in a user's token is still good. The operation that asks has yet to
    /// begin, so this takes no more than half the shortest deadline.
    pub(crate) async fn standing(&self, user: &User) -> PasswordCheck {
        let credentials = Credentials {
            user_name: user.name.clone(),
            domain: user.domain.clone(),
            password: user.password.clone(),
        };
        let timeouts = self.0.iter().map(|farm| farm.0.timeout);
        let patience = timeouts.min().unwrap_or_default() / 2;
        match self
            .ask(&credentials, Some(Instant::now() + patience))
            .await
        {
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

    /// Whether passwords can be changed at one of them. No NFuse request for that is known: only a
    /// farm that announces it hears of it.
    pub(crate) async fn change_passwords(&self) -> bool {
        self.changing_farm().await.is_some()
    }

    /// Replaces a password. It is asked once, and of one farm.
    pub(crate) async fn change(&self, change: &PasswordChange) -> Result<(), ChangeRefusal> {
        let Some(NfuseFarm(farm)) = self.changing_farm().await else {
            return Err(ChangeRefusal::Unavailable);
        };
        let Credentials {
            user_name,
            domain,
            password,
        } = &change.credentials;
        let request = ChangePasswordRequest {
            credentials: explicit(user_name, domain, Some(password)),
            new_password: hidden(&change.new_password),
        };
        let deadline = Instant::now() + farm.timeout;
        let key = UserKey::new(domain, user_name);
        let Some(_turn) = turn(farm, &key, deadline).await else {
            return Err(ChangeRefusal::Unavailable);
        };
        let answer = farm.client.call_by(deadline, &request).await;
        let counted = answer.as_ref().map(drop).map_err(farm_error);
        let counts = &farm.counts;
        drop(counts.operation(OperationKind::PasswordChange, counted));
        match answer {
            Ok(ChangePasswordResponse) => Ok(()),
            Err(error) => {
                let farm = &farm.description.id;
                warn!(%farm, error = error.with_causes(), "Farm did not change a password");
                Err(change_refusal(&error))
            }
        }
    }

    /// The first farm that says that it can change passwords.
    async fn changing_farm(&self) -> Option<&NfuseFarm> {
        for farm in self.0.iter() {
            let deadline = Instant::now() + farm.0.timeout;
            let capabilities = timeout_at(deadline, farm.capabilities()).await;
            if let Ok(Ok(capabilities)) = capabilities
                && capabilities.contains(&CapabilityId::PASSWORD_CHANGE)
            {
                return Some(farm);
            }
        }
        None
    }

    /// Asks one farm after the other, each within its deadline, and none after `until`: then each has
    /// half of what is left, so that one that hangs leaves time to ask the next.
    async fn ask(
        &self,
        asked: &Credentials,
        until: Option<Instant>,
    ) -> Result<UserIdentity, CredentialRefusal> {
        let request = ValidateCredentialsRequest {
            credentials: explicit(&asked.user_name, &asked.domain, Some(&asked.password)),
            identity_wanted: true,
        };
        let typed = UserIdentity::new(&*asked.domain, &*asked.user_name);
        let key = UserKey::new(typed.domain(), typed.name());
        let mut farms = self.0.iter().peekable();
        while let Some(NfuseFarm(farm)) = farms.next() {
            let id = &farm.description.id;
            let now = Instant::now();
            let deadline = match until {
                None => now + farm.timeout,
                Some(until) if until <= now => break,
                Some(until) if farms.peek().is_some() => now + (until - now) / 2,
                Some(until) => until,
            };
            let Some(_turn) = turn(farm, &key, deadline).await else {
                continue;
            };
            let answer = farm.client.call_by(deadline, &request).await;
            let counted = answer.as_ref().map(drop).map_err(farm_error);
            drop(farm.counts.operation(OperationKind::SignIn, counted));
            match answer {
                Ok(answer) => {
                    let sam = answer.identity.and_then(|identity| identity.sam);
                    return Ok(sam.as_deref().and_then(account).unwrap_or(typed));
                }
                Err(CallError::Refused(error)) => {
                    if let Some(refusal) = refusal(&error.id) {
                        return Err(refusal);
                    }
                    warn!(farm = %id, %error, "Farm does not check credentials");
                }
                Err(error) => {
                    warn!(farm = %id, %error, "Farm could not be asked to check credentials");
                }
            }
        }
        Err(CredentialRefusal::Unavailable)
    }
}

/// A turn at a farm, if there is one in time.
async fn turn(farm: &Shared, user: &UserKey, deadline: Instant) -> Option<Permit<UserKey>> {
    match farm.turns.take(user, deadline).await {
        Ok(turn) => Some(turn),
        Err(error) => {
            let id = &farm.description.id;
            warn!(farm = %id, %error, "Farm could not be asked about a password");
            let refused: Result<(), _> = Err(error);
            drop(farm.counts.operation(OperationKind::Permit, refused));
            None
        }
    }
}

/// What an error of a farm means for a change of a password.
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
        self.ask(sign_in, None).await
    }
}

/// The account that a SAM name `DOMAIN\name` names; nothing where it is no such name. Ids, tokens and
/// log lines are made of it, so it must not be longer or odder than what a person can have.
fn account(sam: &str) -> Option<UserIdentity> {
    let (domain, name) = sam.split_once('\\')?;
    let plain = |part: &str| {
        (1..=LONGEST_PART).contains(&part.len())
            && !part.contains(|c: char| c.is_control() || c == '\\')
    };
    (plain(domain) && plain(name)).then(|| UserIdentity::new(domain, name))
}

/// What an error of a farm means for a sign-in; nothing where it says nothing of the credentials.
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
