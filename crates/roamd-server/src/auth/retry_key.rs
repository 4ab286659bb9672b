//! Retry keys: the last segment of a retry URL, sealed, and bound to a user and a launch URL
//! (SS-57, ST-46). Every server with the same keys can continue a launch.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use roamd_seal::{KeyRing, Purpose};
use roamd_sessions::UserKey;
use roamd_state::{FlagKind, SharedState, StateError};

use crate::auth::once_id::OnceId;
use crate::fairness::parties;

const PURPOSE: Purpose = Purpose::new("retry-key");

/// Lifetime of a retry key: longer than a client waits between two attempts.
const LIFETIME: SignedDuration = SignedDuration::from_mins(5);

/// Makes retry keys, and uses each of them once.
pub(crate) struct RetryKeys {
    keys: Arc<KeyRing>,
    state: Arc<dyn SharedState>,
}

impl RetryKeys {
    pub(crate) fn new(keys: Arc<KeyRing>, state: Arc<dyn SharedState>) -> Self {
        Self { keys, state }
    }

    /// Makes a key for the next attempt of this user at this launch URL.
    pub(crate) fn make(&self, user: &UserKey, launch_url: &str, now: Timestamp) -> String {
        let id = OnceId::random(now, LIFETIME);
        id.seal(&self.keys, PURPOSE, &context(user, launch_url))
    }

    /// Uses up a key, and returns whether it continues a launch: a key of another user or launch
    /// URL, an expired key, and one that was used before do not (ST-46). Otherwise a request that
    /// is sent twice at the same time would launch twice.
    ///
    /// # Errors
    /// If the shared state does not respond.
    pub(crate) async fn use_up(
        &self,
        user: &UserKey,
        launch_url: &str,
        key: &str,
        now: Timestamp,
    ) -> Result<bool, StateError> {
        let context = context(user, launch_url);
        let Some(id) = OnceId::open(&self.keys, PURPOSE, &context, key, now) else {
            return Ok(false);
        };
        let (kind, party) = (FlagKind::UsedRetryKey, parties::of_user(user));
        id.use_up(self.state.as_ref(), kind, party).await
    }
}

/// A user key holds no NUL, so two pairs never give the same context.
fn context(user: &UserKey, launch_url: &str) -> Vec<u8> {
    format!("{user}\0{launch_url}").into_bytes()
}

#[cfg(test)]
mod tests {
    use roamd_seal::{Key, KeyId};
    use roamd_state::SqliteState;

    use super::*;

    /// ST-46
    #[tokio::test]
    async fn retry_key_continues_a_launch_of_its_user_and_url_once() {
        let folder = tempfile::tempdir().unwrap();
        let state = SqliteState::open(&folder.path().join("state.db")).unwrap();
        let key = Key::new(KeyId(1), 0, [7; Key::LEN].into());
        let keys = RetryKeys::new(Arc::new(KeyRing::new(key, Vec::new())), Arc::new(state));
        let (alice, bob) = (UserKey::new("DEMO", "alice"), UserKey::new("DEMO", "bob"));
        let now = Timestamp::UNIX_EPOCH;
        let key = keys.make(&alice, "/a", now);
        for (case, user, url, time, continues) in [
            ("another user", &bob, "/a", now, false),
            ("another session", &alice, "/b", now, false),
            ("expired", &alice, "/a", now + LIFETIME, false),
            ("first use", &alice, "/a", now, true),
            ("second use", &alice, "/a", now, false),
        ] {
            let used = keys.use_up(user, url, &key, time).await.unwrap();
            assert_eq!(used, continues, "{case}");
        }
    }
}
