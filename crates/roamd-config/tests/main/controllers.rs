use roamd_config::{ControllerTls, Trust};

use crate::support::{MemoryFiles, config, error_at, errors_with};

const PIN: &str = "sha256//YhKJG3phE6xw3TXJdrKg8MF9SxvPyFi5XcnQlTGDIyg=";

/// Returns a configuration whose farm has one controller and these keys.
fn farm(controller: &str, keys: &str) -> String {
    config("", "", keys).replace("http://10.0.0.11:8080", controller)
}

#[test]
fn tls_of_controllers_is_read() {
    let tls = |trust, name: Option<&str>| {
        Some(ControllerTls {
            trust,
            name: name.map(str::to_owned),
        })
    };
    let pinned = Trust::PublicKeys(vec![PIN.parse().unwrap()]);
    let authorities = Trust::Authorities(b"PEM".to_vec());
    let keys = format!("tls_public_keys = [\"{PIN}\"]");
    let cases = [
        ("http://10.0.0.11:8080", "", None),
        ("https://10.0.0.11", "", tls(Trust::System, None)),
        (
            "https://10.0.0.11",
            "tls_name = \"ddc.example.test\"",
            tls(Trust::System, Some("ddc.example.test")),
        ),
        (
            "https://10.0.0.11",
            "tls_ca_file = \"/ca.pem\"",
            tls(authorities, None),
        ),
        ("https://10.0.0.11", &*keys, tls(pinned, None)),
    ];
    let files = MemoryFiles::with("/ca.pem", "PEM");
    for (controller, keys, expected) in cases {
        let config = roamd_config::parse(&farm(controller, keys), &files).unwrap();
        assert_eq!(config.stores[0].farms[0].tls, expected, "{keys}");
    }
}

#[test]
fn error_of_controller_tls_is_reported() {
    let keys = format!("tls_public_keys = [\"{PIN}\"]");
    let cases = [
        (
            "http://10.0.0.11:8080",
            keys.clone(),
            "tls_public_keys",
            "`tls_public_keys` is for controllers that begin with https://",
        ),
        (
            "https://10.0.0.11",
            "tls_public_keys = [\"YhKJ\"]".to_owned(),
            "tls_public_keys",
            "`tls_public_keys`: \"YhKJ\" has to be sha256// and the Base64 of a SHA-256",
        ),
        (
            "https://10.0.0.11",
            "tls_ca_file = \"/nowhere/ca.pem\"".to_owned(),
            "tls_ca_file",
            "`tls_ca_file` names a file that cannot be read",
        ),
        (
            "https://10.0.0.11",
            format!("tls_ca_file = \"/ca.pem\"\n{keys}"),
            "tls_public_keys",
            "`tls_public_keys` and `tls_ca_file` exclude each other; leave out one",
        ),
        (
            "https://10.0.0.11",
            format!("tls_name = \"a\"\n{keys}"),
            "tls_name",
            "`tls_name` has no effect with `tls_public_keys`; leave it out",
        ),
    ];
    let files = MemoryFiles::with("/ca.pem", "PEM");
    for (controller, keys, beginning, problem) in cases {
        let text = farm(controller, &keys);
        let errors = errors_with(&text, &files).concat();
        let expected = error_at(&text, beginning, problem);
        assert!(errors.contains(&expected), "{keys}: {errors}");
    }
}

#[test]
fn unusable_controller_tls_is_reported_at_its_key() {
    let files = MemoryFiles {
        controller_tls_error: Some("name is too long".to_owned()),
        ..MemoryFiles::with("/ca.pem", "PEM")
    };
    for (key, value) in [
        ("tls_name", "\"a\"".to_owned()),
        ("tls_ca_file", "\"/ca.pem\"".to_owned()),
        ("tls_public_keys", format!("[\"{PIN}\"]")),
    ] {
        let text = farm("https://10.0.0.11", &format!("{key} = {value}"));
        let problem = format!("`{key}` cannot be used: name is too long");
        assert_eq!(errors_with(&text, &files), [error_at(&text, key, &problem)]);
    }
}

#[test]
fn missing_authorities_of_system_are_not_an_error_of_a_key() {
    let files = MemoryFiles {
        controller_tls_error: Some("no authorities".to_owned()),
        ..MemoryFiles::default()
    };
    let text = farm("https://10.0.0.11", "");
    let problem = "`https://` cannot be used: no authorities";
    let expected = error_at(&text, "[[store.farm]]", problem);
    assert_eq!(errors_with(&text, &files), [expected]);
}
