//! Sealed values: sealing and opening.

use proptest::prelude::*;
use roamd_seal::{Key, KeyId, KeyRing, OpenError};

use crate::{SESSION, TOKEN, key, rng};

/// Returns a ring, and the two forms of one plain text sealed with it.
fn both_forms(context: &[u8], plain: &[u8]) -> (KeyRing, [Vec<u8>; 2]) {
    let ring = KeyRing::new(key(7), vec![]);
    let random = ring.seal(TOKEN, context, plain, &mut rng());
    let deterministic = ring.seal_deterministic(TOKEN, context, plain);
    (ring, [random, deterministic])
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 0..100)
}

proptest! {
    #[test]
    fn sealed_value_round_trips(context in bytes(), plain in bytes()) {
        let (ring, values) = both_forms(&context, &plain);
        for value in values {
            prop_assert_eq!(&*ring.open(TOKEN, &context, &value).unwrap(), &plain);
        }
    }

    #[test]
    fn arbitrary_bytes_do_not_open(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let ring = KeyRing::new(key(7), vec![]);
        prop_assert!(ring.open(TOKEN, b"", &bytes).is_err());
    }

    #[test]
    fn value_of_another_context_does_not_open(one in bytes(), other in bytes()) {
        prop_assume!(one != other);
        let (ring, values) = both_forms(&one, b"plain");
        for value in values {
            prop_assert_eq!(ring.open(TOKEN, &other, &value), Err(OpenError::Forged));
        }
    }
}

proptest! {
    // Each case checks all bits or lengths, so few cases suffice.
    #![proptest_config(ProptestConfig::with_cases(4))]

    #[test]
    fn value_with_any_bit_changed_does_not_open(plain in bytes()) {
        let (ring, values) = both_forms(b"context", &plain);
        for value in values {
            for bit in 0..value.len() * 8 {
                let mut changed = value.clone();
                changed[bit / 8] ^= 1 << (bit % 8);
                prop_assert!(ring.open(TOKEN, b"context", &changed).is_err(), "bit {}", bit);
            }
        }
    }

    #[test]
    fn truncated_or_extended_value_does_not_open(plain in bytes(), more in any::<u8>()) {
        let (ring, values) = both_forms(b"context", &plain);
        for value in values {
            for length in 0..value.len() {
                prop_assert!(ring.open(TOKEN, b"context", &value[..length]).is_err());
            }
            let longer = [value.as_slice(), &[more]].concat();
            prop_assert_eq!(ring.open(TOKEN, b"context", &longer), Err(OpenError::Forged));
        }
    }
}

#[test]
fn value_of_another_purpose_does_not_open() {
    let (ring, values) = both_forms(b"context", b"plain");
    for value in values {
        assert_eq!(
            ring.open(SESSION, b"context", &value),
            Err(OpenError::Forged)
        );
    }
}

#[test]
fn value_of_another_key_does_not_open() {
    let (_, values) = both_forms(b"context", b"plain");
    let same_id = KeyRing::new(Key::random(KeyId(7), 0, &mut rng()), vec![]);
    let other_id = KeyRing::new(key(8), vec![]);
    for value in values {
        assert_eq!(
            same_id.open(TOKEN, b"context", &value),
            Err(OpenError::Forged)
        );
        assert_eq!(
            other_id.open(TOKEN, b"context", &value),
            Err(OpenError::UnknownKey)
        );
    }
}

#[test]
fn value_with_another_version_does_not_open() {
    let (ring, [random, deterministic]) = both_forms(b"context", b"a plain text of some length");
    for (mut value, version) in [(random, 2), (deterministic, 1)] {
        value[0] = version;
        assert_eq!(ring.open(TOKEN, b"context", &value), Err(OpenError::Forged));
    }
}

#[test]
fn short_value_or_unknown_version_is_malformed() {
    let (ring, [random, deterministic]) = both_forms(b"", b"");
    // The shortest values: header, nonce if the version has one, and tag.
    assert_eq!(random.len(), 1 + 4 + 12 + 16);
    assert_eq!(deterministic.len(), 1 + 4 + 16);
    for value in [random, deterministic] {
        for length in 0..value.len() {
            assert_eq!(
                ring.open(TOKEN, b"", &value[..length]),
                Err(OpenError::Malformed)
            );
        }
        for version in [0, 3, 0xff] {
            let mut other = value.clone();
            other[0] = version;
            assert_eq!(ring.open(TOKEN, b"", &other), Err(OpenError::Malformed));
        }
    }
}

#[test]
fn only_deterministic_sealing_repeats_values() {
    let (ring, [random, deterministic]) = both_forms(b"alice", b"session 3");
    assert_ne!(random, ring.seal(TOKEN, b"alice", b"session 3", &mut rng()));
    assert_eq!(
        deterministic,
        ring.seal_deterministic(TOKEN, b"alice", b"session 3")
    );
    assert_ne!(
        deterministic,
        ring.seal_deterministic(TOKEN, b"bob", b"session 3")
    );
    assert_ne!(
        deterministic,
        ring.seal_deterministic(TOKEN, b"alice", b"session 4")
    );
    assert_ne!(
        deterministic,
        ring.seal_deterministic(SESSION, b"alice", b"session 3")
    );
}

#[test]
fn newest_key_seals_and_older_keys_open() {
    let (_, old_values) = both_forms(b"context", b"plain");
    let rotated = KeyRing::new(key(8), vec![key(7)]);
    for value in &old_values {
        assert_eq!(&*rotated.open(TOKEN, b"context", value).unwrap(), b"plain");
    }
    let value = rotated.seal_deterministic(TOKEN, b"context", b"plain");
    assert_eq!(value[1..5], 8_u32.to_be_bytes());
    let retired = KeyRing::new(key(8), vec![]);
    assert_eq!(&*retired.open(TOKEN, b"context", &value).unwrap(), b"plain");
    for value in &old_values {
        assert_eq!(
            retired.open(TOKEN, b"context", value),
            Err(OpenError::UnknownKey)
        );
    }
}
