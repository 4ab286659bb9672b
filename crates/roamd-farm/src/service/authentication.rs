//! Authentication of the user of a request, and `RequestValidateCredentials`.

use roamd_nfuse_proto::{
    Credentials, Domain, UserIdentity, ValidateCredentialsRequest, ValidateCredentialsResponse,
};
use secrecy::SecretString;
use tokio::time::Instant;

use crate::crypto::password_verifier::PasswordCheck;
use crate::model::account::AccountState;
use crate::model::account_name::AccountName;
use crate::model::user::UserRow;
use crate::rules::account_access::check_login;
use crate::rules::request_refusal::RequestRefusal;
use crate::service::request_handler::RequestHandler;
use crate::store::{failed_logins, users};

impl RequestHandler<'_> {
    /// Responds to `RequestValidateCredentials`.
    pub(crate) async fn validate_credentials(
        &self,
        request: ValidateCredentialsRequest,
    ) -> Result<ValidateCredentialsResponse, RequestRefusal> {
        let user = self.authenticate(&request.credentials).await?;
        Ok(ValidateCredentialsResponse {
            identity: request.identity_wanted.then(|| identity(&user)),
            ..ValidateCredentialsResponse::default()
        })
    }

    /// Returns the user of the credentials. A password is checked; without one the farm must trust
    /// requests, and the account state must allow a login.
    pub(crate) async fn authenticate(
        &self,
        credentials: &Credentials,
    ) -> Result<UserRow, RequestRefusal> {
        let name = match credentials {
            Credentials::Explicit {
                user_name,
                password: Some(password),
                domain,
            } => {
                let name = account_name(user_name, domain.as_ref());
                let user = self.check_password(&name, &password.value).await?;
                check_login(user.account)?;
                return Ok(user);
            }
            Credentials::Groups { .. } | Credentials::Anonymous => {
                return Err(RequestRefusal::Credentials);
            }
            _ if !self.farm.row.trust_requests => return Err(RequestRefusal::NotTrusted),
            Credentials::Explicit {
                user_name, domain, ..
            } => Some(account_name(user_name, domain.as_ref())),
            Credentials::Identity { sam, upn, .. } => sam
                .as_ref()
                .or(upn.as_ref())
                .map(|name| AccountName::parse(name)),
        };
        let user = match (name, credentials) {
            (Some(name), _) => self.find(&name)?,
            (None, Credentials::Identity { sids, .. }) => match sids.first() {
                Some(sid) => self.read(|connection| users::with_sid(connection, sid))?,
                None => None,
            },
            (None, _) => None,
        };
        let user = user.ok_or(RequestRefusal::Credentials)?;
        check_login(user.account)?;
        Ok(user)
    }

    /// Returns the user with this name and password, in any account state. Wrong passwords are
    /// counted and lock the account for a while; a locked account accepts no password.
    pub(crate) async fn check_password(
        &self,
        name: &AccountName,
        password: &SecretString,
    ) -> Result<UserRow, RequestRefusal> {
        let user = self.find(name)?;
        let stored = user.as_ref().map(|user| user.password_hash.as_str());
        let (verifier, now) = (&self.farm.verifier, Instant::now());
        let check = if verifier.was_correct(stored, password, now) {
            PasswordCheck::Cached
        } else {
            let turn = self.turn_to_hash().await?;
            self.hide_internal_error(verifier.verify(turn, stored, password, now).await)?
        };
        // Hashing takes time. Of many concurrent guesses the later ones must see the lock that the
        // first ones caused, so the user is read again.
        let user = match check {
            PasswordCheck::Cached => user,
            PasswordCheck::Correct | PasswordCheck::Wrong => self
                .find(name)?
                .filter(|now| Some(&*now.password_hash) == stored),
        };
        if let Some(user) = &user
            && self.is_locked(user)?
        {
            return Err(RequestRefusal::Account(AccountState::LockedOut));
        }
        let (now, id) = (self.now, user.as_ref().map(|user| user.id));
        match (check, user) {
            (PasswordCheck::Cached | PasswordCheck::Correct, Some(user)) => {
                self.farm.turns.remember(self.client);
                if user.failures.count > 0 {
                    let id = user.id;
                    self.write(move |transaction| failed_logins::reset(transaction, id))
                        .await?;
                }
                Ok(user)
            }
            _ => {
                self.write(move |transaction| {
                    failed_logins::count_wrong_password(transaction, id, now)
                })
                .await?;
                Err(RequestRefusal::Credentials)
            }
        }
    }

    fn is_locked(&self, user: &UserRow) -> Result<bool, RequestRefusal> {
        let until =
            self.read(|connection| failed_logins::locked_until(connection, user, self.now))?;
        Ok(until.is_some())
    }

    fn find(&self, name: &AccountName) -> Result<Option<UserRow>, RequestRefusal> {
        self.read(|connection| users::find(connection, name))
    }
}

/// Combines user name and domain. Without a separate domain the user name may contain one.
pub(crate) fn account_name(user_name: &str, domain: Option<&Domain>) -> AccountName {
    match domain.map(|domain| domain.name.as_str()) {
        None | Some("") => AccountName::parse(user_name),
        Some(domain) => AccountName {
            domain: Some(domain.to_owned()),
            user: user_name.to_owned(),
        },
    }
}

/// Whether the credentials contain a password.
pub(crate) fn has_password(credentials: &Credentials) -> bool {
    matches!(
        credentials,
        Credentials::Explicit {
            password: Some(_),
            ..
        }
    )
}

fn identity(user: &UserRow) -> UserIdentity {
    UserIdentity {
        sam: Some(format!(r"{}\{}", user.domain, user.name)),
        upn: Some(format!("{}@{}", user.name, user.domain_dns)),
        // The SID of the user, then the SID of the group Domain Users.
        sids: vec![user.sid.clone(), format!("{}-513", user.domain_sid)],
    }
}
