//! Users whose sign-ins an operator has blocked for a time.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use jiff::Timestamp;
use roamd_sessions::UserKey;

use crate::account_forms::AccountForm;

/// The blocked users, with the end of each block. Only sign-ins read it.
#[derive(Debug, Default)]
pub(crate) struct UserBlocks(RwLock<Blocks>);

#[derive(Debug, Default)]
struct Blocks {
    by_form: HashMap<AccountForm, Timestamp>,
    /// End of the block of each account that an operator has named.
    ends: Vec<Timestamp>,
}

impl UserBlocks {
    /// Replaces all blocks. Each holds for all known forms of its account; of several blocks of one
    /// form, the longest one.
    pub(crate) fn replace(&self, blocks: impl IntoIterator<Item = (UserKey, Timestamp)>) {
        let (mut by_form, mut ends) = (HashMap::new(), Vec::new());
        for (user, until) in blocks {
            ends.push(until);
            for form in AccountForm::of_revoked(&user) {
                let longest = by_form.entry(form).or_insert(until);
                *longest = until.max(*longest);
            }
        }
        let blocks = Blocks { by_form, ends };
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = blocks;
    }

    /// Whether sign-ins of this user are blocked.
    pub(crate) fn is_blocked(&self, user: &UserKey, now: Timestamp) -> bool {
        self.blocked_until(user, now).is_some()
    }

    /// Returns the end of the block of a user, in any form of the account.
    pub(crate) fn blocked_until(&self, user: &UserKey, now: Timestamp) -> Option<Timestamp> {
        let blocks = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let others = AccountForm::others_of(user.as_str()).into_iter().flatten();
        let forms = others.chain([AccountForm::Key(user.clone())]);
        let ends = forms.filter_map(|form| blocks.by_form.get(&form).copied());
        ends.filter(|until| now < *until).max()
    }

    /// Returns the number of accounts that are blocked.
    pub(crate) fn count(&self, now: Timestamp) -> usize {
        let blocks = self.0.read().unwrap_or_else(PoisonError::into_inner);
        blocks.ends.iter().filter(|until| now < **until).count()
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
                assert_eq!(blocks.blocked_until(&user, during), Some(after), "{user}");
                assert!(blocks.is_blocked(&user, during), "{user}");
                assert!(!blocks.is_blocked(&user, after), "{user}");
            }
            assert!(!blocks.is_blocked(&UserKey::new("DEMO", "u8"), during));
            assert_eq!([during, after].map(|now| blocks.count(now)), [1, 0]);
        }
    }
}
