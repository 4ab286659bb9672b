use std::time::Duration;

use roamd_config::{AddressForm, ControllerOrder, Generation, ServiceKeys};

use crate::support::{
    MemoryFiles, assert_errors, assert_wrong_values, config, error_at, errors, errors_with, parse,
};

#[test]
fn every_key_of_a_farm_is_read() {
    let text = config("", "", "");
    let (before, _) = text.split_once("[[store.farm]]").unwrap();
    let config = parse(&format!(
        r#"{before}
[[store.farm]]
id = "CVAD"
name = "Büro"
generation = "cvad-7"
controllers = ["http://[::1]:8081/scripts/WPnBr.dll", "http://xml.example.net"]
controller_order = "balanced"
timeout_ms = 250
connect_timeout_ms = 100
response_timeout_ms = 200
attempts = 1
concurrency = 8
queue = 0
max_sessions = 20
max_applications = 30
ticket_seconds = 30
legacy_workspace_control = true
address_form = "dot-port"
alternate_address = true
aggregation_group = "office"
"#
    ))
    .unwrap();
    let farm = &config.stores[0].farms[0];
    let controllers: Vec<_> = farm.controllers.iter().map(ToString::to_string).collect();
    assert_eq!(
        controllers,
        ["http://[::1]:8081", "http://xml.example.net:80"]
    );
    assert_eq!((farm.id.as_str(), farm.name.as_str()), ("CVAD", "Büro"));
    assert_eq!(farm.generation, Generation::Cvad7);
    assert_eq!(farm.controller_order, ControllerOrder::Balanced);
    assert_eq!(farm.timeout, Duration::from_millis(250));
    assert_eq!(farm.connect_timeout, Duration::from_millis(100));
    assert_eq!(farm.response_timeout, Duration::from_millis(200));
    assert_eq!(farm.attempts, 1);
    assert_eq!((farm.concurrency, farm.queue), (8, 0));
    assert_eq!((farm.max_sessions, farm.max_applications), (20, 30));
    assert_eq!(farm.ticket_time_to_live, Duration::from_secs(30));
    assert!(farm.legacy_workspace_control);
    assert_eq!(farm.address_form, AddressForm::DotPort);
    assert!(farm.alternate_address);
    assert_eq!(farm.aggregation_group.as_deref(), Some("office"));
}

#[test]
fn timeouts_of_a_controller_are_parts_of_the_deadline() {
    // (deadline, controllers) → (connect, response, attempts)
    let cases = [
        (5_000, 1, (1_500, 3_000, 2)),
        (5_000, 4, (1_000, 3_000, 4)),
        (100, 3, (25, 60, 3)),
    ];
    for (timeout, count, expected) in cases {
        let controllers: Vec<_> = (1..=count)
            .map(|number| format!("\"http://10.0.0.{number}:80\""))
            .collect();
        let farm = format!("timeout_ms = {timeout}");
        let text = config("", "", &farm)
            .lines()
            .map(|line| match line.split_once(" = ") {
                Some(("controllers", _)) => format!("controllers = [{}]\n", controllers.join(",")),
                _ => format!("{line}\n"),
            })
            .collect::<String>();
        let parsed = parse(&text).unwrap();
        let farm = &parsed.stores[0].farms[0];
        let parts = (
            farm.connect_timeout.as_millis(),
            farm.response_timeout.as_millis(),
            farm.attempts,
        );
        assert_eq!(parts, expected, "{timeout} {count}");
    }
}

#[test]
fn service_keys_are_read_from_their_file() {
    let text = config("", "", "service_key_file = \"/keys\"");
    let [error] = errors(&text).try_into().unwrap();
    let at_key = |problem| error_at(&text, "service_key_file", problem);
    assert!(error.starts_with(&at_key(
        "`service_key_file` names a file that cannot be read"
    )));

    let expected = at_key("`service_key_file` names a file that has no key in its first line");
    assert_eq!(
        errors_with(&text, &MemoryFiles::with("/keys", "\n")),
        [expected]
    );

    let files = MemoryFiles {
        folders: vec!["/keys".into()],
        ..MemoryFiles::default()
    };
    let expected = at_key("`service_key_file` has to be the path of a file");
    assert_eq!(errors_with(&text, &files), [expected]);

    let config = roamd_config::parse(&text, &MemoryFiles::with("/keys", "one\ntwo\n"));
    assert_eq!(
        config.unwrap().stores[0].farms[0].service_keys,
        Some(ServiceKeys::parse("one\ntwo").unwrap())
    );
}

#[test]
fn error_of_a_farm_is_reported_with_its_line() {
    let farm = "[[store.farm]]\nid = \"CVAD\"\nname = \"Farm3\"\ngeneration = \"cvad-7\"";
    assert_errors(&[
        (
            "",
            "",
            "timeout_ms = 20",
            "`timeout_ms` has to be a whole number from 100 to 600000",
        ),
        (
            "",
            "",
            "timeout_ms = \"5s\"",
            "`timeout_ms` has to be a whole number from 100 to 600000",
        ),
        (
            "",
            "",
            "connect_timeout_ms = 0",
            "`connect_timeout_ms` has to be a whole number from 10 to 600000",
        ),
        (
            "",
            "",
            "connect_timeout_ms = 5000",
            "`connect_timeout_ms` has to be less than `timeout_ms`, which it is a part of",
        ),
        (
            "",
            "",
            "response_timeout_ms = 6000",
            "`response_timeout_ms` has to be less than `timeout_ms`, which it is a part of",
        ),
        (
            "",
            "",
            "attempts = 0",
            "`attempts` has to be a whole number from 1 to 64",
        ),
        (
            "",
            "",
            "concurrency = 0",
            "`concurrency` has to be a whole number from 1 to 10000",
        ),
        (
            "",
            "",
            "queue = 100001",
            "`queue` has to be a whole number from 0 to 100000",
        ),
        (
            "",
            "",
            "max_sessions = 0",
            "`max_sessions` has to be a whole number from 1 to 100000",
        ),
        (
            "",
            "",
            "max_applications = 100001",
            "`max_applications` has to be a whole number from 1 to 100000",
        ),
        (
            "",
            "",
            "ticket_seconds = -1",
            "`ticket_seconds` has to be a whole number from 1 to 86400",
        ),
        (
            "",
            "",
            "address_form = \"uri\"",
            "`address_form` has to be one of dot, dot-port, dns, dns-port, no-change",
        ),
        (
            "",
            "",
            "legacy_workspace_control = \"on\"",
            "`legacy_workspace_control` has to be true or false, without quotes",
        ),
        (
            "",
            "",
            "controller_order = \"random\"",
            "`controller_order` has to be one of ordered, balanced",
        ),
        (
            "",
            "",
            "aggregation_group = \" \"",
            "`aggregation_group` has to be a name: not blank, no white space around it, \
             no control characters",
        ),
        (
            "",
            "",
            "controler_order = \"ordered\"",
            "`controler_order` is not a key of [[store.farm]]; \
             did you mean `controller_order`?",
        ),
        (
            "",
            "",
            farm,
            "key `controllers` of [[store.farm]] is missing",
        ),
        // The id of a farm that has an error itself is not unknown.
        (
            "authentication.credentials = \"CVAD\"",
            "",
            farm,
            "key `controllers` of [[store.farm]] is missing",
        ),
        ("", "", "id = \"XA1\"", "duplicate key `id`"),
        // Names of StoreFront.
        (
            "",
            "",
            "LoadBalance = false",
            "`LoadBalance` is not a key of [[store.farm]]; did you mean \
             `controller_order`?",
        ),
        (
            "",
            "",
            "ticketTimeToLive = 200",
            "`ticketTimeToLive` is not a key of [[store.farm]]; did you mean \
             `ticket_seconds`?",
        ),
        (
            "",
            "",
            "connectionTimeout = 6",
            "`connectionTimeout` is not a key of [[store.farm]]; did you mean \
             `connect_timeout_ms`?",
        ),
        (
            "",
            "",
            "serverCommunicationAttempts = 1",
            "`serverCommunicationAttempts` is not a key of [[store.farm]]; did you mean \
             `attempts`?",
        ),
    ]);
}

#[test]
fn wrong_value_of_a_farm_is_reported() {
    assert_wrong_values(&[
        (
            "id",
            "\"X.A1\"",
            "has to be 1 to 64 letters, digits, - and _",
        ),
        ("id", "\"\"", "has to be 1 to 64 letters, digits, - and _"),
        ("id", "\"farm\"", "must not be \"farm\""),
        ("name", "\"\"", "has to be a name"),
        ("name", "\"a\\nb\"", "has to be a name"),
        (
            "generation",
            "\"xenapp-7\"",
            "has to be one of xenapp-6, xendesktop-5, cvad-7; did you mean \"cvad-7\"?",
        ),
        (
            "generation",
            "\"7\"",
            "has to be one of xenapp-6, xendesktop-5, cvad-7",
        ),
        ("controllers", "[]", "is empty; it needs at least one value"),
        ("controllers", "\"http://10.0.0.11\"", "has to be a list"),
        ("controllers", "[1]", "has to be text in quotes"),
        (
            "controllers",
            "[\"10.0.0.11\"]",
            "has to be a URL with host and port",
        ),
        (
            "controllers",
            "[\"http://10.0.0.11:70000\"]",
            "has a port that is not a number from 1 to 65535",
        ),
        ("controllers", "[\"http://10.0.0.11:0\"]", "has port 0"),
        (
            "controllers",
            "[\"ftp://10.0.0.11\"]",
            "has to be a URL with host and port",
        ),
        (
            "controllers",
            "[\"http://u:p@10.0.0.11\"]",
            "must not hold a user name or password",
        ),
        (
            "controllers",
            "[\"http://10.0.0.11/other\"]",
            "has to end after the port",
        ),
        (
            "controllers",
            "[\"http://a:80\", \"http://A\"]",
            "names \"http://A\" twice",
        ),
    ]);
}

#[test]
fn wrong_value_of_a_list_is_quoted() {
    let long = format!("http://{}/x", "a".repeat(100));
    let values = format!("[\"10.0.0.11\", \"\\u001b[2J\", \"{long}\", \"u:p@10.0.0.12\"]");
    let text = config("", "", "").replace("[\"http://10.0.0.11:8080\"]", &values);
    let form = "has to be a URL with host and port, such as \"http://10.0.0.11:8080\"";
    let path =
        "has to end after the port; the path of the XML service is always /scripts/wpnbr.dll";
    let cut = &long[..60];
    assert_eq!(
        errors(&text),
        [
            format!("`controllers`: \"10.0.0.11\" {form}"),
            format!("`controllers`: \"\\u{{1b}}[2J\" {form}"),
            format!("`controllers`: \"{cut}…\" {path}"),
            format!("`controllers` {form}"),
        ]
        .map(|problem| error_at(&text, "controllers", &problem))
    );
}
