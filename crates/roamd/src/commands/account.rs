//! Accounts as arguments.

use anyhow::bail;
use roamd_server::control::Account;

use crate::exit_code::UsageError;

/// Longest account, in characters.
const MAX_LENGTH: usize = 512;

/// Parses an account. One without a domain has to be a user principal name.
pub(super) fn parse_account(text: &str) -> anyhow::Result<Account> {
    let (domain, name) = match text.split_once('\\') {
        Some((domain, name)) => (domain, name),
        None if text.contains('@') => ("", text),
        None => ("", ""),
    };
    let is_printable = !text.chars().any(char::is_control);
    if name.is_empty() || !is_printable || text.chars().count() > MAX_LENGTH {
        bail!(UsageError(
            "must be an account such as 'EXAMPLE\\ada', as the audit log names it".to_owned()
        ));
    }
    Ok(Account {
        domain: domain.to_owned(),
        name: name.to_owned(),
    })
}

/// Returns whether a text names an account. Case does not matter. The audit log has a backslash
/// before a user principal name.
pub(super) fn names(text: &str, account: &Account) -> bool {
    let text = text.strip_prefix('\\').unwrap_or(text);
    text.to_lowercase() == account.to_string().to_lowercase()
}
