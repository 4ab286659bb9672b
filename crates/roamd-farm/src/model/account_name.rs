//! Account names as users type them: `user`, `DOMAIN\user`, `user@domain`.

/// A user name and, unless left out, a domain name (NetBIOS or DNS).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AccountName {
    /// Name of the domain. `None` means the only account with this user name.
    pub(crate) domain: Option<String>,
    /// Name of the user within the domain.
    pub(crate) user: String,
}

impl AccountName {
    /// Parses `user`, `DOMAIN\user` or `user@domain`.
    pub(crate) fn parse(text: &str) -> Self {
        let (domain, user) = match text.split_once('\\') {
            Some((domain, user)) => (Some(domain), user),
            None => match text.rsplit_once('@') {
                Some((user, domain)) => (Some(domain), user),
                None => (None, text),
            },
        };
        Self {
            domain: domain.filter(|name| !name.is_empty()).map(str::to_owned),
            user: user.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_account_name_forms_are_parsed() {
        for (text, domain, user) in [
            ("alice", None, "alice"),
            (r"DEMO\alice", Some("DEMO"), "alice"),
            ("alice@demo.test", Some("demo.test"), "alice"),
            (r"\alice", None, "alice"),
            (r"DEMO\odd@name", Some("DEMO"), "odd@name"),
        ] {
            let read = AccountName::parse(text);
            assert_eq!(
                (read.domain.as_deref(), read.user.as_str()),
                (domain, user),
                "{text}"
            );
        }
    }
}
