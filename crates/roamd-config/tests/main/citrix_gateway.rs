use std::time::Duration;

use ipnet::IpNet;
use roamd_config::{CitrixGateway, ControllerOrder, ServiceKeys};

use crate::support::{MemoryFiles, config, error_at, errors, errors_with, parse};

/// Returns a configuration whose gateway has these keys.
fn with_gateway(keys: &str) -> String {
    config("", &format!("[store.gateway]\n{keys}"), "")
}

fn gateway(text: &str) -> CitrixGateway {
    let config = parse(text).unwrap();
    config.stores[0].gateways[0].clone()
}

#[test]
fn store_has_no_gateway_by_default() {
    assert_eq!(parse(&config("", "", "")).unwrap().stores[0].gateways, []);
}

#[test]
fn smallest_gateway_has_defaults() {
    let gateway = gateway(&with_gateway(
        "address = \"gw.example.net\"\nsta = [\"http://10.0.0.11:8080\"]",
    ));
    assert_eq!(gateway.access.gateway.to_string(), "gw.example.net:443");
    assert!(gateway.access.session_reliability);
    assert_eq!(gateway.authority_order, ControllerOrder::Ordered);
    assert_eq!(gateway.timeout, Duration::from_millis(3_000));
    assert_eq!(gateway.tls, None);
    assert!(!gateway.access.is_inside("10.0.0.1".parse().ok()));
}

#[test]
fn every_key_of_a_gateway_is_read() {
    let gateway = gateway(&with_gateway(
        r#"address = "[2001:db8::1]:8443"
sta = ["http://10.0.0.11:8080/scripts/CtxSTA.dll", "https://sta2.example.net"]
sta_order = "balanced"
sta_timeout_ms = 1000
session_reliability = false
inside = ["10.0.0.0/8", "192.0.2.7", "2001:db8::/32"]
outside = ["10.9.0.0/16"]
tls_public_keys = ["sha256//YhKJG3phE6xw3TXJdrKg8MF9SxvPyFi5XcnQlTGDIyg="]
[[store.gateway.translation]]
host = "vda1.example.net"
address = "203.0.113.1:2000"
[[store.gateway.translation]]
host = "vda2.example.net:1494"
address = "203.0.113.2""#,
    ));
    let access = &gateway.access;
    assert_eq!(access.gateway.to_string(), "[2001:db8::1]:8443");
    assert!(!access.session_reliability);
    let shown =
        |networks: &[IpNet]| -> Vec<_> { networks.iter().map(ToString::to_string).collect() };
    assert_eq!(
        shown(&access.inside),
        ["10.0.0.0/8", "192.0.2.7/32", "2001:db8::/32"]
    );
    assert_eq!(shown(&access.outside), ["10.9.0.0/16"]);
    let translations = access.translations.iter();
    let translations: Vec<_> = translations.map(|(a, b)| format!("{a} {b}")).collect();
    assert_eq!(
        translations,
        [
            "vda1.example.net:1494 203.0.113.1:2000",
            "vda2.example.net:1494 203.0.113.2:1494",
        ]
    );
    let authorities = gateway.authorities.iter();
    let authorities: Vec<_> = authorities.map(ToString::to_string).collect();
    assert_eq!(
        authorities,
        ["http://10.0.0.11:8080", "https://sta2.example.net:443"]
    );
    assert_eq!(gateway.authority_order, ControllerOrder::Balanced);
    assert!(gateway.tls.is_some());
    // Each authority has its part of the deadline.
    assert_eq!(gateway.timeout, Duration::from_millis(1_000));
    assert_eq!(gateway.connect_timeout, Duration::from_millis(333));
    assert_eq!(gateway.response_timeout, Duration::from_millis(600));
}

#[test]
fn service_keys_of_ticket_authorities_are_read_from_their_file() {
    let keys = "address = \"gw.example.net\"\nsta = [\"http://10.0.0.11:8080\"]";
    let text = with_gateway(&format!("{keys}\nservice_key_file = \"/sta.key\""));
    let config = roamd_config::parse(&text, &MemoryFiles::with("/sta.key", "one\ntwo\n"));
    let gateway = config.unwrap().stores[0].gateways[0].clone();
    let expected = ServiceKeys::parse("one\ntwo").unwrap();
    assert_eq!(gateway.service_keys, Some(expected));

    let errors = errors_with(&text, &MemoryFiles::with("/sta.key", "\n"));
    let problem = "`service_key_file` names a file that has no key in its first line";
    assert_eq!(errors, [error_at(&text, "service_key_file", problem)]);
}

#[test]
fn ticket_authority_has_its_own_service_key() {
    let section = |authorities: &str, file: &str| {
        format!("\n[[store.gateway.service_key]]\nsta = [{authorities}]\n{file}")
    };
    let (one, two) = ("\"http://10.0.0.11\"", "\"http://10.0.0.12\"");
    let good = format!("address = \"gw.example.net\"\nsta = [{one}, {two}]");
    let file = "service_key_file = \"/sta.key\"";
    let text = with_gateway(&format!("{good}{}", section(two, file)));
    let config = roamd_config::parse(&text, &MemoryFiles::with("/sta.key", "one\ntwo\n"));
    let gateway = config.unwrap().stores[0].gateways[0].clone();
    assert_eq!(gateway.service_keys, None);
    let expected = ServiceKeys::parse("one\ntwo").unwrap();
    let own = gateway.own_service_keys.as_slice();
    assert_eq!(own, [(gateway.authorities[1].clone(), expected)]);

    for (sections, problem) in [
        (
            section("\"http://10.0.0.13\"", file),
            "`sta` names http://10.0.0.13:80, which is not in `sta` of its gateway",
        ),
        (
            section(one, file) + &section(&format!("{two}, {one}"), file),
            "ticket authority http://10.0.0.11:80 has two service keys",
        ),
        (
            section(one, ""),
            "key `service_key_file` of [[store.gateway.service_key]] is missing",
        ),
        (
            section("", file),
            "`sta` is empty; it needs at least one value",
        ),
    ] {
        let text = with_gateway(&format!("{good}{sections}"));
        let errors = errors_with(&text, &MemoryFiles::with("/sta.key", "one"));
        assert_eq!(errors.len(), 1, "{errors:?}");
        assert!(errors[0].ends_with(problem), "{errors:?}");
    }
}

#[test]
fn error_of_a_gateway_is_reported_with_its_line() {
    let good = "address = \"gw.example.net\"\nsta = [\"http://10.0.0.11\"]";
    let cases = [
        (
            "address = \"gw.example.net\"",
            "[store.gateway]",
            "key `sta` of [store.gateway] is missing",
        ),
        (
            "address = \"gw.example.net\"\nsta = []",
            "sta",
            "`sta` is empty; it needs at least one value",
        ),
        (
            "sta = [\"http://10.0.0.11\"]",
            "[store.gateway]",
            "key `address` of [store.gateway] is missing",
        ),
        (
            "address = \"https://gw.example.net\"\nsta = [\"http://10.0.0.11\"]",
            "address",
            "`address` has to be a host with or without a port, such as \
             \"gw.example.net:443\"",
        ),
        (
            "address = \"gw.example.net\"\nsta = [\"http://10.0.0.11/scripts/wpnbr.dll\"]",
            "sta",
            "`sta`: \"http://10.0.0.11/scripts/wpnbr.dll\" has to end after the port; the \
             path of the ticket authority is always /scripts/ctxsta.dll",
        ),
        (
            "address = \"gw.example.net\"\nsta = [\"http://10.0.0.11\", \"http://10.0.0.11\"]",
            "sta",
            "`sta` names \"http://10.0.0.11\" twice",
        ),
        (
            &format!("{good}\nsta_order = \"random\""),
            "sta_order",
            "`sta_order` has to be one of ordered, balanced",
        ),
        (
            &format!("{good}\ninside = \"10.0.0.0/8\""),
            "inside",
            "`inside` has to be a list, as in [\"…\"]",
        ),
        (
            &format!("{good}\ninside = [\"10.0.0.0/33\"]"),
            "inside",
            "`inside`: \"10.0.0.0/33\" has to be a network, such as \"10.0.0.0/8\" or \
             \"2001:db8::/32\"",
        ),
        (
            &format!("{good}\noutside = [\"10.0.0.1/8\"]"),
            "outside",
            "`outside`: \"10.0.0.1/8\" has to be the network address, 10.0.0.0/8",
        ),
        (
            &format!("{good}\ninside = [\"10.0.0.0/8\"]\noutside = [\"10.0.0.0/8\"]"),
            "outside",
            "`outside` has 10.0.0.0/8, which is in `inside` too",
        ),
        (
            &format!("{good}\nfarms = [\"XA1\", \"DR\"]"),
            "farms",
            "`farms` names \"DR\", which is no farm of the store",
        ),
        (
            &format!("{good}\nzones = [\"North\"]"),
            "zones",
            "`zones` names \"North\", which no farm of the store is in",
        ),
        (
            &format!("{good}\ntls_name = \"sta.example.net\""),
            "tls_name",
            "`tls_name` is for controllers that begin with https://",
        ),
        (
            &format!("{good}\nsession_reliabilty = true"),
            "session_reliabilty",
            "`session_reliabilty` is not a key of [store.gateway]; did you mean \
             `session_reliability`?",
        ),
        (
            &format!("{good}\n[[store.gateway.translation]]\nhost = \"vda1\""),
            "[[store.gateway.translation]]",
            "key `address` of [[store.gateway.translation]] is missing",
        ),
        (
            &format!(
                "{good}\n[[store.gateway.translation]]\nhost = \"vda1\"\naddress = \"a\"\n\
                 [[store.gateway.translation]]\nhost = \"VDA1:1494\"\naddress = \"b\""
            ),
            "host = \"VDA1",
            "host `VDA1:1494` is translated twice",
        ),
    ];
    for (keys, beginning, problem) in cases {
        let text = with_gateway(keys);
        let expected = error_at(&text, beginning, problem);
        assert_eq!(errors(&text), [expected], "{keys}");
    }
}

/// Zones stand for the farms in them.
#[test]
fn gateway_of_a_zone_is_that_of_its_farms() {
    let gateway_of = |keys: &str| {
        let keys = format!(
            "[store.gateway]\naddress = \"gw.example.net\"\nsta = [\"http://10.0.0.11\"]\n{keys}"
        );
        gateway(&config("", &keys, "zones = [\"North\", \"East\"]"))
    };
    let farm = [roamd_sessions::FarmId::new("XA1")];
    for (keys, farms) in [
        ("zones = [\"north\"]", &farm[..]),
        ("zones = [\"East\", \"North\"]", &farm),
        ("farms = [\"XA1\"]\nzones = [\"East\"]", &farm),
        ("zones = []", &[]),
    ] {
        assert_eq!(gateway_of(keys).access.farms, farms, "{keys}");
    }
}

/// A list of gateways, or one.
#[test]
fn several_gateways_are_read_in_their_order() {
    let one = "address = \"gw.example.net\"\nsta = [\"http://10.0.0.11:8080\"]";
    let two = "address = \"gw2.example.net\"\nsta = [\"http://10.0.0.12:8080\"]\n\
               farms = [\"XA1\"]\nclients = [\"198.51.100.0/24\"]\n\
               via = [\"gw2.example.net\", \"203.0.113.2\"]";
    let header = "[[store.gateway]]";
    let text = config("", &format!("{header}\n{one}\n{header}\n{two}"), "");
    let gateways = &parse(&text).unwrap().stores[0].gateways;
    let access = gateways.iter().map(|gateway| &gateway.access);
    let names: Vec<_> = access.map(|access| access.gateway.to_string()).collect();
    assert_eq!(names, ["gw.example.net:443", "gw2.example.net:443"]);
    let second = &gateways[1].access;
    assert_eq!(second.farms, [roamd_sessions::FarmId::new("XA1")]);
    assert_eq!(
        second.clients,
        ["198.51.100.0/24".parse::<IpNet>().unwrap()]
    );
    assert_eq!(second.via, ["gw2.example.net", "203.0.113.2"]);
    let single = format!("[store.gateway]\n{one}");
    let listed = format!("{header}\n{one}");
    let [single, listed] = [single, listed].map(|keys| {
        parse(&config("", &keys, "")).unwrap().stores[0]
            .gateways
            .clone()
    });
    assert_eq!(single, listed);
    let text = config("", "gateway = 1", "");
    let problem = "`gateway` has to be a table, [store.gateway]";
    assert_eq!(errors(&text), [error_at(&text, "gateway", problem)]);
}
