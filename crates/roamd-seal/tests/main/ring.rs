//! Key rings as text.

use data_encoding::BASE64;
use roamd_seal::{Key, KeyId, KeyRing, KeyRingError};

use crate::{TOKEN, key, rng};

#[test]
fn a_ring_that_was_written_is_read_with_all_its_keys() {
    let ring = KeyRing::new(
        Key::random(KeyId(u32::MAX), -5, &mut rng()),
        vec![key(1), key(2)],
    );
    let text = ring.to_text();
    let read = KeyRing::from_text(&text).unwrap();
    assert_eq!(*read.to_text(), *text);
    assert_eq!(read.newest().id(), KeyId(u32::MAX));
    assert_eq!(read.newest().created(), -5);
    for old in [key(1), key(2)] {
        let value = KeyRing::new(old, vec![]).seal_deterministic(TOKEN, b"", b"plain");
        assert_eq!(&*read.open(TOKEN, b"", &value).unwrap(), b"plain");
    }
}

#[test]
fn a_line_of_the_text_has_version_id_time_and_secret() {
    let secret = BASE64.encode(&[3; 32]);
    let text = KeyRing::new(key(3), vec![]).to_text();
    assert_eq!(*text, format!("v1 3 1700000000 {secret}\n"));
}

#[test]
fn empty_lines_and_comments_are_left_out() {
    let ring = KeyRing::new(key(3), vec![key(1)]).to_text();
    let text = format!("# newest first\n\n  {}\r\n", ring.replace('\n', "\n#\n"));
    assert_eq!(*KeyRing::from_text(&text).unwrap().to_text(), *ring);
}

#[test]
fn a_text_that_is_no_ring_is_refused_with_its_line() {
    let good = "v1 3 1700000000 AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM=";
    let line = |line| KeyRingError::Line { line };
    let cases = [
        ("", KeyRingError::Empty),
        ("\n# only a comment\n", KeyRingError::Empty),
        (&good.replace("v1", "v2"), line(1)),
        (&good.replace("v1 3", "v1 -3"), line(1)),
        (&good.replace("v1 3", "v1 4294967296"), line(1)),
        (&good.replace("1700000000", "yesterday"), line(1)),
        (&good.replace("AwM=", "AwM"), line(1)),
        (&good.replace("AwMDAwM=", "AwMD"), line(1)),
        (&format!("{good} more"), line(1)),
        (&format!("# one\n{good}\nv1 4 0"), line(3)),
        (
            &format!("{good}\n\n{good}"),
            KeyRingError::Repeated {
                line: 3,
                id: KeyId(3),
            },
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(KeyRing::from_text(text).unwrap_err(), expected, "{text}");
    }
}

#[test]
fn a_secret_is_shown_neither_by_debug_nor_by_an_error() {
    let ring = KeyRing::new(key(0xab), vec![key(0xab)]);
    let shown = format!("{ring:?}");
    assert!(shown.contains("KeyId(171)"), "{shown}");
    assert!(
        !shown.contains("171, 171") && !shown.contains("secret"),
        "{shown}"
    );
    let error = KeyRing::from_text("v1 1 2 c2VjcmV0").unwrap_err();
    assert!(!error.to_string().contains("c2VjcmV0"), "{error}");
}
