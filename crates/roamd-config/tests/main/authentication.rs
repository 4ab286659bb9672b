use std::time::Duration;

use roamd_config::{Authentication, CredentialCheck, PasswordChangePolicy};

use crate::support::{assert_errors, config, parse};

#[test]
fn every_key_of_authentication_is_read() {
    let document = r#"[authentication]
path = "/auth"
credentials = "CVAD"
domains = ["LAB", "GUEST"]
default_domain = "GUEST"
hide_domain_field = true
password_change = "never"
token_lifetime = "0.00:30:00"
token_lifetime_max = "01:00:00"
cookie_name = "Citrix_AuthSvc"
validation_services = ["default", "GW.example.net"]"#;
    let text = config(document, "", "").replace("\"XA1\"", "\"CVAD\"");
    let config = parse(&text).unwrap();
    assert_eq!(
        config.authentication,
        Authentication {
            path: "/auth".parse().unwrap(),
            credentials: CredentialCheck::Farm("CVAD".into()),
            domains: vec!["LAB".into(), "GUEST".into()],
            default_domain: Some("GUEST".into()),
            hide_domain_field: true,
            password_change: PasswordChangePolicy::Never,
            token_lifetime: Duration::from_mins(30),
            token_lifetime_max: Duration::from_mins(60),
            cookie_name: "Citrix_AuthSvc".into(),
            validation_services: vec!["default".into(), "gw.example.net".into()],
        }
    );
}

#[test]
fn error_of_authentication_is_reported_with_its_line() {
    assert_errors(&[
        (
            "authentication = 1",
            "",
            "",
            "`authentication` has to be a table, [authentication]",
        ),
        (
            "authentication.credentials = \"XA2\"",
            "",
            "",
            "`credentials` has to be \"farm\" or the id of a farm in this file",
        ),
        (
            "authentication.path = \"/Citrix/Store/Auth\"",
            "",
            "",
            "path `/Citrix/Store/Auth` of [authentication] overlaps store `/Citrix/Store`",
        ),
        (
            "authentication.tokenLifetime = \"0.08:00:00\"",
            "",
            "",
            "`tokenLifetime` is not a key of [authentication]; did you mean `token_lifetime`?",
        ),
        (
            "authentication.token_lifetime = \"8h\"",
            "",
            "",
            "`token_lifetime` has to be a time span d.hh:mm:ss, such as \"0.08:00:00\"",
        ),
        (
            "authentication.token_lifetime = \"0.00:01:00\"",
            "",
            "",
            "`token_lifetime` has to be 0.00:05:00 (five minutes) or longer",
        ),
        (
            "authentication.token_lifetime = \"2.00:00:00\"",
            "",
            "",
            "`token_lifetime` must not be longer than `token_lifetime_max`",
        ),
        (
            "authentication = { domains = [\"LAB\"], default_domain = \"GUEST\" }",
            "",
            "",
            "`default_domain` has to be one of `domains`",
        ),
        (
            "authentication.domains = [\"LAB\", \"LAB\"]",
            "",
            "",
            "`domains` names \"LAB\" twice",
        ),
        (
            "authentication.cookie_name = \"HttpOnly\"",
            "",
            "",
            "`cookie_name` must not be the name of a cookie attribute",
        ),
        (
            "authentication.cookie_name = \"a=b\"",
            "",
            "",
            "`cookie_name` may have letters, digits and - _ . only, such as \"ASP.NET_SessionId\"",
        ),
        (
            "authentication.validation_services = [\"a/b\"]",
            "",
            "",
            "`validation_services`: \"a/b\" may have letters, digits and - _ . only, such as \"gateway.example.net\"",
        ),
        (
            "authentication.validation_services = [\"..\"]",
            "",
            "",
            "`validation_services`: \"..\" may have letters, digits and - _ . only, such as \"gateway.example.net\"",
        ),
        (
            "authentication.validation_services = [\"gw\", \"GW\"]",
            "",
            "",
            "`validation_services` names \"GW\" twice",
        ),
    ]);
}

#[test]
fn validation_needs_one_farm_that_checks_passwords() {
    let one = "[authentication]";
    let services = |text: &str| parse(text).unwrap().authentication.validation_services;
    assert_eq!(services(&config(one, "", "")), ["default"]);
    let second = |document: &str| {
        let other = "[[store.farm]]\nid = \"XA2\"\nname = \"Farm2\"\n\
                     generation = \"xenapp-6\"\ncontrollers = [\"http://10.0.0.12:8080\"]";
        config(document, "", other)
    };
    assert_eq!(services(&second(one)), Vec::<String>::new());
    let named = "[authentication]\ncredentials = \"XA2\"";
    assert_eq!(services(&second(named)), ["default"]);
    for none in ["[]", "[\"default\"]"] {
        let document = format!("[authentication]\nvalidation_services = {none}");
        assert_eq!(services(&second(&document)), Vec::<String>::new());
    }
    let unclear = "[authentication]\nvalidation_services = [\"gw.example.net\"]";
    let errors = parse(&second(unclear)).unwrap_err();
    let expected = "`validation_services` need `credentials` to be the id of a farm";
    assert!(
        errors
            .iter()
            .any(|error| error.to_string().contains(expected)),
        "{errors:?}"
    );
}
