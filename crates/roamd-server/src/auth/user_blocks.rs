//! Users whose sign-ins an operator has blocked for a time.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use jiff::Timestamp;
use roamd_sessions::UserKey;

use super::account_forms::AccountForm;

/// The blocked users, with the end of each block. Only sign-ins read it.
#[derive(Debug, Default)]
pub(crate) struct UserBlocks(RwLock<HashMap<AccountForm, Timestamp>>);

impl UserBlocks {
    /// Replaces all blocks. Each holds for all known forms of its account; of several blocks of one
    /// form, the longest one.
    pub(crate) fn replace(&self, blocks: impl IntoIterator<Item = (UserKey, Timestamp)>) {
        let mut by_form = HashMap::new();
        for (user, until) in blocks {
            for form in AccountForm::of_revoked(&user) {
                let longest = by_form.entry(form).or_insert(until);
                *longest = until.max(*longest);
            }
        }
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = by_form;
    }

    /// Whether sign-ins of this user are blocked.
    pub(crate) fn is_blocked(&self, user: &UserKey, now: Timestamp) -> bool {
        let blocks = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let others = AccountForm::others_of(user.as_str()).into_iter().flatten();
        let mut forms = others.chain([AccountForm::Key(user.clone())]);
        forms.any(|form| blocks.get(&form).is_some_and(|until| now < *until))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn block_holds_for_all_forms_of_an_account_until_its_end() {
        let [before, during, after] = [0, 5, 10].map(|at| Timestamp::from_second(at).unwrap());
        let blocks = UserBlocks::default();
        let block = |domain, until| (UserKey::new(domain, "u7"), until);
        // The longest one holds, whichever is read first.
        for order in [[before, after], [after, before]] {
            let [one, other] = order;
            blocks.replace([block("DEMO", one), block("demo.test", other)]);
            for (domain, name) in [("DEMO", "u7"), ("demo.test", "u7"), ("", "u7@demo.test")] {
                let user = UserKey::new(domain, name);
                assert!(blocks.is_blocked(&user, during), "{user}");
                assert!(!blocks.is_blocked(&user, after), "{user}");
            }
            assert!(!blocks.is_blocked(&UserKey::new("DEMO", "u8"), during));
        }
    }
}
