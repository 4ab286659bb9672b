//! Accounts that a farm names in its response to a sign-in, and whether it may.

use crate::UserIdentity;

/// Whether a farm that has accepted a password for the typed account may name this one.
///
/// Every farm may name the account in another form: the same name, in a domain that is the typed
/// one, or has the first label of its DNS name, or is configured. The only farm that checks
/// passwords may also name another account, as directories do for a user principal name that is not
/// the name of the account, in a configured domain, or in any domain if none is configured. If
/// several farms check passwords, none of them speaks for the accounts of the others.
#[must_use]
pub fn may_name(
    typed: &UserIdentity,
    named: &UserIdentity,
    domains: &[String],
    is_only_one: bool,
) -> bool {
    let is_equal = |a: &str, b: &str| a.to_lowercase() == b.to_lowercase();
    let (label, _) = typed
        .domain()
        .split_once('.')
        .unwrap_or((typed.domain(), ""));
    let is_configured = domains
        .iter()
        .any(|domain| is_equal(domain, named.domain()));
    let is_typed_domain = [typed.domain(), label]
        .iter()
        .any(|domain| is_equal(domain, named.domain()));
    // A listed domain was chosen, not guessed: another one is another account.
    let chose_listed = domains
        .iter()
        .any(|domain| is_equal(domain, typed.domain()));
    let is_same =
        is_equal(typed.name(), named.name()) && (is_typed_domain || is_configured && !chose_listed);
    is_same || is_only_one && (domains.is_empty() || is_configured)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn farm_names_the_typed_account_only() {
        let identity = |text: &str| UserIdentity::from_sam(text).unwrap();
        for (typed, named, domains, of_several, of_only_one) in [
            (r"DEMO\alice", r"DEMO\alice", &["DEMO"][..], true, true),
            (r"demo\Alice", r"DEMO\alice", &[], true, true),
            (r"demo.test\alice", r"DEMO\alice", &[], true, true),
            (r"demo.test\alice", r"DEMO.test\alice", &[], true, true),
            // The suffix of a user principal name is any domain.
            (r"example.com\alice", r"DEMO\alice", &["DEMO"], true, true),
            (r"example.com\alice", r"DEMO\alice", &[], false, true),
            (
                r"example.com\a.smith",
                r"DEMO\alice",
                &["DEMO"],
                false,
                true,
            ),
            (r"MALLORY\mallory", r"DEMO\alice", &["DEMO"], false, true),
            (
                r"MALLORY\mallory",
                r"DEMO\alice",
                &["MALLORY"],
                false,
                false,
            ),
            (r"MALLORY\mallory", r"DEMO\alice", &[], false, true),
            // The same name in another domain is another account.
            (r"LAB\alice", r"DEMO\alice", &["DEMO", "LAB"], false, true),
            (r"DEMO\mallory", r"DEMO\alice", &["DEMO"], false, true),
        ] {
            let domains: Vec<_> = domains.iter().map(|it| (*it).to_owned()).collect();
            let found = [false, true]
                .map(|only| may_name(&identity(typed), &identity(named), &domains, only));
            assert_eq!(
                found,
                [of_several, of_only_one],
                "{typed} {named} {domains:?}"
            );
        }
    }
}
