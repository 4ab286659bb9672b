//! Users and end-points.

use std::fmt;

use roamd_store_proto::{LaunchParams, SessionParams};
use secrecy::SecretString;

/// A signed-in user, with everything that a farm needs to act for them.
#[derive(Debug, Clone)]
pub struct User {
    /// Canonical name of the user. Session ids are bound to it.
    pub key: UserKey,
    /// Account name, without domain.
    pub name: String,
    /// Domain of the account, as NetBIOS or DNS name.
    pub domain: String,
    /// Password of the account; farms check it with every request (nfuse.md §2).
    pub password: SecretString,
}

/// Canonical name of a user, `domain\user` in lower case. Every spelling of an account that the
/// farm resolves to one identity gives the same key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UserKey(String);

impl UserKey {
    /// The key of an account.
    #[must_use]
    pub fn new(domain: &str, name: &str) -> Self {
        Self(format!(
            "{}\\{}",
            domain.to_lowercase(),
            name.to_lowercase()
        ))
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
