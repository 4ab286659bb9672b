//! Clients outside reach hosts through a Citrix Gateway, and never get an address (nfuse.md §8,
//! §9).
#![expect(
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise"
)]

use std::net::IpAddr;

use roamd_sessions::{
    Access, ClientPath, FarmDescription, FarmId, Generation, HostPort, Launch, LaunchOutcome,
    LaunchTarget, ListRequest, NoTicket, RemoteAccess, StaTicket, Store, StoreRules,
};
use roamd_store_proto::{Language, LaunchErrorId, LaunchParams};
use secrecy::{ExposeSecret, SecretString};

use crate::scripted::{self, Call, ScriptedFarm, connection, keys, session, user};

const OUTSIDE: &str = "198.51.100.9";
const INSIDE: &str = "10.1.2.3";

fn host(text: &str) -> HostPort {
    HostPort::parse(text, HostPort::ICA).unwrap()
}

fn access() -> RemoteAccess {
    let networks = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
    RemoteAccess {
        gateway: host("gw.example.net:443"),
        farms: Vec::new(),
        clients: Vec::new(),
        via: Vec::new(),
        session_reliability: true,
        inside: networks(&["10.0.0.0/8", "192.168.7.0/24", "2001:db8::/32"]),
        outside: networks(&["10.9.0.0/16", "192.168.0.0/16", "2001:db8:9::/48"]),
        translations: vec![(host("VDA1.example.test:1494"), host("203.0.113.40:2000"))],
    }
}

fn farm() -> ScriptedFarm {
    let mut farm = ScriptedFarm::new("CVAD", Generation::Cvad7);
    farm.sessions = Ok(vec![session(7, "Paint")]);
    farm
}

/// Launches from this address. Returns the outcome and the requests for tickets.
async fn launch(
    farm: ScriptedFarm,
    access: RemoteAccess,
    seen: Option<&str>,
) -> (LaunchOutcome, Vec<Call>) {
    let store = Store::new(vec![farm], keys()).with_rules(StoreRules {
        gateways: vec![access],
        ..StoreRules::default()
    });
    let alice = user("alice");
    let quiet = ListRequest::DISCONNECTED;
    let list = scripted::list(&store, &alice, quiet).await.unwrap();
    let launch = Launch {
        // The claimed address does not count.
        params: LaunchParams {
            client_address: Some(INSIDE.parse().unwrap()),
            ..LaunchParams::default()
        },
        seen_address: seen.map(|address| address.parse().unwrap()),
        via: Vec::new(),
        title: None,
    };
    let target = LaunchTarget::Session(list.sessions[0].id.clone());
    let outcome = scripted::launch(&store, &alice, &target, &launch)
        .await
        .unwrap();
    let calls = store.farms()[0].calls().into_iter();
    let asked = calls.filter(|call| matches!(call, Call::StaTicket { .. }));
    (outcome, asked.collect())
}

fn file(outcome: &LaunchOutcome) -> String {
    match outcome {
        LaunchOutcome::Ready { ica, .. } => ica.text().expose_secret().to_owned(),
        other => panic!("not ready: {other:?}"),
    }
}

#[test]
fn smallest_network_decides_if_client_is_inside() {
    let access = access();
    for (client, inside) in [
        (None, false),
        (Some(OUTSIDE), false),
        (Some(INSIDE), true),
        (Some("10.9.0.1"), false),
        (Some("10.8.255.255"), true),
        (Some("192.168.7.1"), true),
        (Some("192.168.8.1"), false),
        (Some("::ffff:10.1.2.3"), true),
        (Some("::ffff:198.51.100.9"), false),
        (Some("2001:db8::1"), true),
        (Some("2001:db8:9::1"), false),
        (Some("fe80::1"), false),
    ] {
        let address = client.map(|client| client.parse::<IpAddr>().unwrap());
        assert_eq!(access.is_inside(address), inside, "{client:?}");
    }
    let both = RemoteAccess {
        inside: access.inside.clone(),
        outside: access.inside.clone(),
        ..access
    };
    let client = Some(INSIDE.parse().unwrap());
    assert!(
        !both.is_inside(client),
        "outside wins over an equal network"
    );
}

#[tokio::test]
async fn outside_client_gets_ticket_instead_of_address() {
    for seen in [Some(OUTSIDE), None] {
        let (outcome, asked) = launch(farm(), access(), seen).await;
        let file = file(&outcome);
        for line in [
            "Address=;40;STA0123456789AB;00112233445566778899AABBCCDDEEFF",
            "SSLEnable=On",
            "SSLProxyHost=gw.example.net:443",
            "CGPAddress=*:2598",
            "CGPSecurityTicket=On",
        ] {
            assert_eq!(
                file.lines().filter(|found| *found == line).count(),
                1,
                "{file}"
            );
        }
        assert!(!file.contains("192.0.2.40"), "{file}");
        let host = "192.0.2.40:1494".to_owned();
        assert_eq!(
            asked,
            [Call::StaTicket {
                host,
                reliable: true
            }]
        );
    }
}

#[tokio::test]
async fn inside_client_connects_directly() {
    let (outcome, asked) = launch(farm(), access(), Some(INSIDE)).await;
    let file = file(&outcome);
    assert!(file.contains("\r\nAddress=192.0.2.40:1494\r\n"), "{file}");
    assert!(file.contains("\r\nSSLEnable=Off\r\n"), "{file}");
    assert!(!file.contains("gw.example.net"), "{file}");
    assert_eq!(asked, []);
}

#[tokio::test]
async fn ticket_is_for_translated_address() {
    for (given, reached) in [
        ("vda1.example.test", "203.0.113.40:2000"),
        ("vda1.EXAMPLE.test:1494", "203.0.113.40:2000"),
        ("vda1.example.test:1495", "vda1.example.test:1495"),
        ("[2001:db8::40]", "[2001:db8::40]:1494"),
    ] {
        let mut farm = farm();
        let mut connection = connection();
        connection.address = given.to_owned();
        farm.connect = Ok(connection);
        let (_, asked) = launch(farm, access(), Some(OUTSIDE)).await;
        let host = reached.to_owned();
        assert_eq!(
            asked,
            [Call::StaTicket {
                host,
                reliable: true
            }],
            "{given}"
        );
    }
}

#[tokio::test]
async fn gateway_without_reliability_removes_cgp_address() {
    let access = RemoteAccess {
        session_reliability: false,
        ..access()
    };
    let (outcome, asked) = launch(farm(), access.clone(), Some(OUTSIDE)).await;
    assert!(!file(&outcome).contains("CGP"));
    assert!(matches!(
        asked[..],
        [Call::StaTicket {
            reliable: false,
            ..
        }]
    ));
    let (outcome, _) = launch(farm(), access, Some(INSIDE)).await;
    assert!(file(&outcome).contains("CGPAddress=*:2598"));
    assert!(!file(&outcome).contains("CGPSecurityTicket"));
}

#[tokio::test]
async fn invalid_ticket_fails_launch_without_showing_address() {
    // ST-48, ST-50
    let ticket = |version: &str, authority: &str, ticket: &str| {
        Ok(StaTicket {
            version: version.to_owned(),
            authority: authority.to_owned(),
            ticket: SecretString::from(ticket),
        })
    };
    let responses: [Result<StaTicket, NoTicket>; 6] = [
        Err(NoTicket("controller did not respond in time".to_owned())),
        ticket("40", "STA01", "00\r\nInitialProgram=#evil"),
        ticket("40", "STA01;x", "00"),
        ticket("", "STA01", "00"),
        ticket("40", "", "00"),
        ticket("40", "STA01", ""),
    ];
    for response in responses {
        let mut farm = farm();
        farm.sta_ticket = response.clone();
        let (outcome, _) = launch(farm, access(), Some(OUTSIDE)).await;
        let LaunchOutcome::Failed(failure) = outcome else {
            panic!("{response:?}: {outcome:?}");
        };
        let shown = failure.cause.to_string();
        assert!(!shown.contains("192.0.2.40"), "{shown}");
        assert!(shown.contains("ticket authority"), "{shown}");
        assert_eq!(failure.id(), LaunchErrorId::GENERAL_APP_LAUNCH_ERROR);
        let text = failure.text(Language::English);
        assert!(
            text.contains("Citrix Gateway") && !text.contains("farm"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn invalid_address_requests_no_ticket() {
    for address in ["", "a b", "host:port", "h\r\nx"] {
        let mut farm = farm();
        let mut connection = connection();
        connection.address = address.to_owned();
        farm.connect = Ok(connection);
        let (outcome, asked) = launch(farm, access(), Some(OUTSIDE)).await;
        assert!(matches!(outcome, LaunchOutcome::Failed(_)), "{address:?}");
        assert_eq!(asked, [], "{address:?}");
    }
}

/// Which Citrix Gateway a client uses at a farm: by the one that has forwarded the request, by farm
/// and by network.
#[test]
fn gateway_is_that_of_the_farm_and_the_client() {
    let gateway = |name: &str, farms: &[&str], clients: &str, via: &str| RemoteAccess {
        gateway: HostPort::parse(name, HostPort::HTTPS).unwrap(),
        farms: farms.iter().map(|id| FarmId::new(*id)).collect(),
        clients: clients
            .split_whitespace()
            .map(|it| it.parse().unwrap())
            .collect(),
        via: via.split_whitespace().map(str::to_owned).collect(),
        inside: vec!["10.0.0.0/8".parse().unwrap()],
        ..access()
    };
    let north = || gateway("north", &["A"], "", "203.0.113.1 north.example.net");
    let south = || gateway("south", &[], "198.51.100.0/24", "203.0.113.2");
    let rest = || gateway("rest", &[], "", "");
    let (inside, outside, of_south) = ("10.1.1.1", "192.0.2.1", "198.51.100.7");
    for (gateways, farm, client, via, expected) in [
        (vec![], "A", outside, None, "direct"),
        (vec![rest()], "A", outside, None, "rest:443"),
        (vec![rest()], "A", inside, None, "direct"),
        (vec![rest()], "DIRECT", outside, None, "direct"),
        (vec![north(), rest()], "A", outside, None, "north:443"),
        (vec![north(), rest()], "B", outside, None, "rest:443"),
        (vec![north()], "B", outside, None, "none"),
        // The gateways of other farms do not decide who is inside.
        (vec![north()], "B", inside, None, "none"),
        (vec![south(), rest()], "A", of_south, None, "south:443"),
        (vec![south(), rest()], "A", outside, None, "rest:443"),
        (vec![south()], "A", outside, None, "none"),
        (vec![south()], "A", "::ffff:198.51.100.7", None, "south:443"),
        // The one that has forwarded the request, if it is for the farm.
        (
            vec![rest(), south()],
            "A",
            outside,
            Some("203.0.113.2"),
            "south:443",
        ),
        (
            vec![rest(), south()],
            "A",
            inside,
            Some("203.0.113.2"),
            "south:443",
        ),
        (
            vec![rest(), north()],
            "A",
            outside,
            Some("North.example.NET"),
            "north:443",
        ),
        (
            vec![rest(), north()],
            "B",
            inside,
            Some("203.0.113.1"),
            "rest:443",
        ),
        (
            vec![north()],
            "DIRECT",
            inside,
            Some("203.0.113.1"),
            "direct",
        ),
        // A name that a client may have added does not make it one from inside.
        (vec![rest()], "A", inside, Some("203.0.113.9"), "rest:443"),
    ] {
        let farm = FarmDescription {
            never_through_gateway: farm == "DIRECT",
            ..scripted::description(farm, Generation::Cvad7)
        };
        // The host name comes with an address.
        let via: Vec<_> = via
            .into_iter()
            .chain(via.map(|_| "192.0.2.99"))
            .map(str::to_owned)
            .collect();
        let path = ClientPath {
            address: client.parse().ok(),
            via: &via,
        };
        let found = match roamd_sessions::access(&gateways, &farm, path) {
            Access::Direct => "direct".to_owned(),
            Access::None => "none".to_owned(),
            Access::Gateway(number, gateway) => {
                assert_eq!(&gateways[number], gateway);
                gateway.gateway.to_string()
            }
        };
        assert_eq!(found, expected, "{} {client} {via:?}", farm.id);
    }
    // A client without an address is outside, and in no network.
    let farm = scripted::description("A", Generation::Cvad7);
    let hidden = ClientPath::default();
    let gateways = [south(), rest()];
    let found = roamd_sessions::access(&gateways, &farm, hidden);
    assert_eq!(found, Access::Gateway(1, &gateways[1]));
}
