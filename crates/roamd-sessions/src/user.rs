//! Who asks, and from where.

use std::fmt;

use secrecy::SecretString;

/// A signed-in user: everything that a farm needs to act for them.
#[derive(Debug, Clone)]
pub struct User {
    /// The user's one name in this service; what session ids are bound to.
    pub key: UserKey,
    /// Name of the account, without domain.
    pub name: String,
    /// Domain of the account, NetBIOS or DNS name.
    pub domain: String,
    /// Password of the account; farms check it with every request (nfuse.md §2).
    pub password: SecretString,
}

/// A user's canonical name, `domain\user` in lower case: equal for every way to write the same
/// account that the farm resolves to one identity.
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

/// The device that a request comes from (SS-19). Farms compare the device id when it is there, else
/// the client name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EndPoint {
    /// Name of the client; a launch may leave it out (ST-35).
    pub client_name: Option<String>,
    /// Id of the device; names the end-point instead of the client name.
    pub device_id: Option<String>,
}
