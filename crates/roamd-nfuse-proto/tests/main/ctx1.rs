//! The ctx1 encoding and its published vectors (nfuse.md §2.1).

use proptest::prelude::*;
use roamd_nfuse_proto::{Ctx1Error, decode_ctx1, encode_ctx1};
use secrecy::ExposeSecret;

#[test]
fn published_ctx1_vectors_encode_and_decode() {
    let vectors = [
        ("Password1", "PFFAJEDBOHECJEDBODEGIMCJPOFLJKDPKLAO"),
        ("password", "NFHALEBBMHGCLEBBMDGGKMAJNOHLLKBP"),
        ("a", "MEGB"),
        ("aa", "MEGBKFAA"),
        ("ab", "MEGBKGAD"),
        ("A", "OEEB"),
        ("s3cret!", "NGHDOFEAIGCDPEFBJBDEOFEAMEGB"),
        ("é", "EMOJ"),
        ("", ""),
    ];
    for (password, encoded) in vectors {
        assert_eq!(encode_ctx1(password), encoded, "{password}");
        assert_eq!(
            decode_ctx1(encoded).unwrap().expose_secret(),
            password,
            "{encoded}"
        );
    }
}

#[test]
fn malformed_ctx1_text_is_rejected() {
    let cases = [
        ("too short", "MEG"),
        ("one letter too many", "MEGBK"),
        ("half a UTF-16 unit", "MEGBKF"),
        ("small letters", "megb"),
        ("a letter behind P", "MEGQ"),
        ("a sign before A", "MEG@"),
        ("a blank", "MEG "),
        ("not ASCII", "MEé"),
        ("one half of a surrogate pair", "KFNI"),
    ];
    for (name, text) in cases {
        assert_eq!(decode_ctx1(text).err(), Some(Ctx1Error), "{name}");
    }
}

proptest! {
    #[test]
    fn any_password_round_trips_through_ctx1(password in any::<String>()) {
        let encoded = encode_ctx1(&password);
        prop_assert_eq!(encoded.len(), 4 * password.encode_utf16().count());
        prop_assert!(encoded.bytes().all(|letter| (b'A'..=b'P').contains(&letter)));
        let decoded = decode_ctx1(&encoded).unwrap();
        prop_assert_eq!(decoded.expose_secret(), password.as_str());
    }

    #[test]
    fn ctx1_decoder_does_not_panic(text in any::<String>()) {
        drop(decode_ctx1(&text));
    }
}
