//! Forms of the name of an account, as far as they are known without the directory.
//!
//! If a farm returns no identity at the sign-in, a user has the name that was typed: `DEMO\u7`,
//! `demo.test\u7` or `u7@demo.test`. An operator names one of them, and means the account.

use roamd_sessions::UserKey;
use roamd_state::Digest;

/// A form by which an operator ends and blocks sign-ins.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum AccountForm {
    /// The account with this key.
    Key(UserKey),
    /// All accounts of this name whose DNS domain begins with this domain as its first label.
    InDnsDomains(UserKey),
}

/// Domain and name of an account.
struct Account<'k> {
    domain: &'k str,
    name: &'k str,
}

impl AccountForm {
    /// Returns the forms that an operator means by an account.
    pub(crate) fn of_revoked(user: &UserKey) -> Vec<Self> {
        let mut forms = vec![Self::Key(user.clone())];
        if let Some(account) = Account::of(user.as_str()) {
            forms.push(Self::Key(account.key()));
            forms.push(match account.in_first_label() {
                Some(netbios) => Self::Key(netbios.key()),
                None => Self::InDnsDomains(account.key()),
            });
        }
        forms
    }

    /// Returns the forms, besides its key, by which the account of a signed-in user may have been
    /// revoked. Returns `None` for a user with the NetBIOS name of the domain, which has no others.
    pub(crate) fn others_of(key: &str) -> Option<[Self; 2]> {
        let account = Account::of(key)?;
        let own = || Self::Key(account.key());
        match account.in_first_label() {
            Some(netbios) => Some([own(), Self::InDnsDomains(netbios.key())]),
            None if key.starts_with('\\') => Some([own(), own()]),
            None => None,
        }
    }

    /// Key of the flag of ended sign-ins. No key of a user holds a NUL.
    pub(crate) fn digest(&self) -> Digest {
        match self {
            Self::Key(user) => Digest::of(user.as_str().as_bytes()),
            Self::InDnsDomains(user) => Digest::of(format!("DNS\0{user}").as_bytes()),
        }
    }
}

/// Whether an operator who names an account means that of a user.
pub(crate) fn means(named: &UserKey, user: &UserKey) -> bool {
    let meant = AccountForm::of_revoked(named);
    let others = AccountForm::others_of(user.as_str());
    let own = AccountForm::Key(user.clone());
    let mut forms = others.into_iter().flatten().chain([own]);
    forms.any(|form| meant.contains(&form))
}

impl<'k> Account<'k> {
    /// The account of a key. Returns `None` for a name without a domain.
    fn of(key: &'k str) -> Option<Self> {
        let (domain, name) = key.split_once('\\')?;
        if !domain.is_empty() {
            return Some(Self { domain, name });
        }
        let (name, domain) = name.rsplit_once('@')?;
        Some(Self { domain, name })
    }

    /// The account in the NetBIOS domain that its DNS domain usually has. Returns `None` for a
    /// domain that is no DNS name.
    fn in_first_label(&self) -> Option<Self> {
        let (domain, _) = self.domain.split_once('.')?;
        Some(Self {
            domain,
            name: self.name,
        })
    }

    fn key(&self) -> UserKey {
        UserKey::new(self.domain, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether the revocation of an account ends the sign-ins of a user.
    fn ends(revoked: (&str, &str), user: (&str, &str)) -> bool {
        let key = |(domain, name)| UserKey::new(domain, name);
        means(&key(revoked), &key(user))
    }

    #[test]
    fn revocation_holds_for_all_known_forms_of_the_account() {
        let forms = [
            ("DEMO", "u7"),
            ("demo", "U7"),
            ("demo.test", "u7"),
            ("Demo.Test", "u7"),
            ("", "u7@demo.test"),
            ("", "U7@DEMO.test"),
        ];
        for revoked in forms {
            for user in forms {
                assert!(ends(revoked, user), "{revoked:?} {user:?}");
            }
        }
        for (revoked, user, ended) in [
            (("", "u7@demo"), ("DEMO", "u7"), true),
            (("DEMO", "u7"), ("", "u7@demo"), true),
            // The NetBIOS name alone says nothing of the rest of the DNS name.
            (("DEMO", "u7"), ("demo.other", "u7"), true),
            (("demo.test", "u7"), ("demo.other", "u7"), false),
            (("", "u7@demo.test"), ("", "u7@demo.other"), false),
            // Other accounts.
            (("DEMO", "u7"), ("DEMO", "u8"), false),
            (("DEMO", "u7"), ("LAB", "u7"), false),
            (("DEMO", "u7"), ("lab.demo", "u7"), false),
            (("test", "u7"), ("demo.test", "u7"), false),
            (("", "u7"), ("DEMO", "u7"), false),
            (("", "u7"), ("", "u7"), true),
        ] {
            assert_eq!(ends(revoked, user), ended, "{revoked:?} {user:?}");
        }
    }

    #[test]
    fn forms_have_flags_of_their_own() {
        let user = UserKey::new("DEMO", "u7");
        let forms = [
            AccountForm::Key(user.clone()),
            AccountForm::InDnsDomains(user),
        ];
        let [one, other] = forms.map(|form| form.digest());
        assert_ne!(one, other);
    }
}
