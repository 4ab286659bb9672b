use std::path::Path;
use std::time::Duration;

use roamd_config::{CertificateError, State, WhenUnreachable};

use crate::support::{MemoryFiles, config, error_at, errors, errors_with};

const SECTION: &str = "[state]\nengine = \"etcd\"\n\
    endpoints = [\"https://etcd1:2379\", \"https://[2001:db8::2]:2379\"]\n\
    tls_ca_file = \"/ca\"\n";
const KEYS: &str = "[keys]\ncluster_key_file = \"/key\"\n";

fn files() -> MemoryFiles {
    let paths = ["/ca", "/key", "/client", "/client-key", "/password"];
    MemoryFiles {
        files: paths.map(|path| (path.into(), b"text".to_vec())).into(),
        ..MemoryFiles::default()
    }
}

#[test]
fn every_key_of_state_is_read() {
    let parse = |text: &str| roamd_config::parse(&config(text, "", ""), &files()).unwrap();
    assert_eq!(parse("").state, State::Embedded);
    assert_eq!(
        parse("[state]\nengine = \"embedded\"").state,
        State::Embedded
    );
    let State::Etcd(etcd) = parse(&format!("{KEYS}{SECTION}")).state else {
        panic!("embedded");
    };
    assert_eq!(etcd.endpoints.len(), 2);
    assert_eq!(etcd.endpoints[1].host(), "2001:db8::2");
    assert_eq!(etcd.prefix, "/roamd/main/");
    assert_eq!(etcd.tls_ca_file.as_deref(), Some(Path::new("/ca")));
    assert_eq!(etcd.tls_identity, None);
    assert_eq!(etcd.user, None);
    assert_eq!(etcd.timeout, Duration::from_secs(3));
    assert_eq!(etcd.when_unreachable, WhenUnreachable::Serve);
    assert_eq!(etcd.cluster_key_file, Path::new("/key"));

    let more = "prefix = \"/a/\"\ntls_certificate_file = \"/client\"\n\
        tls_key_file = \"/client-key\"\nuser = \"roamd\"\npassword_file = \"/password\"\n\
        timeout_ms = 500\nwhen_unreachable = \"refuse\"";
    let State::Etcd(etcd) = parse(&format!("{KEYS}{SECTION}{more}")).state else {
        panic!("embedded");
    };
    assert_eq!(etcd.prefix, "/a/");
    let identity = Some(("/client".into(), "/client-key".into()));
    assert_eq!(etcd.tls_identity, identity);
    assert_eq!(etcd.user, Some(("roamd".to_owned(), "/password".into())));
    assert_eq!(etcd.timeout, Duration::from_millis(500));
    assert_eq!(etcd.when_unreachable, WhenUnreachable::Refuse);
}

#[test]
fn error_of_state_is_reported_with_its_line() {
    for (keys, beginning, problem) in [
        (
            "prefix = \"roamd/\"",
            "prefix",
            "`prefix` has to begin and end with a slash, such as \"/roamd/main/\", and to have at most 200 letters, digits and signs",
        ),
        (
            "timeout_ms = 100",
            "timeout_ms",
            "`timeout_ms` has to be a whole number from 500 to 30000",
        ),
        (
            "when_unreachable = \"server\"",
            "when_unreachable",
            "`when_unreachable` has to be one of serve, refuse; did you mean \"serve\"?",
        ),
        (
            "tls_key_file = \"/client-key\"",
            "tls_key_file",
            "`tls_key_file` needs `tls_certificate_file` beside it",
        ),
        (
            "user = \"roamd\"",
            "user",
            "`user` needs `password_file` beside it",
        ),
        (
            "user = \"roamd\"\npassword_file = \"/none\"",
            "password_file",
            "`password_file` names a file that cannot be read: entity not found",
        ),
    ] {
        let text = config(&format!("{KEYS}{SECTION}{keys}"), "", "");
        let expected = error_at(&text, beginning, problem);
        assert_eq!(errors_with(&text, &files()), [expected], "{keys}");
    }
    let text = config(SECTION, "", "");
    let [error] = &errors_with(&text, &files())[..] else {
        panic!("{text}");
    };
    assert!(
        error.contains("key `cluster_key_file` of [keys] is missing"),
        "{error}"
    );
    let without_ca = SECTION.replace("tls_ca_file", "#tls_ca_file");
    let text = config(&format!("{KEYS}{without_ca}"), "", "");
    let expected = error_at(&text, "[state]", "key `tls_ca_file` of [state] is missing");
    assert_eq!(errors_with(&text, &files()), [expected]);
    let form = "has to be scheme, host and port, such as \"https://etcd1.example.net:2379\"";
    for endpoint in ["http://etcd1", "https://etcd1/", "etcd1:2379"] {
        let wrong = SECTION.replace("https://etcd1:2379", endpoint);
        let text = config(&format!("{KEYS}{wrong}"), "", "");
        let problem = format!("`endpoints`: \"{endpoint}\" {form}");
        let expected = error_at(&text, "endpoints", &problem);
        assert_eq!(errors_with(&text, &files()), [expected]);
    }
    let plain = SECTION.replace("https", "http");
    let text = config(&format!("{KEYS}{plain}"), "", "");
    let problem = "`tls_ca_file` is for endpoints that begin with https://";
    assert_eq!(
        errors_with(&text, &files()),
        [error_at(&text, "tls_ca_file", problem)]
    );
}

#[test]
fn keys_of_etcd_without_etcd_are_reported() {
    let text = config(
        "[keys]\ncluster_key_file = \"/key\"\n[state]\nengine = \"embedded\"\nprefix = \"/a/\"",
        "",
        "",
    );
    let needs = |key: &str| {
        let problem = format!("`{key}` needs `engine = \"etcd\"` in [state]");
        error_at(&text, key, &problem)
    };
    assert_eq!(errors(&text), [needs("cluster_key_file"), needs("prefix")]);
}

#[test]
fn unusable_file_of_etcd_is_reported_with_its_line() {
    let text = config(&format!("{KEYS}{SECTION}"), "", "");
    for (key, message) in [
        ("cluster_key_file", "no key"),
        ("tls_ca_file", "no authority"),
    ] {
        let files = MemoryFiles {
            etcd_error: Some(CertificateError {
                key: if key == "tls_ca_file" {
                    "tls_ca_file"
                } else {
                    "cluster_key_file"
                },
                message: message.to_owned(),
            }),
            ..files()
        };
        let problem = format!("`{key}` cannot be used: {message}");
        assert_eq!(errors_with(&text, &files), [error_at(&text, key, &problem)]);
    }
}
