//! What operators need of a configuration with errors.

use std::path::{Path, PathBuf};
use std::time::Duration;

use roamd_config::{Endpoint, Essentials, WrongPart};

use crate::support::{MemoryFiles, config, errors, parse};

const TLS: &str = "[tls]\ncertificate_file = \"/c.pem\"\nkey_file = \"/k.pem\"\n";

fn essentials(text: &str) -> Essentials {
    Essentials::of(text, &MemoryFiles::default())
}

#[test]
fn errors_elsewhere_take_nothing_away() {
    let valid = config("[audit]\nfile = \"a.jsonl\"", "", "");
    assert_eq!(errors(&valid), [""; 0]);
    let expected = essentials(&valid);
    assert_eq!(
        expected.data_dir.as_deref(),
        Some(Path::new("/var/lib/roamd"))
    );
    let parsed = parse(&valid).unwrap();
    let endpoint = Endpoint {
        listen: parsed.listen,
        base_urls: parsed.base_urls,
        tls: parsed.listener.tls,
    };
    assert_eq!(expected.endpoint, Some(endpoint));
    assert_eq!(
        expected.audit.clone().unwrap().unwrap().file,
        PathBuf::from("a.jsonl")
    );
    assert_eq!(expected.token_lifetime_max, Some(Duration::from_hours(24)));
    for (from, to) in [
        ("path = \"/Citrix/Store\"", "path = 7"),
        ("path = \"/Citrix/Store\"", "path = \"/Citrix/Store"),
        ("[[store.farm]]", "[[store.frm]]"),
        ("[[store.farm]]", "[store.farm"),
        ("controllers = [", "controllers = \"\n["),
    ] {
        let broken = valid.replace(from, to);
        assert_ne!(errors(&broken), [""; 0], "{broken}");
        assert_eq!(essentials(&broken), expected, "{broken}");
    }
}

#[test]
fn part_with_an_error_is_missing() {
    let valid = config(TLS, "", "").replace("http://127", "https://127");
    let with_tls = essentials(&valid);
    assert!(with_tls.endpoint.unwrap().tls.is_some());
    let is_missing = |from: &str, to: &str| {
        let broken = essentials(&valid.replace(from, to));
        (broken.data_dir.is_none(), broken.endpoint.is_none())
    };
    for (from, to, expected) in [
        ("data_dir = \"/var/lib/roamd\"", "", (true, false)),
        ("data_dir = \"/var", "data_dir = 7 # \"/var", (true, false)),
        (
            "listen = \"127.0.0.1",
            "listen = \"localhost",
            (false, true),
        ),
        ("base_url = ", "base_ulr = ", (false, true)),
        // The server uses TLS, but its certificate is not known.
        ("key_file", "key_flie", (false, true)),
        (TLS, "tls = 7\n", (false, true)),
    ] {
        assert_eq!(is_missing(from, to), expected, "{from} -> {to}");
    }
}

/// The default in place of a wrong value would be another file, or another time.
#[test]
fn wrong_value_is_not_replaced_by_its_default() {
    for (lines, audit, lifetime) in [
        ("[audit]\nenabled = false", Ok(None), true),
        ("[audit]\nfile = 7", Err(WrongPart), true),
        ("[audit]\nfle = \"a.jsonl\"", Err(WrongPart), true),
        ("audit = 7", Err(WrongPart), true),
        (
            "[audit]\nenabled = false\n[authentication]\ntoken_lifetime_max = \"x\"",
            Ok(None),
            false,
        ),
    ] {
        let found = essentials(&config(lines, "", ""));
        assert_eq!(found.audit, audit, "{lines}");
        assert_eq!(found.token_lifetime_max.is_some(), lifetime, "{lines}");
        assert!(
            found.data_dir.is_some() && found.endpoint.is_some(),
            "{lines}"
        );
    }
}
