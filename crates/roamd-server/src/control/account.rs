//! Accounts in commands.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An account, as it is typed at a sign-in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Domain; empty for a user principal name.
    pub domain: String,
    /// Name in the domain.
    pub name: String,
}

/// Formats the account as `DOMAIN\name`, or as a user principal name.
impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.domain.as_str() {
            "" => f.write_str(&self.name),
            domain => write!(f, "{domain}\\{}", self.name),
        }
    }
}
