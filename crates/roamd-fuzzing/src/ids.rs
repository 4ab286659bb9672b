//! Ids in URLs.

use roamd_sessions::{FarmId, ResourceId, SessionIds, SessionKey, UserKey};

use crate::keys::ring;
use crate::parts::Parts;

/// Longest id that the service looks at.
const LONGEST: usize = 4096;

/// The ids of a session and of a resource, as they come in a URL: a session id opens if the service
/// made it for this user, and never else; a resource id that is read is written the same.
pub fn ids(bytes: &[u8]) {
    let ids = SessionIds::new(ring());
    let mut parts = Parts::new(bytes);
    let segment = parts.text();
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

    let (farm, user) = (FarmId::new(parts.text()), parts.text());
    let session = SessionKey {
        host_kind: parts.optional(),
        host_id: parts.text(),
        session_id: parts.text(),
        in_name: parts.text(),
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
