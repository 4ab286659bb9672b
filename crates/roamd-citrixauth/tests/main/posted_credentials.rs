//! Parsing posted credentials (CA-63 to CA-68, CQ-34 to CQ-37).

use roamd_citrixauth::{BadAttempt, Conversations, CredentialRefusal, Credentials, FormPolicy};
use roamd_store_proto::auth::FormPost;
use secrecy::ExposeSecret as _;

use crate::{conversations, form_policy, keys};

fn typed(user_name: &str, domain: Option<&str>) -> FormPost {
    FormPost {
        user_name: Some(user_name.to_owned()),
        password: Some("s3cret!".into()),
        domain: domain.map(str::to_owned),
        ..FormPost::default()
    }
}

/// Returns domain and user name.
fn account(credentials: Result<Credentials, BadAttempt>) -> Option<(String, String)> {
    credentials
        .ok()
        .map(|credentials| (credentials.domain, credentials.user_name))
}

fn pair(domain: &str, user_name: &str) -> Option<(String, String)> {
    Some((domain.to_owned(), user_name.to_owned()))
}

#[test]
fn user_name_and_domain_are_parsed() {
    // CA-67, CA-68.
    for (user_name, domain, expected) in [
        ("mia", Some("GUEST"), pair("GUEST", "mia")),
        ("mia", Some("guest"), pair("GUEST", "mia")),
        ("mia", Some(" GUEST "), pair("GUEST", "mia")),
        ("mia", None, pair("LAB", "mia")),
        ("mia", Some(""), pair("LAB", "mia")),
        (" mia ", None, pair("LAB", "mia")),
        // A domain in the name takes precedence over the field, even over one not in the list.
        ("LAB\\mia", Some("GUEST"), pair("LAB", "mia")),
        ("lab\\mia", None, pair("LAB", "mia")),
        ("OTHER\\mia", None, pair("OTHER", "mia")),
        ("LAB\\mia", Some("nowhere"), pair("LAB", "mia")),
        ("mia@guest", Some("LAB"), pair("GUEST", "mia")),
        ("mia@lab.example", Some("LAB"), pair("lab.example", "mia")),
        (
            "mia@home@lab.example",
            None,
            pair("lab.example", "mia@home"),
        ),
        ("LAB\\mia@home", None, pair("LAB", "mia@home")),
        // Whether the accounts exist is not checked here.
        ("mia.", None, pair("LAB", "mia.")),
        ("m\u{456}a", None, pair("LAB", "m\u{456}a")),
        // These are not valid accounts.
        ("mia", Some("nowhere"), None),
        ("", None, None),
        ("  ", Some("LAB"), None),
        ("\\", None, None),
        ("\\mia", None, None),
        ("LAB\\", None, None),
        ("LAB\\mia\\x", None, None),
        ("@", None, None),
        ("mia@", None, None),
        ("@lab.example", None, None),
        ("mi\u{0}a", None, None),
        ("mi\na", None, None),
        ("mi\u{fffe}a", None, None),
    ] {
        let credentials = conversations().credentials(&typed(user_name, domain));
        assert_eq!(account(credentials), expected, "{user_name:?} {domain:?}");
    }
}

#[test]
fn any_domain_is_accepted_without_a_domain_list() {
    let policy = FormPolicy {
        domains: vec![],
        default_domain: None,
        ..form_policy()
    };
    let conversations = Conversations::new(keys(), policy);
    for (user_name, domain, expected) in [
        ("mia", Some("ANY"), pair("ANY", "mia")),
        ("ANY\\mia", None, pair("ANY", "mia")),
        // There is no default domain.
        ("mia", None, None),
        ("mia", Some(" "), None),
    ] {
        let credentials = conversations.credentials(&typed(user_name, domain));
        assert_eq!(account(credentials), expected, "{user_name:?} {domain:?}");
    }
}

#[test]
fn overlong_names_and_passwords_are_rejected() {
    let long = |length| "x".repeat(length);
    for (name, password, good) in [
        (long(512), long(1), true),
        (long(513), long(1), false),
        (long(10_000), long(1), false),
        (long(1), long(1024), true),
        (long(1), long(1025), false),
        (long(1), long(1 << 20), false),
        (long(1), String::new(), false),
        (long(1), "a\u{0}b".to_owned(), false),
        // A password that was not UTF-8 is accepted here.
        (long(1), "\u{fffd}".to_owned(), true),
        (long(1), "  blanks count  ".to_owned(), true),
    ] {
        let post = FormPost {
            password: Some(password.as_str().into()),
            ..typed(&name, None)
        };
        let credentials = conversations().credentials(&post);
        assert_eq!(
            credentials.is_ok(),
            good,
            "{} {}",
            name.len(),
            password.len()
        );
        if let Ok(credentials) = credentials {
            assert_eq!(credentials.password.expose_secret(), password);
        }
    }
}

#[test]
fn empty_form_is_a_failed_attempt() {
    let no_password = FormPost {
        password: None,
        ..typed("mia", None)
    };
    for post in [FormPost::default(), no_password] {
        let attempt = conversations().credentials(&post).unwrap_err();
        assert!(CredentialRefusal::from(attempt).is_failed_attempt());
    }
}

#[test]
fn account_of_a_bad_attempt_is_the_typed_one() {
    // CA-68. The audit log names it.
    for (user_name, domain, expected) in [
        ("mia", Some("nowhere"), Some("nowhere\\mia")),
        (" mia ", Some(" nowhere "), Some("nowhere\\mia")),
        ("LAB\\", Some("GUEST"), Some("LAB\\")),
        ("mia@", Some("GUEST"), Some("mia@")),
        ("mi\na", None, Some("mi\na")),
        ("mi\na", Some("LAB"), Some("LAB\\mi\na")),
        ("  ", Some("LAB"), None),
    ] {
        let attempt = conversations().credentials(&typed(user_name, domain));
        let account = attempt.unwrap_err().typed;
        assert_eq!(account.as_deref(), expected, "{user_name:?} {domain:?}");
    }
    let empty = conversations().credentials(&FormPost::default());
    assert_eq!(empty.unwrap_err().typed, None);
}

#[test]
fn posts_of_real_clients_are_parsed() {
    for (client, body, domain, password) in [
        (
            "CQ-35, a form with a domain box",
            "StateContext=abc&loginBtn=Log+On&username=mia&password=s3cret%21&domain=LAB",
            "LAB",
            "s3cret!",
        ),
        (
            "CQ-35, a form without one",
            "StateContext=abc&loginBtn=Log+On&username=GUEST%5Cmia&password=s3cret%21",
            "GUEST",
            "s3cret!",
        ),
        (
            "CQ-36, a password that is not encoded",
            "StateContext=&loginBtn=Log%20On&password=50%!&saveCredentials=true&username=LAB%5Cmia",
            "LAB",
            "50%!",
        ),
        (
            "CQ-34 and CQ-37, neither domain nor saveCredentials",
            "username=mia&password=a+b&loginBtn=Log%2BOn&StateContext=",
            "LAB",
            "a b",
        ),
        (
            "CA-64, beyond ASCII",
            "username=mia&password=%C3%BC%20%E2%82%AC&domain=GUEST&saveCredentials=false&more=1",
            "GUEST",
            "\u{fc} \u{20ac}",
        ),
    ] {
        let post = FormPost::from_url_encoded(body.as_bytes());
        let credentials = conversations().credentials(&post).expect(client);
        assert_eq!(credentials.password.expose_secret(), password, "{client}");
        assert_eq!(account(Ok(credentials)), pair(domain, "mia"), "{client}");
    }
}

#[test]
fn debug_of_credentials_hides_the_password() {
    let credentials = conversations().credentials(&typed("mia", None)).unwrap();
    let shown = format!("{credentials:?}");
    assert!(
        shown.contains("mia") && !shown.contains("s3cret"),
        "{shown}"
    );
}
