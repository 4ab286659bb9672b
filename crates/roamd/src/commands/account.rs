//! Accounts as arguments.

use anyhow::bail;
use roamd_server::control::Account;

use crate::exit_code::UsageError;

/// Longest account, in characters.
const MAX_LENGTH: usize = 512;

/// Parses an account. One without a domain has to be a user principal name. Blanks around its parts
/// do not count, as at a sign-in.
pub(super) fn parse_account(text: &str) -> anyhow::Result<Account> {
    let (domain, name) = match text.split_once('\\') {
        Some((domain, name)) => (domain, name),
        None if text.contains('@') => ("", text),
        None => ("", ""),
    };
    let (domain, name) = (domain.trim(), name.trim());
    let is_printable = !text.chars().any(char::is_control);
    if name.is_empty() || !is_printable || text.chars().count() > MAX_LENGTH {
        bail!(UsageError(
            "must be an account such as 'EXAMPLE\\ada' or ada@example.com, as the audit log names it"
                .to_owned()
        ));
    }
    Ok(Account {
        domain: domain.to_owned(),
        name: name.to_owned(),
    })
}

/// Splits an account of the audit log, which has a backslash before a user principal name too.
pub(super) fn split(account: &str) -> (&str, &str) {
    account.split_once('\\').unwrap_or(("", account))
}

/// Returns whether an account of the audit log is that of an operator, in any of its forms:
/// `DEMO\alice`, `demo.test\alice` and `alice@demo.test` are one account. Case does not matter.
pub(super) fn names(text: &str, account: &Account) -> bool {
    let (domain, name) = split(text);
    account.means(domain, name)
}

/// Returns the name of an account without its domain, in lower case.
pub(super) fn bare_name(name: &str) -> String {
    let name = name.split('@').next().unwrap_or_default();
    name.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_an_account_name_the_same_user() {
        for (operator, logged, expected) in [
            (r"DEMO\alice", r"demo\Alice", true),
            ("alice@demo.test", r"DEMO\alice", true),
            (r"demo.test\alice", r"DEMO\alice", true),
            (r"DEMO\alice", r"\alice@demo.test", true),
            ("alice@other.test", r"DEMO\alice", false),
            (r"DEMO\bob", r"DEMO\alice", false),
        ] {
            let account = parse_account(operator).unwrap();
            assert_eq!(names(logged, &account), expected, "{operator} {logged}");
        }
        assert_eq!(bare_name("Alice@demo.test"), bare_name("alice"));
    }
}
