//! Accounts as arguments.

use anyhow::bail;

use crate::exit_code::UsageError;

/// A domain and a name in it.
#[derive(Debug, Clone)]
pub(super) struct Account {
    /// Empty for a user principal name.
    pub(super) domain: String,
    pub(super) name: String,
}

impl Account {
    /// Whether a line of the audit log is of this account. Case does not matter.
    pub(super) fn is(&self, account: &str) -> bool {
        let own = if self.domain.is_empty() {
            self.name.clone()
        } else {
            format!("{}\\{}", self.domain, self.name)
        };
        let account = account.strip_prefix('\\').unwrap_or(account);
        account.to_lowercase() == own.to_lowercase()
    }
}

/// Parses an account. One without a domain has to be a user principal name.
pub(super) fn parse_account(text: &str) -> anyhow::Result<Account> {
    let (domain, name) = match text.split_once('\\') {
        Some((domain, name)) => (domain, name),
        None if text.contains('@') => ("", text),
        None => ("", ""),
    };
    if name.is_empty() || text.chars().any(char::is_control) || text.chars().count() > 512 {
        bail!(UsageError(
            "must be an account such as 'EXAMPLE\\ada', as the audit log names it".to_owned()
        ));
    }
    Ok(Account {
        domain: domain.to_owned(),
        name: name.to_owned(),
    })
}
