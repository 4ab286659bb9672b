//! Oracle of the ids in URLs.

use roamd_sessions::{FarmId, ResourceId, SessionIds, SessionKey, UserKey};

use crate::fixed_keys::ring;
use crate::split_input::SplitInput;

/// Longest id that the server parses.
const LONGEST: usize = 4096;

/// Parses session and resource ids from a URL. A session id must open only if the server created it
/// for this user, and a parsed resource id must be written as the same text.
pub fn ids(bytes: &[u8]) {
    let ids = SessionIds::new(ring());
    let mut input = SplitInput::new(bytes);
    let segment = input.text();
    let alice = UserKey::new("LAB", "alice");
    if let Ok((farm, session)) = ids.open(&alice, &segment) {
        assert_eq!(
            ids.seal(&alice, &farm, &session),
            segment,
            "a session id opens that was not made"
        );
    }
    if let Some(id) = ResourceId::from_segment(&segment) {
        assert_eq!(id.to_segment(), segment, "a resource has two ids");
    }

    let (farm, user) = (FarmId::new(input.text()), input.text());
    let session = SessionKey {
        host_kind: input.optional(),
        host_id: input.text(),
        session_id: input.text(),
        in_name: input.text(),
    };
    let id = ids.seal(&alice, &farm, &session);
    if id.len() <= LONGEST {
        assert_eq!(ids.open(&alice, &id), Ok((farm, session)));
    }
    let other = UserKey::new("LAB", &user);
    if other != alice {
        assert!(
            ids.open(&other, &id).is_err(),
            "the session of another user"
        );
    }
}
