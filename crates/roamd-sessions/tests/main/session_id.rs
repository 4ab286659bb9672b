//! Session ids: stable, bound to the user, and not to be forged (SS-5, SS-13, SS-54).

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
    fn an_id_opens_to_what_was_sealed_and_is_the_same_each_time(farm in "[A-Z0-9]{1,8}", key in key()) {
        let ids = SessionIds::new(keys());
        let farm = FarmId::new(farm);
        let id = ids.seal(&alice(), &farm, &key);
        prop_assert_eq!(&id, &ids.seal(&alice(), &farm, &key));
        prop_assert!(id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
        prop_assert_eq!(ids.open(&alice(), &id), Ok((farm, key)));
    }

    #[test]
    fn an_id_of_another_user_is_unknown(key in key()) {
        let ids = SessionIds::new(keys());
        let id = ids.seal(&alice(), &FarmId::new("XA1"), &key);
        prop_assert_eq!(ids.open(&UserKey::new("DEMO", "bob"), &id), Err(UnknownSession));
    }

    #[test]
    fn any_text_that_was_not_sealed_is_unknown(text in any::<String>()) {
        prop_assert_eq!(SessionIds::new(keys()).open(&alice(), &text), Err(UnknownSession));
    }
}

#[test]
fn any_changed_bit_makes_an_id_unknown() {
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
fn a_user_has_one_key_however_the_account_is_written() {
    assert_eq!(UserKey::new("DEMO", "Alice"), UserKey::new("demo", "alice"));
    assert_ne!(UserKey::new("DEMO", "alice"), UserKey::new("LAB", "alice"));
}
