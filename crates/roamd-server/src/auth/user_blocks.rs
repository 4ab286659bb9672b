//! Users whose sign-ins an operator has blocked for a time.
//!
//! Two kinds of flags carry this, because a flag can only be set, and a block can end early: the
//! time of the last decision about a user, and whether that decision was a block. The last decision
//! holds, at whatever server of a group it was made.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use roamd_sessions::UserKey;
use roamd_state::{Digest, FlagKind, Reach, SharedState, StateError};

use crate::account_forms::AccountForm;
use crate::clock::Clock;
use crate::fairness::parties;

/// Time for which a decision is remembered: ten years, longer than any block lasts. It must not
/// change, because the time of the decision is stored as the expiry of a flag, which is this much
/// later.
const DECISION_MEMORY: SignedDuration = SignedDuration::from_hours(10 * 365 * 24);

/// A decision of an operator about the sign-ins of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BlockDecision {
    /// Time of the decision. Of several, the latest one holds.
    pub(crate) at: Timestamp,
    /// Sign-ins are refused before this time; `None` if they are allowed.
    pub(crate) until: Option<Timestamp>,
}

/// The blocked users, in the shared state. Only sign-ins read it.
pub(crate) struct UserBlocks {
    state: Arc<dyn SharedState>,
    clock: Clock,
}

impl UserBlocks {
    pub(crate) fn new(state: Arc<dyn SharedState>, clock: Clock) -> Self {
        Self { state, clock }
    }

    /// Returns the end of the block of a user; `None` if sign-ins are allowed. The last decision
    /// about the account holds, whatever form of its name it was made in.
    ///
    /// # Errors
    /// If the shared state does not respond.
    pub(crate) async fn blocked_until(
        &self,
        user: &UserKey,
    ) -> Result<Option<Timestamp>, StateError> {
        let now = (self.clock)();
        let own = AccountForm::Key(user.clone());
        let others = AccountForm::others_of(user.as_str());
        let mut last = None;
        for form in others.into_iter().flatten().chain([own]) {
            let (kind, key) = (FlagKind::BlockDecision, form.digest());
            let Some(expiry) = self.state.flag_expiry(kind, key, now).await? else {
                continue;
            };
            let Ok(at) = expiry.checked_sub(DECISION_MEMORY) else {
                continue;
            };
            if last.is_none_or(|(last, _)| last < at) {
                last = Some((at, of_decision(&form, at)));
            }
        }
        match last {
            Some((_, key)) => {
                self.state
                    .flag_expiry(FlagKind::BlockedUser, key, now)
                    .await
            }
            None => Ok(None),
        }
    }

    /// Whether sign-ins of a user are blocked.
    ///
    /// # Errors
    /// If the shared state does not respond.
    pub(crate) async fn is_blocked(&self, user: &UserKey) -> Result<bool, StateError> {
        Ok(self.blocked_until(user).await?.is_some())
    }

    /// Applies a decision to all known forms of the name of a user, unless there is a later one: at
    /// this server also if the others cannot be reached.
    ///
    /// # Errors
    /// If the shared state does not respond. It is unknown then whether the decision holds.
    pub(crate) async fn decide(
        &self,
        user: &UserKey,
        decision: BlockDecision,
    ) -> Result<Reach, StateError> {
        let mut reach = Reach::AllServers;
        // In the precision of the state, so that readers find the flag of the block.
        let at = Timestamp::from_millisecond(decision.at.as_millisecond()).unwrap_or(decision.at);
        let memory = at.checked_add(DECISION_MEMORY).unwrap_or(Timestamp::MAX);
        for form in AccountForm::of_revoked(user) {
            // The block first: a decision without one allows sign-ins.
            let block = decision.until.map(|until| {
                let key = of_decision(&form, at);
                (FlagKind::BlockedUser, key, until)
            });
            let decision = (FlagKind::BlockDecision, form.digest(), memory);
            for (kind, key, until) in block.into_iter().chain([decision]) {
                let party = parties::of_ended_user(user);
                let set = self.state.set_flag_here_at_least(party, kind, key, until);
                if set.await? == Reach::ThisServer {
                    reach = Reach::ThisServer;
                }
            }
        }
        Ok(reach)
    }
}

/// Key of the flag of a block.
fn of_decision(form: &AccountForm, at: Timestamp) -> Digest {
    let mut key = at.as_millisecond().to_be_bytes().to_vec();
    key.extend_from_slice(form.digest().as_bytes());
    Digest::of(&key)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use roamd_state::SqliteState;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(4_000_000_000 + second).unwrap()
    }

    fn decision(second: i64, until: Option<i64>) -> BlockDecision {
        BlockDecision {
            at: at(second),
            until: until.map(at),
        }
    }

    /// Blocks in a new state, and their clock.
    fn blocks() -> (UserBlocks, Arc<AtomicI64>, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let state = SqliteState::open(&folder.path().join("state.db")).unwrap();
        let now = Arc::<AtomicI64>::default();
        let clock = Arc::clone(&now);
        let clock = Arc::new(move || at(clock.load(Ordering::Relaxed)));
        (UserBlocks::new(Arc::new(state), clock), now, folder)
    }

    #[tokio::test]
    async fn block_holds_for_all_forms_of_an_account_until_its_end() {
        let forms = [("DEMO", "u7"), ("demo.test", "u7"), ("", "u7@demo.test")];
        for blocked in forms {
            let (blocks, now, _folder) = blocks();
            let user = UserKey::new(blocked.0, blocked.1);
            let reach = blocks.decide(&user, decision(0, Some(10))).await.unwrap();
            assert_eq!(reach, Reach::AllServers);
            for (second, expected) in [(0, true), (9, true), (10, false)] {
                now.store(second, Ordering::Relaxed);
                for (domain, name) in forms {
                    let user = UserKey::new(domain, name);
                    let until = blocks.blocked_until(&user).await.unwrap();
                    let expected = expected.then_some(at(10));
                    assert_eq!(until, expected, "{blocked:?} {user} {second}");
                }
                let other = UserKey::new("DEMO", "u8");
                assert!(!blocks.is_blocked(&other).await.unwrap());
            }
        }
    }

    /// An operator may name an account in another form than at the time of the block.
    #[tokio::test]
    async fn block_ends_in_any_form_of_the_account() {
        let forms = [("DEMO", "u7"), ("demo.test", "u7"), ("", "u7@demo.test")];
        for blocked in forms {
            for allowed in forms {
                let (blocks, _now, _folder) = blocks();
                for (form, decision) in [
                    (blocked, decision(0, Some(10))),
                    (allowed, decision(1, None)),
                ] {
                    let user = UserKey::new(form.0, form.1);
                    blocks.decide(&user, decision).await.unwrap();
                }
                for form in forms {
                    let user = UserKey::new(form.0, form.1);
                    let is_blocked = blocks.is_blocked(&user).await.unwrap();
                    assert!(!is_blocked, "{blocked:?} {allowed:?} {user}");
                }
            }
        }
    }

    /// The order in which servers learn of decisions does not matter.
    #[tokio::test]
    async fn latest_decision_about_a_user_holds() {
        let allowed = decision(3, None);
        let long = decision(2, Some(100));
        let short = decision(4, Some(8));
        for (decisions, expected) in [
            (&[long][..], [true, true]),
            (&[long, allowed], [false, false]),
            (&[allowed, long], [false, false]),
            (&[long, short], [true, false]),
            (&[short, long, allowed, long], [true, false]),
            (&[allowed], [false, false]),
        ] {
            let (blocks, now, _folder) = blocks();
            let user = UserKey::new("DEMO", "u7");
            for &decision in decisions {
                blocks.decide(&user, decision).await.unwrap();
            }
            for (second, expected) in [5, 50].into_iter().zip(expected) {
                now.store(second, Ordering::Relaxed);
                let is_blocked = blocks.is_blocked(&user).await.unwrap();
                assert_eq!(is_blocked, expected, "{decisions:?} {second}");
            }
        }
    }
}
