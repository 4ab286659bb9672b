//! Accounts in commands.

use std::fmt;

use roamd_sessions::UserKey;
use serde::{Deserialize, Serialize};

use crate::account_forms::means;

/// An account, as it is typed at a sign-in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Domain; empty for a user principal name.
    pub domain: String,
    /// Name in the domain.
    pub name: String,
}

impl Account {
    /// Whether an operator who names this account means that of a user, whose name may have another
    /// form: `DEMO\u7`, `demo.test\u7` and `u7@demo.test` are one user.
    #[must_use]
    pub fn means(&self, domain: &str, name: &str) -> bool {
        let named = UserKey::new(&self.domain, &self.name);
        means(&named, &UserKey::new(domain, name))
    }
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
