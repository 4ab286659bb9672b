//! Launches of outside clients: through Citrix Gateway, with a ticket for the address of the host
//! (nfuse.md §8).

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

use jiff::Timestamp;
use roamd_nfuse_proto::sta::{DataRequest, DataResponse, TicketResponse};
use roamd_nfuse_proto::{Dialect, ErrorId, FarmError, decode_response, encode_request};
use roamd_store_proto::{LaunchData, LaunchErrorId, Resources, SessionExplanation};
use roamd_testkit::{Script, ScriptedController, closed_url, http_response};
use roamd_testsuite::{HttpPeer, Options, Response, TestEnvironment, sign_in};
use secrecy::ExposeSecret;
use tokio::net::TcpListener;

use crate::support::line;

/// Parts of the DNS names and of the addresses of all hosts of the demo world.
const INTERNAL: [&str; 2] = [".demo.test", "192.0.2."];

/// Response of a ticket authority that issues a ticket.
const ISSUED: &str = "<?xml version=\"1.0\"?><CtxSTAProtocol version=\"4.0\"><ResponseTicket>\
                      <AuthorityID>STA0000</AuthorityID><Ticket>11223344556677889900AABBCCDDEEFF\
                      </Ticket><TicketVersion>40</TicketVersion></ResponseTicket>\
                      </CtxSTAProtocol>";

/// Starts the demo environment with a Citrix Gateway, its ticket authorities and more keys of its
/// section.
async fn env(authorities: &str, keys: &str) -> TestEnvironment {
    TestEnvironment::start(Options {
        store: format!(
            "[store.gateway]\naddress = \"gw.example.net\"\nsta = [{authorities}]\n{keys}"
        ),
        ..Options::default()
    })
    .await
}

#[tokio::test]
async fn outside_client_gets_a_ticket_redeemable_once() {
    // ST-20, nfuse.md §9
    for (farm, app, host) in [
        ("XA1", "MSPaint", "xa1-host11.demo.test:1494"),
        ("XD5", "Win7Desktop", "xd5-host21.demo.test:1494"),
        ("CVAD", "Excel", "cvad-host31.demo.test:1494"),
    ] {
        let env = env(&format!("\"{{{farm}}}\""), "").await;
        let alice = sign_in(&env, "alice", "roam-demo").await;
        alice.end("disconnect", "DESK-A", "").await;
        let url = alice
            .launch_url("DESK-C", "", &format!("{farm}.{app}"))
            .await;
        let response = alice.launch(&url, "DESK-C").await;
        let ica = ica(&response);
        assert_eq!(line(&ica, "SSLEnable"), "On");
        assert_eq!(line(&ica, "SSLProxyHost"), "gw.example.net:443");
        assert_eq!(line(&ica, "CGPAddress"), "*:2598");
        assert_eq!(line(&ica, "CGPSecurityTicket"), "On");
        for part in INTERNAL {
            assert!(!response.text().contains(part), "{}", response.text());
        }
        let ticket = shown(&ica);
        assert!(
            !env.farm_files_contain(&ticket.0.ticket),
            "a digest is enough"
        );

        let authority = controller(&env, farm);
        let redeemed = redeem(authority, &ticket).await.unwrap();
        assert_eq!(redeemed.data.ica_address, host);
        let info = redeemed.data.x_data.unwrap();
        for part in [
            format!("<ServerAddress>{host}</ServerAddress>"),
            "<UserName>alice</UserName><UserDomain>DEMO</UserDomain>".to_owned(),
            format!("<ApplicationName>{app}</ApplicationName>"),
        ] {
            assert!(info.contains(&part), "{info}");
        }
        let again = redeem(authority, &ticket).await.unwrap_err();
        assert_eq!(again.id, ErrorId::UNSPECIFIED);

        let connected = env.farms.connect(&ica, Timestamp::now()).unwrap();
        assert_eq!((&*connected.farm, &*connected.app), (farm, app));
    }
}

#[tokio::test]
async fn application_starts_through_citrix_gateway() {
    let env = env("\"{CVAD}\"", "").await;
    let bob = sign_in(&env, "bob", "roam-demo").await;
    let accept = [("Accept", "application/vnd.citrix.resources+xml")];
    let list = bob.get_with("/Citrix/Store/resources/v2", &accept).await;
    let list = Resources::from_xml(&list.body).unwrap();
    let url = list
        .resources
        .into_iter()
        .find_map(|listed| listed.launch_ica);
    let ica = ica(&bob.launch(&url.unwrap(), "DESK-C").await);
    redeem(controller(&env, "CVAD"), &shown(&ica))
        .await
        .unwrap();
    let connected = env.farms.connect(&ica, Timestamp::now()).unwrap();
    assert_eq!(connected.client_name.as_deref(), Some("DESK-C"));
}

#[tokio::test]
async fn inside_client_gets_the_address_without_a_ticket() {
    let down = refusing();
    let env = env(&down, "inside = [\"127.0.0.0/8\"]").await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let url = alice.launch_url("DESK-C", "", "CVAD.Excel").await;
    let ica = ica(&alice.launch(&url, "DESK-C").await);
    assert_eq!(line(&ica, "Address"), "cvad-host31.demo.test:1494");
    assert_eq!(line(&ica, "SSLEnable"), "Off");
    assert!(!ica.contains("gw.example.net"), "{ica}");
}

#[tokio::test]
async fn claimed_client_address_does_not_make_a_client_inside() {
    let env = env("\"{CVAD}\"", "inside = [\"10.0.0.0/8\"]").await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let url = alice.launch_url("DESK-C", "", "CVAD.Excel").await;
    let claim = "<clientName>DESK-C</clientName><clientAddress>10.1.2.3</clientAddress>";
    let ica = ica(&alice.launch_with(&url, claim).await);
    assert!(line(&ica, "Address").starts_with(";40;STA"), "{ica}");
}

#[tokio::test]
async fn failed_ticket_authority_is_skipped() {
    let closing = closing().await;
    let down = refusing();
    let env = env(&format!("{down}, {closing}, \"{{XA1}}\""), "").await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let url = alice.launch_url("DESK-C", "", "CVAD.Excel").await;
    let mut authorities = Vec::new();
    for _ in 0..5 {
        let ica = ica(&alice.launch(&url, "DESK-C").await);
        let ticket = shown(&ica);
        redeem(controller(&env, "XA1"), &ticket).await.unwrap();
        authorities.push(ticket.0.authority_id);
    }
    let mut controllers = env.controllers.iter();
    let (_, first) = controllers.find(|(id, _)| id == "XA1").unwrap();
    let used = format!("\"http://{first}\"");
    let metrics = env.server.send("GET", "/metrics", &[], b"").await;
    for (authority, closed) in [(&down, 0), (&closing, 0), (&used, 1)] {
        let line = format!(
            "farm_controller_state{{farm=\"gateway of /Citrix/Store\",controller={authority},\
             state=\"closed\"}} {closed}"
        );
        assert!(metrics.text().contains(&line), "{}", metrics.text());
    }
    authorities.dedup();
    assert_eq!(authorities.len(), 1, "{authorities:?}");
}

/// nfuse.md §8: authorities can demand the service key of their farm, and the next one during a
/// change.
#[tokio::test]
async fn ticket_authority_gets_the_service_key_or_the_next_one() {
    let refused = Script::bytes(http_response("403 Forbidden", "", b""));
    let authority = ScriptedController::in_order([
        Script::body(ISSUED),
        refused,
        Script::body(ISSUED),
        Script::body(ISSUED),
    ])
    .await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sta.key");
    std::fs::write(&path, "sta-key-one\nsta-key-two\n").unwrap();
    std::fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    let keys = format!("service_key_file = {path:?}");
    let env = env(&format!("{:?}", authority.url()), &keys).await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let url = alice.launch_url("DESK-C", "", "CVAD.Excel").await;
    for _ in 0..3 {
        let ica = ica(&alice.launch(&url, "DESK-C").await);
        assert!(line(&ica, "Address").starts_with(";40;STA0000;"), "{ica}");
    }
    let requests = authority.requests();
    let sent = requests.iter().map(|request| {
        assert!(
            request.starts_with("POST /scripts/ctxsta.dll "),
            "{request}"
        );
        let mut lines = request.lines();
        lines.find_map(|line| line.strip_prefix("x-citrix-xmlservicekey: "))
    });
    // Once refused, the first key is not sent again.
    let expected = ["one", "one", "two", "two"].map(|key| format!("sta-key-{key}"));
    let expected = expected.iter().map(|key| Some(key.as_str()));
    assert_eq!(sent.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
}

/// nfuse.md §8: each site has its own key, and a key must not reach the authority of another site.
#[tokio::test]
async fn ticket_authority_gets_no_key_of_another_one() {
    let mut authorities = Vec::new();
    for _ in 0..3 {
        let scripts = [ISSUED; 10].map(Script::body);
        authorities.push(ScriptedController::in_order(scripts).await);
    }
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, name).unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        path
    };
    let urls: Vec<_> = authorities
        .iter()
        .map(|it| format!("{:?}", it.url()))
        .collect();
    let keys = format!(
        "sta_order = \"balanced\"\nservice_key_file = {:?}\n[[store.gateway.service_key]]\n\
         sta = [{}]\nservice_key_file = {:?}\n",
        path("of-all"),
        urls[1],
        path("of-second"),
    );
    let env = env(&urls.join(", "), &keys).await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let url = alice.launch_url("DESK-C", "", "CVAD.Excel").await;
    for _ in &authorities {
        ica(&alice.launch(&url, "DESK-C").await);
    }
    for (authority, expected) in authorities.iter().zip(["of-all", "of-second", "of-all"]) {
        let requests = authority.requests();
        assert!(!requests.is_empty(), "all are tried");
        for request in requests {
            let key = request
                .lines()
                .find_map(|line| line.strip_prefix("x-citrix-xmlservicekey: "));
            assert_eq!(key, Some(expected));
        }
    }
}

#[tokio::test]
async fn launch_without_a_ticket_fails_and_names_no_host() {
    let mut env = env("\"{XA1}\"", "").await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let url = alice.launch_url("DESK-C", "", "CVAD.Excel").await;
    ica(&alice.launch(&url, "DESK-C").await);
    let before = env.sessions("alice");
    env.stop_farm("XA1").await;
    for _ in 0..4 {
        let response = alice.launch(&url, "DESK-C").await;
        assert_eq!(response.status, 200);
        let data = LaunchData::from_xml(&response.body).unwrap();
        let LaunchData::Failure { id, text, .. } = data else {
            panic!("{data:?}");
        };
        assert_eq!(id, LaunchErrorId::GENERAL_APP_LAUNCH_ERROR);
        assert!(
            text.contains("Citrix Gateway"),
            "not the farm's fault: {text}"
        );
        for part in INTERNAL {
            assert!(!response.text().contains(part), "{}", response.text());
        }
    }
    assert_eq!(env.sessions("alice"), before, "nothing was moved or ended");
    let metrics = env.server.send("GET", "/metrics", &[], b"").await;
    let ticket = |outcome, count| {
        format!(
            "farm_operations_total{{farm=\"gateway of /Citrix/Store\",operation=\"ticket\",\
             outcome=\"{outcome}\"}} {count}\n"
        )
    };
    let launches =
        "farm_operations_total{farm=\"CVAD\",operation=\"launch\",outcome=\"unavailable\"} 0\n";
    for line in [&ticket("confirmed", 1), &ticket("unavailable", 4), launches] {
        assert!(metrics.text().contains(line), "{line}{}", metrics.text());
    }
}

#[tokio::test]
async fn citrix_gateway_gets_the_translated_host_address() {
    let keys = "session_reliability = false\n[[store.gateway.translation]]\n\
                host = \"CVAD-host31.demo.test\"\naddress = \"203.0.113.31:2000\"";
    let env = env("\"{CVAD}\"", keys).await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let url = alice.launch_url("DESK-C", "", "CVAD.Excel").await;
    let ica = ica(&alice.launch(&url, "DESK-C").await);
    assert!(!ica.contains("CGP"), "{ica}");
    let response = redeem(controller(&env, "CVAD"), &shown(&ica)).await;
    assert_eq!(response.unwrap().data.ica_address, "203.0.113.31:2000");
}

/// Redeems the ticket of an ICA file, as Citrix Gateway does.
async fn redeem(authority: HttpPeer, ticket: &DataRequest) -> Result<DataResponse, FarmError> {
    let body = encode_request(Dialect::STA, ticket);
    let headers = [("Content-Type", "text/xml")];
    let response = authority
        .send("POST", "/scripts/ctxsta.dll", &headers, &body)
        .await;
    assert_eq!(response.status, 200, "{}", response.text());
    decode_response::<DataRequest>(&response.body).unwrap().1
}

/// Returns the ticket of an ICA file, whose address is `;40;STA…;ticket`, as the client sends it to
/// Citrix Gateway.
fn shown(ica: &str) -> DataRequest {
    let parts: Vec<_> = line(ica, "Address").split(';').collect();
    let ["", version, authority, ticket] = parts[..] else {
        panic!("{parts:?}");
    };
    DataRequest(TicketResponse {
        ticket_version: version.to_owned(),
        ..TicketResponse::v4(authority, ticket)
    })
}

/// Returns another controller of a farm than the one that issued the tickets. Both share them.
fn controller(env: &TestEnvironment, farm: &str) -> HttpPeer {
    let mut controllers = env.controllers.iter().rev();
    let (_, address) = controllers.find(|(id, _)| id == farm).unwrap();
    HttpPeer::new(*address)
}

/// Returns the URL of an authority that closes every connection. It stops with the runtime of the
/// test.
async fn closing() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { while listener.accept().await.is_ok() {} });
    format!("\"http://{address}\"")
}

/// Returns the URL of an authority that refuses connections.
fn refusing() -> String {
    format!("\"{}\"", closed_url())
}

fn ica(response: &Response) -> String {
    assert_eq!(response.status, 200, "{}", response.text());
    match LaunchData::from_xml(&response.body).unwrap() {
        LaunchData::Success { ica, .. } => ica.expose_secret().to_owned(),
        other => panic!("{other:?}"),
    }
}

/// Two Citrix Gateways: one for CVAD, and one for all farms but XD5, which clients reach directly.
#[tokio::test]
async fn launch_uses_the_gateway_of_its_farm_or_the_one_that_forwarded() {
    let (first, second) = ("gw.example.net:443", "gw2.example.net:443");
    let env = TestEnvironment::start(Options {
        listener: "trusted_proxies = [\"127.0.0.1\"]".to_owned(),
        store: "[[store.gateway]]\naddress = \"gw.example.net\"\nsta = [\"{CVAD}\"]\n\
                farms = [\"CVAD\"]\ninside = [\"10.0.0.0/8\"]\n[[store.gateway]]\n\
                address = \"gw2.example.net\"\nsta = [\"{XA1}\"]\n\
                via = [\"gw2.example.net\"]\ninside = [\"10.0.0.0/8\"]"
            .to_owned(),
        farm: |id| match id {
            "XD5" => "never_through_gateway = true",
            _ => "",
        },
        ..Options::default()
    })
    .await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let (outside, inside) = ("198.51.100.1", "10.1.1.1");
    for (address, via, expected) in [
        (outside, None, [second, "direct", first]),
        (inside, None, ["direct"; 3]),
        (inside, Some("GW2.example.net"), [second, "direct", second]),
        // Clients may add names of their own: all names count, and no name makes a client internal.
        (
            inside,
            Some("gw9.example.net, gw2.example.net"),
            [second, "direct", second],
        ),
        (inside, Some("gw9.example.net"), [second, "direct", first]),
    ] {
        let via = via.map(|via| ("X-Citrix-Via", via));
        let headers: Vec<_> = [("X-Forwarded-For", address)]
            .into_iter()
            .chain(via)
            .collect();
        let path = "/Citrix/Store/sessions/v1/explain?clientName=DESK-C";
        let response = alice.get_with(path, &headers).await;
        let explained = SessionExplanation::from_json(&response.body).unwrap();
        let farms = explained.farms.into_iter();
        let routes = farms.map(|farm| {
            let route = farm.route.unwrap();
            route.gateway.unwrap_or(route.access)
        });
        assert_eq!(routes.collect::<Vec<_>>(), expected, "{address} {via:?}");
    }
    // The proxy names no client, so it is outside.
    for (resource, expected) in [("XA1.MSPaint", second), ("CVAD.Excel", first)] {
        let url = alice.launch_url("DESK-C", "", resource).await;
        let ica = ica(&alice.launch(&url, "DESK-C").await);
        assert_eq!(line(&ica, "SSLProxyHost"), expected);
    }
}
