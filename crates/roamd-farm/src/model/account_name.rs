//! Account names as users type them: `user`, `DOMAIN\user`, `user@domain`.

/// Who is meant: a user name and, unless it was left out, the name of a domain (NetBIOS or DNS).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AccountName {
    /// Name of the domain; absent means the only account of that name.
    pub(crate) domain: Option<String>,
    /// Name of the user within the domain.
    pub(crate) user: String,
}

impl AccountName {
    /// Reads `user`, `DOMAIN\user` or `user@domain`.
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
    fn every_way_to_write_an_account_is_read() {
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
