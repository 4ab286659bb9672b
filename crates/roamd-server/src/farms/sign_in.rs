//! Farms as those who check passwords.

use roamd_citrixauth::{CheckCredentials, Credentials, Refusal, UserIdentity};
use roamd_nfuse_client::CallError;
use roamd_nfuse_proto::{ErrorId, ValidateCredentialsRequest};
use roamd_sessions::UserKey;
use tracing::warn;

use super::errors::farm_error;
use super::{NfuseFarm, explicit};
use crate::metrics::OperationKind;

/// Longest domain, and longest name of an account, in bytes: what a DNS name may have.
const LONGEST_PART: usize = 255;

/// Asks farms to check passwords: one after the other until one answers. A farm that refuses has
/// answered, so that a wrong password is not carried from farm to farm.
pub(crate) struct CredentialFarms(pub(crate) Vec<NfuseFarm>);

impl CheckCredentials for CredentialFarms {
    async fn check(&self, sign_in: &Credentials) -> Result<UserIdentity, Refusal> {
        let request = ValidateCredentialsRequest {
            credentials: explicit(&sign_in.user_name, &sign_in.domain, Some(&sign_in.password)),
            identity_wanted: true,
        };
        for farm in &self.0 {
            let answer = farm.client.call(&request).await;
            let counted = answer.as_ref().map(drop).map_err(farm_error);
            drop(farm.counts.operation(OperationKind::SignIn, counted));
            match answer {
                Ok(answer) => {
                    let sam = answer.identity.and_then(|identity| identity.sam);
                    let user = sam.as_deref().and_then(account).unwrap_or_else(|| {
                        UserIdentity::new(&*sign_in.domain, &*sign_in.user_name)
                    });
                    // What the user may start is asked anew after each sign-in.
                    let key = UserKey::new(user.domain(), user.name());
                    farm.catalogues.invalidate(&key).await;
                    return Ok(user);
                }
                Err(CallError::Refused(error)) => {
                    if let Some(refusal) = refusal(&error.id) {
                        return Err(refusal);
                    }
                    let farm = &farm.description.id;
                    warn!(%farm, %error, "Farm does not check credentials");
                }
                Err(error) => {
                    let farm = &farm.description.id;
                    warn!(%farm, %error, "Farm could not be asked to check credentials");
                }
            }
        }
        Err(Refusal::Unavailable)
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
fn refusal(id: &ErrorId) -> Option<Refusal> {
    let table = [
        (ErrorId::FAILED_CREDENTIALS, Refusal::BadCredentials),
        (ErrorId::MUST_CHANGE_CREDENTIALS, Refusal::MustChange),
        (ErrorId::EXPIRED_CREDENTIALS, Refusal::Expired),
        (ErrorId::ACCOUNT_DISABLED, Refusal::Disabled),
        (ErrorId::INVALID_LOGON_HOURS, Refusal::Disabled),
        (ErrorId::ACCOUNT_LOCKED_OUT, Refusal::LockedOut),
    ];
    table
        .into_iter()
        .find(|(known, _)| known == id)
        .map(|(_, refusal)| refusal)
}
