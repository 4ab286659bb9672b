use std::fs;
use std::time::Duration;

use roamd_citrixauth::LoginThrottlePolicy;
use roamd_nfuse_client::ServiceKeys;

use super::*;

/// The smallest whole configuration; keys of the document itself, of the store and of its farm are
/// put where the markers stand.
fn config(document: &str, store: &str, farm: &str) -> String {
    format!(
        r#"listen = "127.0.0.1:8080"
base_url = "http://127.0.0.1:8080"
data_dir = "/var/lib/roamd"
{document}
[[store]]
path = "/Citrix/Store"
{store}
[[store.farm]]
id = "XA1"
name = "Farm1"
generation = "xenapp-6"
controllers = ["http://10.0.0.11:8080"]
{farm}
"#
    )
}

/// The faults of a text, each as `config check` prints it.
fn faults(text: &str) -> Vec<String> {
    parse(text)
        .err()
        .unwrap_or_default()
        .iter()
        .map(ToString::to_string)
        .collect()
}

#[test]
fn the_sample_is_valid() {
    let config = parse(SAMPLE).unwrap();
    assert_eq!(config.stores[0].farms.len(), 2);
    assert_eq!(config.authentication.path.as_str(), "/Citrix/StoreAuth");
}

#[test]
fn the_defaults_that_the_sample_shows_are_the_defaults() {
    let uncommented: String = SAMPLE
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(key)
                if key
                    .split_once(" = ")
                    .is_some_and(|(key, _)| !key.contains(' ')) =>
            {
                key
            }
            _ => line,
        })
        // These have no default; they are examples.
        .filter(|line| {
            ![
                "default_domain",
                "aggregation_group",
                "service_key_file",
                "tls_",
            ]
            .iter()
            .any(|k| line.starts_with(k))
        })
        .fold(String::new(), |text, line| text + line + "\n");
    assert!(uncommented.contains("\ntimeout_ms = 5000\n"));
    assert_eq!(parse(&uncommented).unwrap(), parse(SAMPLE).unwrap());
}

#[test]
fn every_key_is_read() {
    let config = parse(
        r#"
listen = "[::1]:443"
base_url = "https://Store.Example.NET:443/"
data_dir = "data"
[authentication]
path = "/auth"
credentials = "CVAD"
domains = ["LAB", "GUEST"]
default_domain = "GUEST"
token_lifetime = "0.00:30:00"
token_lifetime_max = "01:00:00"
cookie_name = "Citrix_AuthSvc"
validation_services = ["default", "GW.example.net"]
[keys]
rotate_after = "7.00:00:00"
[login_throttle]
free_attempts = 5
longest_delay = "0.01:00:00"
known_network = "7"
checks = 8
[[store]]
path = "/one"
spelling = "native"
[[store.farm]]
id = "CVAD"
name = "Büro"
generation = "cvad-7"
controllers = ["http://[::1]:8081/scripts/WPnBr.dll", "http://xml.example.net"]
controller_order = "balanced"
timeout_ms = 250
connect_timeout_ms = 100
answer_timeout_ms = 200
attempts = 1
concurrency = 8
queue = 0
ticket_seconds = 30
legacy_workspace_control = true
address_form = "dot-port"
alternate_address = true
aggregation_group = "office"
"#,
    )
    .unwrap();
    assert_eq!(config.listen.port(), 443);
    assert_eq!(config.base_url.to_string(), "https://store.example.net");
    assert_eq!(config.base_url.port(), 443);
    assert_eq!(config.data_dir, Path::new("data"));
    assert_eq!(
        config.authentication,
        Authentication {
            path: "/auth".parse().unwrap(),
            credentials: CredentialCheck::Farm("CVAD".into()),
            domains: vec!["LAB".into(), "GUEST".into()],
            default_domain: Some("GUEST".into()),
            token_lifetime: Duration::from_mins(30),
            token_lifetime_max: Duration::from_mins(60),
            cookie_name: "Citrix_AuthSvc".into(),
            validation_services: vec!["default".into(), "gw.example.net".into()],
        }
    );
    let week = Duration::from_hours(7 * 24);
    assert_eq!(config.keys.rotate_after, Some(week));
    assert_eq!(
        config.login_throttle,
        LoginThrottle {
            policy: LoginThrottlePolicy {
                free_attempts: 5,
                longest_delay: Duration::from_hours(1),
                known_network: Duration::from_hours(7 * 24),
            },
            checks: 8,
        }
    );
    let [store] = config.stores.try_into().unwrap();
    assert_eq!(
        (store.path.as_str(), store.spelling),
        ("/one", SpellingChoice::Native)
    );
    let [farm] = store.farms.try_into().unwrap();
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
    assert_eq!(farm.answer_timeout, Duration::from_millis(200));
    assert_eq!(farm.attempts, 1);
    assert_eq!((farm.concurrency, farm.queue), (8, 0));
    assert_eq!(farm.ticket_time_to_live, Duration::from_secs(30));
    assert!(farm.legacy_workspace_control);
    assert_eq!(farm.address_form, AddressForm::DotPort);
    assert!(farm.alternate_address);
    assert_eq!(farm.aggregation_group.as_deref(), Some("office"));
}

#[test]
fn a_farm_that_says_nothing_of_its_deadlines_gets_parts_of_the_whole() {
    // (deadline, controllers) → (connect, answer, attempts)
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
            farm.answer_timeout.as_millis(),
            farm.attempts,
        );
        assert_eq!(parts, expected, "{timeout} {count}");
    }
}

#[test]
fn service_keys_are_read_from_their_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys");
    let text = config("", "", &format!("service_key_file = {path:?}"));
    let [fault] = faults(&text).try_into().unwrap();
    assert!(fault.starts_with("line 13: `service_key_file` names a file that cannot be read"));

    fs::write(&path, "\n").unwrap();
    let expected = "line 13: `service_key_file` names a file that has no key in its first line";
    assert_eq!(faults(&text), [expected]);

    fs::write(&path, "one\ntwo\n").unwrap();
    let farm = &parse(&text).unwrap().stores[0].farms[0];
    assert_eq!(
        farm.service_keys,
        Some(ServiceKeys::parse("one\ntwo").unwrap())
    );
}

#[test]
fn how_https_controllers_prove_who_they_are_is_read_and_checked() {
    let pin = "sha256//YhKJG3phE6xw3TXJdrKg8MF9SxvPyFi5XcnQlTGDIyg=";
    let keys = format!("tls_public_keys = [\"{pin}\"]");
    let parse_farm = |controller: &str, keys: &str| {
        let text = config("", "", keys).replace("http://10.0.0.11:8080", controller);
        parse(&text).map(|config| config.stores[0].farms[0].tls.clone())
    };
    let tls = |trust, name: Option<&str>| {
        Some(ControllerTls {
            trust,
            name: name.map(str::to_owned),
        })
    };
    let pinned = Trust::PublicKeys(vec![pin.parse().unwrap()]);
    let good = [
        ("http://10.0.0.11:8080", "", None),
        ("https://10.0.0.11", "", tls(Trust::System, None)),
        (
            "https://10.0.0.11",
            "tls_name = \"ddc.example.test\"",
            tls(Trust::System, Some("ddc.example.test")),
        ),
        ("https://10.0.0.11", &*keys, tls(pinned, None)),
    ];
    for (controller, keys, expected) in good {
        assert_eq!(parse_farm(controller, keys).unwrap(), expected, "{keys}");
    }
    let bad = [
        (
            "http://10.0.0.11:8080",
            &*keys,
            "`tls_public_keys` is for controllers that begin with https://",
        ),
        (
            "https://10.0.0.11",
            "tls_public_keys = [\"YhKJ\"]",
            "`tls_public_keys`: \"YhKJ\" has to be sha256// and the Base64 of a SHA-256",
        ),
        (
            "https://10.0.0.11",
            "tls_name = \"not a name\"",
            "`tls_name` cannot be used: name is neither a DNS name nor an address",
        ),
        (
            "https://10.0.0.11",
            "tls_ca_file = \"/nowhere/ca.pem\"",
            "`tls_ca_file` names a file that cannot be read",
        ),
    ];
    for (controller, keys, expected) in bad {
        let faults = parse_farm(controller, keys).unwrap_err();
        let faults = faults.iter().map(ToString::to_string).collect::<String>();
        assert!(faults.contains(expected), "{keys}: {faults}");
    }
}

#[test]
fn a_fault_is_named_with_its_line() {
    let farm = "[[store.farm]]\nid = \"CVAD\"\nname = \"Farm3\"\ngeneration = \"cvad-7\"";
    let cases = [
        // Keys of the document, on line 4.
        (
            "data_dirs = 1",
            "",
            "",
            "line 4: `data_dirs` is not a key; did you mean `data_dir`?",
        ),
        ("colour = 1", "", "", "line 4: `colour` is not a key"),
        (
            "authentication = 1",
            "",
            "",
            "line 4: `authentication` has to be a table, [authentication]",
        ),
        (
            "authentication.credentials = \"XA2\"",
            "",
            "",
            "line 4: `credentials` has to be \"farm\" or the id of a farm in this file",
        ),
        (
            "authentication.path = \"/Citrix/Store/Auth\"",
            "",
            "",
            "line 4: path `/Citrix/Store/Auth` of [authentication] overlaps store `/Citrix/Store`",
        ),
        (
            "authentication.tokenLifetime = \"0.08:00:00\"",
            "",
            "",
            "line 4: `tokenLifetime` is not a key of [authentication]; did you mean `token_lifetime`?",
        ),
        (
            "authentication.token_lifetime = \"8h\"",
            "",
            "",
            "line 4: `token_lifetime` has to be a time span d.hh:mm:ss, such as \"0.08:00:00\"",
        ),
        (
            "authentication.token_lifetime = \"0.00:01:00\"",
            "",
            "",
            "line 4: `token_lifetime` has to be 0.00:05:00 (five minutes) or longer",
        ),
        (
            "login_throttle.free_attempts = 0",
            "",
            "",
            "line 4: `free_attempts` has to be a whole number from 1 to 100",
        ),
        (
            "login_throttle.longest_delay = \"1.00:00:00\"",
            "",
            "",
            "line 4: `longest_delay` has to be from 0.00:00:01 to 0.12:00:00",
        ),
        (
            "login_throttle.known_network = \"90 days\"",
            "",
            "",
            "line 4: `known_network` has to be a time span d.hh:mm:ss, such as \"0.00:15:00\"",
        ),
        (
            "login_throttle.checks = 0",
            "",
            "",
            "line 4: `checks` has to be a whole number from 1 to 10000",
        ),
        (
            "authentication.token_lifetime = \"2.00:00:00\"",
            "",
            "",
            "line 4: `token_lifetime` must not be longer than `token_lifetime_max`",
        ),
        (
            "authentication = { domains = [\"LAB\"], default_domain = \"GUEST\" }",
            "",
            "",
            "line 4: `default_domain` has to be one of `domains`",
        ),
        (
            "authentication.domains = [\"LAB\", \"LAB\"]",
            "",
            "",
            "line 4: `domains` names \"LAB\" twice",
        ),
        (
            "authentication.cookie_name = \"HttpOnly\"",
            "",
            "",
            "line 4: `cookie_name` must not be the name of a cookie's attribute",
        ),
        (
            "authentication.cookie_name = \"a=b\"",
            "",
            "",
            "line 4: `cookie_name` may have letters, digits and - _ . only, such as \"ASP.NET_SessionId\"",
        ),
        (
            "authentication.validation_services = [\"a/b\"]",
            "",
            "",
            "line 4: `validation_services`: \"a/b\" may have letters, digits and - _ . only, such as \"gateway.example.net\"",
        ),
        (
            "authentication.validation_services = [\"..\"]",
            "",
            "",
            "line 4: `validation_services`: \"..\" may have letters, digits and - _ . only, such as \"gateway.example.net\"",
        ),
        (
            "authentication.validation_services = [\"gw\", \"GW\"]",
            "",
            "",
            "line 4: `validation_services` names \"GW\" twice",
        ),
        (
            "keys.rotate_after = \"monthly\"",
            "",
            "",
            "line 4: `rotate_after` has to be \"never\" or a time span d.hh:mm:ss, such as \"30.00:00:00\"",
        ),
        (
            "keys.rotate_after = \"00:59:59\"",
            "",
            "",
            "line 4: `rotate_after` has to be 0.01:00:00 (an hour) or longer",
        ),
        (
            "keys.rotate_after = \"01:00:00\"\nauthentication.token_lifetime_max = \"60.00:00:00\"",
            "",
            "",
            "line 4: `rotate_after` has to be 0.05:37:30 or longer where `token_lifetime_max` is 60.00:00:00, or there would be too many keys",
        ),
        // Keys of the store, on line 7.
        (
            "",
            "spelling = \"nativ\"",
            "",
            "line 7: `spelling` has to be one of auto, document, native; did you mean \"native\"?",
        ),
        (
            "",
            "paths = 1",
            "",
            "line 7: `paths` is not a key of [[store]]; did you mean `path`?",
        ),
        // Keys of the farm, on line 13.
        (
            "",
            "",
            "timeout_ms = 20",
            "line 13: `timeout_ms` has to be a whole number from 100 to 600000",
        ),
        (
            "",
            "",
            "timeout_ms = \"5s\"",
            "line 13: `timeout_ms` has to be a whole number from 100 to 600000",
        ),
        (
            "",
            "",
            "connect_timeout_ms = 0",
            "line 13: `connect_timeout_ms` has to be a whole number from 10 to 600000",
        ),
        (
            "",
            "",
            "connect_timeout_ms = 5000",
            "line 13: `connect_timeout_ms` has to be less than `timeout_ms`, which it is a part of",
        ),
        (
            "",
            "",
            "answer_timeout_ms = 6000",
            "line 13: `answer_timeout_ms` has to be less than `timeout_ms`, which it is a part of",
        ),
        (
            "",
            "",
            "attempts = 0",
            "line 13: `attempts` has to be a whole number from 1 to 64",
        ),
        (
            "",
            "",
            "concurrency = 0",
            "line 13: `concurrency` has to be a whole number from 1 to 10000",
        ),
        (
            "",
            "",
            "queue = 100001",
            "line 13: `queue` has to be a whole number from 0 to 100000",
        ),
        (
            "",
            "",
            "service_key_file = \"/\"",
            "line 13: `service_key_file` has to be the path of a file",
        ),
        (
            "",
            "",
            "ticket_seconds = -1",
            "line 13: `ticket_seconds` has to be a whole number from 1 to 86400",
        ),
        (
            "",
            "",
            "address_form = \"uri\"",
            "line 13: `address_form` has to be one of dot, dot-port, dns, dns-port, no-change",
        ),
        (
            "",
            "",
            "legacy_workspace_control = \"on\"",
            "line 13: `legacy_workspace_control` has to be true or false, without quotes",
        ),
        (
            "",
            "",
            "controller_order = \"random\"",
            "line 13: `controller_order` has to be one of ordered, balanced",
        ),
        (
            "",
            "",
            "aggregation_group = \" \"",
            "line 13: `aggregation_group` has to be a name: not blank, no white space around it, \
             no control characters",
        ),
        (
            "",
            "",
            "controler_order = \"ordered\"",
            "line 13: `controler_order` is not a key of [[store.farm]]; \
             did you mean `controller_order`?",
        ),
        (
            "",
            "",
            farm,
            "line 13: key `controllers` of [[store.farm]] is missing",
        ),
        // The name of a farm that has a fault itself is not unknown.
        (
            "authentication.credentials = \"CVAD\"",
            "",
            farm,
            "line 13: key `controllers` of [[store.farm]] is missing",
        ),
        ("", "", "id = \"XA1\"", "line 13: duplicate key `id`"),
        // Names of the original.
        (
            "",
            "",
            "LoadBalance = false",
            "line 13: `LoadBalance` is not a key of [[store.farm]]; did you mean \
             `controller_order`?",
        ),
        (
            "",
            "",
            "ticketTimeToLive = 200",
            "line 13: `ticketTimeToLive` is not a key of [[store.farm]]; did you mean \
             `ticket_seconds`?",
        ),
        (
            "",
            "",
            "connectionTimeout = 6",
            "line 13: `connectionTimeout` is not a key of [[store.farm]]; did you mean \
             `connect_timeout_ms`?",
        ),
        (
            "",
            "",
            "serverCommunicationAttempts = 1",
            "line 13: `serverCommunicationAttempts` is not a key of [[store.farm]]; did you mean \
             `attempts`?",
        ),
        (
            "LoadBalance = false",
            "",
            "",
            "line 4: `LoadBalance` is not a key",
        ),
    ];
    for (document, store, farm, expected) in cases {
        assert_eq!(faults(&config(document, store, farm)), [expected]);
    }
}

#[test]
fn a_wrong_value_is_named_with_what_would_be_right() {
    let cases = [
        ("listen", "\"localhost\"", "has to be an address and a port"),
        (
            "listen",
            "\"127.0.0.1:70000\"",
            "has to be an address and a port",
        ),
        ("listen", "8080", "has to be text in quotes"),
        (
            "base_url",
            "\"store.example.net\"",
            "has to be an http or https URL",
        ),
        (
            "base_url",
            "\"ftp://store.example.net\"",
            "has to be an http or https URL",
        ),
        (
            "base_url",
            "\"http://store.example.net:70000\"",
            "has to be an http or https URL",
        ),
        ("base_url", "\"http://store.example.net:0\"", "has port 0"),
        (
            "base_url",
            "\"http://u:p@store.example.net\"",
            "must not hold a user name or password",
        ),
        (
            "base_url",
            "\"http://store.example.net/Citrix\"",
            "has to end after host and port",
        ),
        (
            "base_url",
            "\"http://store.example.net?\"",
            "has to end after host and port",
        ),
        // CA-6: the challenge carries it.
        ("base_url", "\"http://a,b\"", "must not contain a comma"),
        ("base_url", "\"http://a=b\"", "must not contain a comma"),
        ("data_dir", "\"\"", "has to name a folder"),
        ("path", "\"Citrix/Store\"", "has to begin with a slash"),
        ("path", "\"/Citrix/Store/\"", "must not end with a slash"),
        ("path", "\"/\"", "must not end with a slash"),
        ("path", "\"//Store\"", "must not have an empty segment"),
        (
            "path",
            "\"/Citrix/../Store\"",
            "must not have an empty segment",
        ),
        ("path", "\"/Citrix/a,b\"", "may have letters"),
        ("path", "\"/Citrix/a=b\"", "may have letters"),
        ("path", "'/Citrix/a\"b'", "may have letters"),
        ("path", "\"/Citrix/a?b\"", "may have letters"),
        ("path", "\"/Citrix/a%20b\"", "may have letters"),
        ("path", "\"/healthz\"", "must not be /healthz or below it"),
        (
            "path",
            "\"/schemas/Store\"",
            "must not be /Schemas or below it",
        ),
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
            "has to be one of xenapp-6, xendesktop-5, cvad-7; did you mean",
        ),
        (
            "generation",
            "\"7\"",
            "has to be one of xenapp-6, xendesktop-5, cvad-7",
        ),
        ("controllers", "[]", "is empty; it needs one at least"),
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
            "has to be a URL with host and port",
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
    ];
    for (key, value, problem) in cases {
        let text: String = config("", "", "")
            .lines()
            .map(|line| match line.split_once(" = ") {
                Some((found, _)) if found == key => format!("{key} = {value}\n"),
                _ => format!("{line}\n"),
            })
            .collect();
        let faults = faults(&text);
        let [fault] = &faults[..] else {
            panic!("{key} = {value}: {faults:?}")
        };
        let (_, told) = fault.split_once(&format!("`{key}`")).unwrap();
        assert!(told.contains(problem), "{key} = {value}: {fault}");
        assert!(!fault.contains("u:p"), "a secret is not repeated: {fault}");
    }
}

#[test]
fn a_wrong_value_of_a_list_is_told_from_its_neighbours() {
    let long = format!("http://{}/x", "a".repeat(100));
    let values = format!("[\"10.0.0.11\", \"\\u001b[2J\", \"{long}\", \"u:p@10.0.0.12\"]");
    let text = config("", "", "").replace("[\"http://10.0.0.11:8080\"]", &values);
    let form = "has to be a URL with host and port, such as \"http://10.0.0.11:8080\"";
    let path = "has to end after the port; the XML service is always /scripts/wpnbr.dll";
    let cut = &long[..60];
    assert_eq!(
        faults(&text),
        [
            format!("line 12: `controllers`: \"10.0.0.11\" {form}"),
            format!("line 12: `controllers`: \"\\u{{1b}}[2J\" {form}"),
            format!("line 12: `controllers`: \"{cut}…\" {path}"),
            format!("line 12: `controllers` {form}"),
        ]
    );
}

#[test]
fn one_table_in_place_of_a_list_is_the_only_fault_told_of_it() {
    let one_store = config("", "", "").replace("[[store]]", "[store]");
    let expected = "line 5: `store` has to be a list of tables, each written [[store]]";
    assert_eq!(faults(&one_store), [expected]);
    let one_farm = config("", "", "").replace("[[store.farm]]", "[store.farm]");
    let expected = "line 8: `farm` has to be a list of tables, each written [[store.farm]]";
    assert_eq!(faults(&one_farm), [expected]);
}

#[test]
fn stores_and_farms_must_not_be_taken_for_one_another() {
    let more = r#"[[store]]
path = "/CITRIX/store"
[[store.farm]]
id = "xa1"
name = "Farm1"
generation = "xenapp-6"
controllers = ["http://10.0.0.11:8080"]"#;
    assert_eq!(
        faults(&config("", "", more)),
        [
            "line 14: path `/CITRIX/store` overlaps store `/Citrix/Store`",
            "line 16: id `xa1` belongs to the farm of line 9",
        ]
    );
}

#[test]
fn an_empty_file_lacks_every_key_without_a_default() {
    assert_eq!(
        faults(""),
        [
            "line 1: key `listen` is missing",
            "line 1: key `base_url` is missing",
            "line 1: key `data_dir` is missing",
            "line 1: there is no [[store]]; a gateway needs one at least",
        ]
    );
    assert!(
        faults(&config("", "", "").replace("[[store.farm]]", "[store.farms]"))
            .contains(&"line 5: the store has no [[store.farm]]; it needs one at least".into())
    );
}

#[test]
fn all_faults_of_a_file_are_found_at_once_in_the_order_of_their_lines() {
    let text = config("listn = 1", "spelling = 1", "timeout_ms = 0").replace("Farm1", " ");
    let lines: Vec<_> = parse(&text)
        .unwrap_err()
        .iter()
        .map(|fault| fault.line)
        .collect();
    assert_eq!(lines, [4, 7, 10, 13]);
}

#[test]
fn every_break_of_the_syntax_is_found_and_nothing_else_is_judged() {
    let faults = parse("listen = \n\ndata_dir = \"x\n").unwrap_err();
    let lines: Vec<_> = faults.iter().map(|fault| fault.line).collect();
    assert_eq!(lines, [1, 3], "{faults:?}");
}

#[test]
fn a_file_that_cannot_be_a_configuration_is_refused() {
    let folder = std::env::temp_dir();
    let missing = read(&folder.join("roamd-no-such-file.toml")).unwrap_err();
    assert!(
        matches!(missing, ConfigError::Unreadable { .. }),
        "{missing}"
    );
    let endless = read(Path::new("/dev/zero")).unwrap_err();
    assert!(matches!(endless, ConfigError::TooLarge { .. }), "{endless}");
}

#[test]
fn the_address_of_a_listener_is_a_base_url() {
    let cases = [
        ("127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("[::1]:8080", "http://[::1]:8080"),
        ("127.0.0.1:80", "http://127.0.0.1"),
    ];
    for (address, expected) in cases {
        let base = BaseUrl::from(address.parse::<SocketAddr>().unwrap());
        assert_eq!(base.to_string(), expected);
        assert_eq!(expected.parse::<BaseUrl>().unwrap(), base);
    }
}

#[test]
fn the_audit_log_is_kept_unless_told_otherwise() {
    let audit = |section: &str| parse(&config(section, "", "")).map(|config| config.audit);
    let default = Audit::default();
    assert_eq!(audit(""), Ok(Some(default.clone())));
    assert_eq!(audit("[audit]"), Ok(Some(default.clone())));
    assert_eq!(audit("[audit]\nenabled = false"), Ok(None));
    assert_eq!(
        audit("[audit]\nfile = \"/var/log/roamd.jsonl\"\nmax_bytes = 65536\nkeep = 1"),
        Ok(Some(Audit {
            file: "/var/log/roamd.jsonl".into(),
            max_bytes: 65_536,
            keep: 1,
        }))
    );
    for (line, fault) in [
        ("file = \"\"", "`file` has to name a file"),
        ("file = 1", "`file` has to be text in quotes"),
        (
            "max_bytes = 0",
            "`max_bytes` has to be a whole number from 65536 to 1099511627776",
        ),
        ("keep = 0", "`keep` has to be a whole number from 1 to 1000"),
        (
            "enabled = 1",
            "`enabled` has to be true or false, without quotes",
        ),
        ("path = \"/x\"", "`path` is not a key of [audit]"),
    ] {
        let text = config(&format!("[audit]\n{line}"), "", "");
        assert_eq!(faults(&text), [format!("line 5: {fault}")]);
    }
}
