//! Key rings: text form and rotation.

use std::time::Duration;

use data_encoding::BASE64;
use roamd_seal::{Key, KeyId, KeyRing, KeyRingError, KeyRole, OpenError, Overlap};

use crate::{TOKEN, key, rng};

#[test]
fn key_ring_text_round_trips() {
    let ring = KeyRing::new(
        Key::random(KeyId(u32::MAX), -5, &mut rng()),
        vec![key(1), key(2)],
    );
    let text = ring.to_text();
    let read = KeyRing::from_text(&text).unwrap();
    assert_eq!(*read.to_text(), *text);
    let newest = read.info()[0];
    assert_eq!((newest.id, newest.created), (KeyId(u32::MAX), -5));
    assert_eq!(newest.role, KeyRole::Seals);
    for old in [key(1), key(2)] {
        let value = KeyRing::new(old, vec![]).seal_deterministic(TOKEN, b"", b"plain");
        assert_eq!(&*read.open(TOKEN, b"", &value).unwrap(), b"plain");
    }
}

#[test]
fn key_ring_line_has_version_id_time_and_secret() {
    let secret = BASE64.encode(&[3; 32]);
    let text = KeyRing::new(key(3), vec![]).to_text();
    assert_eq!(*text, format!("v1 3 1700000000 {secret}\n"));
}

#[test]
fn empty_lines_and_comments_are_ignored() {
    let ring = KeyRing::new(key(3), vec![key(1)]).to_text();
    let text = format!("# newest first\n\n  {}\r\n", ring.replace('\n', "\n#\n"));
    assert_eq!(*KeyRing::from_text(&text).unwrap().to_text(), *ring);
}

#[test]
fn malformed_key_ring_is_rejected_with_its_line() {
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
fn debug_and_errors_hide_secrets() {
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

const OVERLAP: Overlap = Overlap {
    before: Duration::from_secs(60),
    after: Duration::from_secs(3600),
};

/// Returns the ids of the keys, newest first, and that of the sealing key.
fn ids(ring: &KeyRing) -> (Vec<KeyId>, KeyId) {
    let info = ring.info();
    let mut sealing = info.iter().filter(|key| key.role == KeyRole::Seals);
    let seals = sealing.next().unwrap().id;
    assert!(sealing.next().is_none());
    (info.iter().map(|key| key.id).collect(), seals)
}

#[test]
fn new_key_seals_after_the_distribution_period() {
    let first = KeyRing::random(0, &mut rng());
    let (old, _) = ids(&first);
    let ring = first.rotated(1000, OVERLAP, &mut rng());
    let (both, _) = ids(&ring);
    assert_eq!(both[1..], old[..]);
    assert_eq!(ring.info()[0].created, 1000);
    for (now, sealing) in [
        (1000, both[1]),
        (1059, both[1]),
        (1060, both[0]),
        (9999, both[0]),
        // The clock was set back.
        (500, both[1]),
        (-500, both[1]),
    ] {
        ring.settle(now, OVERLAP);
        assert_eq!(ids(&ring), (both.clone(), sealing), "at {now}");
    }
}

#[test]
fn sealed_values_open_on_all_servers_during_rotations() {
    // Two servers read the file at different times.
    let file = KeyRing::random(0, &mut rng());
    let read = |ring: &KeyRing| KeyRing::from_text(&ring.to_text()).unwrap();
    let (one, two) = (read(&file), read(&file));
    let mut values: Vec<(i64, Vec<u8>)> = Vec::new();
    let mut file = file;
    for now in (0..20_000).step_by(10) {
        if now % 5000 == 4000 {
            file = file.rotated(now, OVERLAP, &mut rng());
        }
        let server = if now % 40 < 20 { &one } else { &two };
        server.replace(&read(&file));
        server.settle(now, OVERLAP);
        for server in [&one, &two] {
            values.push((now, server.seal(TOKEN, b"", b"plain", &mut rng())));
        }
        values.retain(|(sealed, _)| now - sealed < 3600);
        // The oldest value that has not expired, and the current ones.
        let newest = &values[values.len() - 2..];
        for (sealed, value) in values.iter().take(1).chain(newest) {
            for server in [&one, &two] {
                let opened = server.open(TOKEN, b"", value);
                assert!(opened.is_ok(), "sealed at {sealed}, at {now}");
            }
        }
    }
    // One key for each rotation whose values have not expired.
    assert!(file.info().len() <= 2, "{file:?}");
}

#[test]
fn rotation_drops_keys_whose_values_have_expired() {
    let first = KeyRing::random(0, &mut rng());
    let value = first.seal(TOKEN, b"", b"plain", &mut rng());
    let second = first.rotated(1000, OVERLAP, &mut rng());
    for (now, left) in [(1000, 3), (1060 + 3599, 3), (1060 + 3600, 2)] {
        let third = second.rotated(now, OVERLAP, &mut rng());
        assert_eq!(third.info().len(), left, "at {now}");
        let opened = third.open(TOKEN, b"", &value);
        let expected = if left == 3 {
            None
        } else {
            Some(OpenError::UnknownKey)
        };
        assert_eq!(opened.err(), expected, "at {now}");
    }
}

#[test]
fn replaced_keys_are_seen_by_all_users_of_the_ring() {
    let shared = std::sync::Arc::new(KeyRing::new(key(1), vec![]));
    let user = std::sync::Arc::clone(&shared);
    let before = user.seal_deterministic(TOKEN, b"", b"plain");
    shared.replace(&KeyRing::new(key(2), vec![key(1)]));
    let after = user.seal_deterministic(TOKEN, b"", b"plain");
    assert_ne!(before, after);
    assert!(user.open(TOKEN, b"", &before).is_ok());
    shared.replace(&KeyRing::new(key(2), vec![]));
    let opened = user.open(TOKEN, b"", &before);
    assert_eq!(opened.unwrap_err(), OpenError::UnknownKey);
    assert!(user.open(TOKEN, b"", &after).is_ok());
}
