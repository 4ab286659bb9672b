//! Session ids: stable, bound to the user, and unforgeable (SS-5, SS-13, SS-54).

use proptest::prelude::*;
use roamd_sessions::{FarmId, SessionIds, SessionKey, UnknownSession, UserKey};

use crate::scripted::keys;

fn key() -> impl Strategy<Value = SessionKey> {
    (
        any::<Option<String>>(),
        any::<String>(),
        any::<String>(),
        any::<String>(),
    )
        .prop_map(|(host_kind, host_id, session_id, in_name)| SessionKey {
            host_kind,
            host_id,
            session_id,
            in_name,
        })
}

fn alice() -> UserKey {
    UserKey::new("DEMO", "alice")
}

proptest! {
    #[test]
    fn session_id_round_trips_and_is_stable(farm in "[A-Z0-9]{1,8}", key in key()) {
        let ids = SessionIds::new(keys());
        let farm = FarmId::new(farm);
        let id = ids.seal(&alice(), &farm, &key);
        prop_assert_eq!(&id, &ids.seal(&alice(), &farm, &key));
        prop_assert!(id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
        prop_assert_eq!(ids.open(&alice(), &id), Ok((farm, key)));
    }

    #[test]
    fn session_id_of_another_user_is_unknown(key in key()) {
        let ids = SessionIds::new(keys());
        let id = ids.seal(&alice(), &FarmId::new("XA1"), &key);
        prop_assert_eq!(ids.open(&UserKey::new("DEMO", "bob"), &id), Err(UnknownSession));
    }

    #[test]
    fn forged_session_id_is_unknown(text in any::<String>()) {
        prop_assert_eq!(SessionIds::new(keys()).open(&alice(), &text), Err(UnknownSession));
    }
}

#[test]
fn session_id_with_changed_bit_is_unknown() {
    let ids = SessionIds::new(keys());
    let key = crate::scripted::session(7, "Paint").key;
    let id = ids.seal(&alice(), &FarmId::new("XA1"), &key);
    let bytes = data_encoding::BASE64URL_NOPAD
        .decode(id.as_bytes())
        .unwrap();
    for bit in 0..bytes.len() * 8 {
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let changed = data_encoding::BASE64URL_NOPAD.encode(&changed);
        assert_eq!(
            ids.open(&alice(), &changed),
            Err(UnknownSession),
            "bit {bit}"
        );
    }
}

#[test]
fn user_key_ignores_case_of_account() {
    assert_eq!(UserKey::new("DEMO", "Alice"), UserKey::new("demo", "alice"));
    assert_ne!(UserKey::new("DEMO", "alice"), UserKey::new("LAB", "alice"));
}
