//! Users and end-points.

use std::fmt;
use std::sync::{Arc, OnceLock};

use roamd_store_proto::{LaunchParams, SessionParams};
use secrecy::SecretString;

/// A signed-in user, with everything that a farm needs to act for them. A clone is the same user:
/// each farm of a request has one.
#[derive(Debug, Clone)]
pub struct User(Arc<Account>);

#[derive(Debug)]
struct Account {
    key: UserKey,
    name: String,
    domain: String,
    password: SecretString,
    digest: OnceLock<[u8; 32]>,
}

impl User {
    /// The user of an account: its name without domain, its domain as NetBIOS or DNS name, and its
    /// password.
    #[must_use]
    pub fn new(domain: &str, name: &str, password: SecretString) -> Self {
        Self(Arc::new(Account {
            key: UserKey::new(domain, name),
            name: name.to_owned(),
            domain: domain.to_owned(),
            password,
            digest: OnceLock::new(),
        }))
    }

    /// Canonical name of the user. Session ids are bound to it.
    #[must_use]
    pub fn key(&self) -> &UserKey {
        &self.0.key
    }

    /// Account name, without domain.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Domain of the account, as NetBIOS or DNS name.
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.0.domain
    }

    /// Password of the account; farms check it with every request (nfuse.md §2).
    #[must_use]
    pub fn password(&self) -> &SecretString {
        &self.0.password
    }

    /// Digest of the account and its password, which is computed once. All callers must compute the
    /// same one.
    pub fn digest(&self, compute: impl FnOnce(&Self) -> [u8; 32]) -> [u8; 32] {
        *self.0.digest.get_or_init(|| compute(self))
    }
}

/// Canonical name of a user, `domain\user` in lower case. Every spelling of an account that the
/// farm resolves to one identity gives the same key. A clone shares the text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UserKey(Arc<str>);

impl UserKey {
    /// The key of an account.
    #[must_use]
    pub fn new(domain: &str, name: &str) -> Self {
        let (domain, name) = (domain.to_lowercase(), name.to_lowercase());
        Self([&domain, "\\", &name].concat().into())
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UserKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The device that a request comes from (SS-19). Farms compare the device id if it is there, else
/// the client name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EndPoint {
    /// Client name; a launch may omit it (ST-35).
    pub client_name: Option<String>,
    /// Device id; identifies the end-point instead of the client name.
    pub device_id: Option<String>,
}

impl From<&SessionParams> for EndPoint {
    fn from(params: &SessionParams) -> Self {
        Self {
            client_name: Some(params.client_name.clone()),
            device_id: params.device_id.clone(),
        }
    }
}

impl From<&LaunchParams> for EndPoint {
    fn from(params: &LaunchParams) -> Self {
        Self {
            client_name: params.client_name.clone(),
            device_id: params.device_id.clone(),
        }
    }
}
