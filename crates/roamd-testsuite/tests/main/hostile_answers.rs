//! What a controller says is never believed further than it has to be: whatever bytes come, clients
//! get a true answer in time, and nothing is asked twice that changes something.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use roamd_store_proto::{EnumerationStatus, LaunchData, SessionState, auth::RequestTokenResponse};
use roamd_testsuite::{
    Node, Options, Response, Script, ScriptedFarm, SignedIn, Site, TokenService, document, sign_in,
};
use secrecy::ExposeSecret;
use tokio::task::JoinSet;

const ACTIVE: &str = "<includeActiveSessions>true</includeActiveSessions>";

/// The deadline of the scripted farms.
const DEADLINE: &str = "timeout_ms = 500\n";

/// What may pass until a client has its answer: the deadline, and what a busy machine needs.
const LONGEST: Duration = Duration::from_millis(3000);

const DOCTYPE: &str = "<!DOCTYPE NFuseProtocol SYSTEM \"NFuse.dtd\">";

/// What must be made of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// It is none: the farm counts as one that did not answer.
    Refused,
    /// It is odd, and good.
    Taken,
}

use Verdict::{Refused, Taken};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_bytes_a_controller_sends_cost_only_its_own_part() {
    // SS-36, SS-37, SS-50
    let mut parts = JoinSet::new();
    for part in 0..PARTS {
        parts.spawn(play_bytes(part));
    }
    let played: usize = parts.join_all().await.into_iter().sum();
    assert!(played > 40, "{played}");
}

/// The table is played in so many parts at once, because many cases do nothing but wait.
const PARTS: usize = 4;

async fn play_bytes(part: usize) -> usize {
    let elsewhere = ScriptedFarm::friendly().await;
    let (gate, catalogue) = (
        ScriptedFarm::friendly().await,
        ScriptedFarm::friendly().await,
    );
    let site = site_with(&[("GATE", &gate), ("CAT", &catalogue)], "DEMO").await;
    let carol = sign_in(&site, "carol", "roam-demo").await;
    let url = carol.launch_url("DESK-C", "", "GATE.Ledger").await;
    let alice = sign_in(&site, "alice", "roam-demo").await;
    let mut played = 0;
    for (name, verdict, script) in byte_cases().into_iter().skip(part).step_by(PARTS) {
        let play = |farm: &ScriptedFarm, request: &str| {
            farm.be_friendly();
            farm.play(request, script(request, elsewhere.address()));
        };
        for extra in ["", ACTIVE] {
            play(&gate, "ReconnectSessionData");
            let state = timed(name, list(&carol, extra)).await;
            let (enumeration, listed) = match verdict {
                Refused => (EnumerationStatus::Partial, false),
                Taken => (EnumerationStatus::Full, true),
            };
            assert_eq!(state.enumeration, enumeration, "{name} {extra}");
            assert_eq!(lists(&state, "GATE.Ledger"), listed, "{name} {extra}");
            assert!(lists(&state, "CAT.Ledger"), "{name}: others suffer");
            // Once more where a kept connection may have been at fault, and once more as the only
            // controller.
            let received = gate.received("ReconnectSessionData");
            assert!((1..=3).contains(&received), "{name} {extra}: {received}");
        }
        for (operation, request) in [
            ("disconnect", "DisconnectUserSessions"),
            ("logoff", "LogoffUserSessions"),
        ] {
            play(&gate, request);
            let status = timed(name, carol.end(operation, "DESK-C", "")).await;
            let expected = match verdict {
                Refused => "partial",
                Taken => "success",
            };
            assert_eq!(status, expected, "{name} {operation}");
            assert_eq!(gate.received(request), 1, "{name} {operation}");
        }
        for request in ["Address", "Ticket"] {
            play(&gate, request);
            let response = timed(name, carol.launch(&url, "DESK-C")).await;
            let ready = matches!(launched(&response), LaunchData::Success { .. });
            assert_eq!(ready, verdict == Taken, "{name}: {}", response.text());
            assert_eq!(gate.received(request), 1, "{name} {request}");
        }
        play(&catalogue, "AppData");
        // What was taken is kept: then the farm is not asked again.
        if verdict == Refused {
            let state = timed(name, list(&alice, "")).await;
            assert_eq!(
                state.enumeration,
                EnumerationStatus::Full,
                "{name}: titles only"
            );
            assert!(lists(&state, "CAT.Ledger"), "{name}");
        }
        gate.be_friendly();
        catalogue.be_friendly();
        let state = list(&carol, "").await;
        assert_eq!(state.enumeration, EnumerationStatus::Full, "after {name}");
        assert!(lists(&state, "GATE.Ledger"), "after {name}");
        played += 1;
    }
    assert_eq!(elsewhere.connections(), 0, "redirects are not followed");
    site.stop().await;
    played
}

#[tokio::test]
async fn an_answer_before_its_request_is_no_answer() {
    let farm = ScriptedFarm::friendly().await;
    let site = site_with(&[("GATE", &farm)], "DEMO").await;
    let carol = sign_in(&site, "carol", "roam-demo").await;
    farm.greet(&http("200 OK", "", &good("ReconnectSessionData")));
    farm.play("DisconnectUserSessions", Script::bytes("").then_close());
    let status = timed("disconnect", carol.end("disconnect", "DESK-C", "")).await;
    assert_eq!(status, "partial");
    let state = timed("list", list(&carol, "")).await;
    assert_ne!(state.enumeration, EnumerationStatus::Failed);
    farm.be_friendly();
    // Wait for nothing: connections that were greeted are not used again.
    let state = list(&carol, "").await;
    assert_eq!(state.enumeration, EnumerationStatus::Full);
}

#[tokio::test]
async fn documents_of_a_listing_are_read_strictly_and_written_anew() {
    // SS-36, SS-39, SS-40
    let farm = ScriptedFarm::friendly().await;
    let site = site_with(&[("GATE", &farm)], "DEMO").await;
    let carol = sign_in(&site, "carol", "roam-demo").await;
    for (name, body, expected) in document_cases() {
        farm.be_friendly();
        farm.play("ReconnectSessionData", Script::body(body));
        let state = timed(name, list(&carol, "")).await;
        let ours = |id: &String| id.starts_with("GATE.");
        let ids = state.sessions.into_iter().map(|s| s.resource_id);
        let ids: Vec<_> = ids.filter(ours).collect();
        match expected {
            Some(expected) => {
                assert_eq!(state.enumeration, EnumerationStatus::Full, "{name}");
                assert_eq!(ids, expected, "{name}");
            }
            None => {
                assert_eq!(state.enumeration, EnumerationStatus::Partial, "{name}");
                assert_eq!(ids, [] as [String; 0], "{name}");
            }
        }
    }
}

#[tokio::test]
async fn names_of_applications_are_bounded_and_escaped() {
    // SS-39, SS-40: a name that no person would read is left out, not the session.
    let huge = "N".repeat(1 << 20);
    for (case, name, expected) in [
        ("markup", "&lt;evil a=&quot;b&quot;/&gt;", "<evil a=\"b\"/>"),
        ("huge", &*huge, "Ledger"),
        ("blank", "&#160;", "Ledger"),
    ] {
        let farm = ScriptedFarm::friendly().await;
        let site = site_with(&[("GATE", &farm)], "DEMO").await;
        farm.answer(
            "AppData",
            &format!("<AppDataSet><AppData><InName>Ledger</InName><FName>{name}</FName></AppData></AppDataSet>"),
        );
        let carol = sign_in(&site, "carol", "roam-demo").await;
        for _ in 0..2 {
            let state = timed(case, list(&carol, "")).await;
            let mut sessions = state.sessions.iter();
            let ours = sessions.find(|s| s.resource_id == "GATE.Ledger").unwrap();
            assert_eq!(ours.initial_app, expected, "{case}");
            farm.play(
                "ReconnectSessionData",
                Script::body(sessions_document(&session("9", "4", "Ledger").replace(
                    "<ServerType>",
                    &format!("<FName>{name}</FName><ServerType>"),
                ))),
            );
        }
    }
}

#[tokio::test]
async fn nothing_that_a_farm_says_of_a_connection_adds_a_line_to_the_file() {
    // ST-42, SS-56
    let farm = ScriptedFarm::friendly().await;
    let site = site_with(&[("GATE", &farm)], "DEMO").await;
    let carol = sign_in(&site, "carol", "roam-demo").await;
    let url = carol.launch_url("DESK-C", "", "GATE.Ledger").await;
    for (name, content, expected) in connection_cases() {
        farm.be_friendly();
        farm.answer("Address", &content);
        let response = timed(name, carol.launch(&url, "DESK-C")).await;
        check_launch(name, &response, expected);
        assert_eq!(farm.received("Address"), 1, "{name}");
        assert!(farm.received("Ticket") <= 1, "{name}");
    }
    for (name, ticket, expected) in ticket_cases() {
        farm.be_friendly();
        farm.answer("Ticket", &format!("<Ticket>{ticket}</Ticket>"));
        let response = timed(name, carol.launch(&url, "DESK-C")).await;
        check_launch(name, &response, expected);
        assert_eq!(farm.received("Ticket"), 1, "{name}");
    }
}

#[tokio::test]
async fn a_launch_goes_on_without_what_it_can_do_without() {
    // nfuse.md §5.6: farms before 7 are asked for a launch reference, if they have such a thing.
    for request in ["Capabilities", "LaunchRef"] {
        let farm = ScriptedFarm::friendly().await;
        let options = Options {
            more_farms: farm.section_of("xenapp-6", "GATE", "GATE") + DEADLINE,
            ..Options::default()
        };
        let site = Site::start(options).await;
        let carol = sign_in(&site, "carol", "roam-demo").await;
        let url = carol.launch_url("DESK-C", "", "GATE.Ledger").await;
        let cases = byte_cases().into_iter().step_by(5);
        for (name, _, script) in cases.filter(|(_, verdict, _)| *verdict == Refused) {
            farm.be_friendly();
            let capability = "<CapabilityId>launch-reference</CapabilityId>";
            farm.answer("Capabilities", capability);
            farm.play(request, script(request, site.gateway.address()));
            let response = timed(name, carol.launch(&url, "DESK-C")).await;
            check_launch(name, &response, Ready);
            assert!(farm.received(request) >= 1, "{name} {request}");
            assert!(farm.received("LaunchRef") <= 1, "{name} {request}");
        }
    }
}

#[tokio::test]
async fn a_sign_in_believes_an_identity_only_as_far_as_it_is_one() {
    // CA-66
    let farm = ScriptedFarm::friendly().await;
    let site = site_with(&[("GATE", &farm)], "GATE").await;
    let service = TokenService::discover(site.gateway).await;
    let huge = format!("DEMO\\{}", "a".repeat(1 << 20));
    let sam =
        |sam: &str| format!("<UserIdentityInfo><ID type=\"SAM\">{sam}</ID></UserIdentityInfo>");
    for (name, content, signed_in) in [
        ("no identity", String::new(), true),
        ("proper", sam("DEMO\\carol"), true),
        ("SAM without a backslash", sam("carol"), true),
        ("empty SAM", sam(""), true),
        ("SAM of a backslash", sam("\\"), true),
        ("SAM without a name", sam("DEMO\\"), true),
        ("SAM with CR LF", sam("DEMO\\car&#13;&#10;ol"), true),
        ("SAM of two backslashes", sam("DEMO\\a\\b"), true),
        ("SAM with markup", sam("DEMO\\&lt;evil/&gt;"), true),
        ("SAM of 1 MB", sam(&huge), true),
        (
            "two SAM",
            sam("DEMO\\carol</ID><ID type=\"SAM\">DEMO\\alice"),
            true,
        ),
        ("SAM with a NUL", sam("DEMO\\&#0;"), false),
        (
            "error and identity",
            format!(
                "<ErrorId>failed-credentials</ErrorId>{}",
                sam("DEMO\\carol")
            ),
            false,
        ),
        (
            "unknown error",
            "<ErrorId>of-course</ErrorId>".to_owned(),
            false,
        ),
        (
            "error with markup",
            "<ErrorId>&lt;evil/&gt;</ErrorId>".to_owned(),
            false,
        ),
    ] {
        farm.be_friendly();
        farm.answer("ValidateCredentials", &content);
        let conversation = service.begin().await;
        let answer = conversation.attempt("carol", "roam-demo", Some("DEMO"));
        let response = timed(name, answer).await;
        check_sign_in(name, &response, signed_in);
        assert_eq!(farm.received("ValidateCredentials"), 1, "{name}");
        if signed_in {
            let primary = roamd_testsuite::token_of(&response);
            let token = roamd_testsuite::token_of(&service.exchange(&primary).await);
            assert!(token.len() < 4096, "{name}: {}", token.len());
        }
    }
    for (name, verdict, script) in byte_cases() {
        let request = "ValidateCredentials";
        farm.be_friendly();
        farm.play(request, script(request, site.gateway.address()));
        let conversation = service.begin().await;
        let answer = conversation.attempt("carol", "roam-demo", Some("DEMO"));
        check_sign_in(name, &timed(name, answer).await, verdict == Taken);
        assert_eq!(farm.received(request), 1, "{name}");
    }
}

/// A demo site with these scripted farms, whose passwords this farm checks.
async fn site_with(farms: &[(&str, &ScriptedFarm)], credentials: &str) -> Site {
    let sections = farms
        .iter()
        .map(|(id, farm)| farm.section(id, id) + DEADLINE)
        .collect();
    let credentials = match credentials {
        "DEMO" => "CVAD",
        other => other,
    };
    Site::start(Options {
        authentication: format!("credentials = \"{credentials}\"\ndomains = [\"DEMO\"]"),
        more_farms: sections,
        ..Options::default()
    })
    .await
}

async fn timed<T>(name: &str, answer: impl Future<Output = T>) -> T {
    let begin = Instant::now();
    let answer = answer.await;
    assert!(begin.elapsed() < LONGEST, "{name}: {:?}", begin.elapsed());
    answer
}

/// Lists, and reads the answer as the strictest client does.
async fn list(user: &SignedIn, extra: &str) -> SessionState {
    let body = roamd_testsuite::session_params("DESK-C", extra);
    let accept = "application/vnd.citrix.sessionstate+xml";
    let response = user.post("available", accept, &body).await;
    assert_eq!(response.status, 200, "{}", response.text());
    assert_clean(&response);
    SessionState::from_xml(&response.body).unwrap()
}

/// Well-formed, without an element that is not ours, and no larger than what a person can read.
fn assert_clean(response: &Response) {
    let root = Node::last(&response.body);
    let evil = |node: &&Node| node.name.contains("evil");
    assert_eq!(root.walk().into_iter().find(evil), None);
    assert!(response.body.len() < 100_000, "{}", response.body.len());
}

fn lists(state: &SessionState, resource: &str) -> bool {
    state.sessions.iter().any(|s| s.resource_id == resource)
}

fn launched(response: &Response) -> LaunchData {
    assert_eq!(response.status, 200, "{}", response.text());
    assert_clean(response);
    LaunchData::from_xml(&response.body).unwrap()
}

/// What must become of a launch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Launch {
    Ready,
    Failed,
    Retried,
}

use Launch::{Failed, Ready, Retried};

fn check_launch(name: &str, response: &Response, expected: Launch) {
    let found = match launched(response) {
        LaunchData::Success { ica, .. } => {
            for line in ica.expose_secret().split("\r\n") {
                let plain = line.chars().all(|c| !c.is_control());
                assert!(plain && !line.starts_with("Evil"), "{name}: {line:?}");
            }
            Ready
        }
        LaunchData::Failure { .. } => Failed,
        LaunchData::Retry { .. } => Retried,
    };
    assert_eq!(found, expected, "{name}: {}", response.text());
}

fn check_sign_in(name: &str, response: &Response, signed_in: bool) {
    assert_eq!(response.status, 200, "{name}: {}", response.text());
    assert_clean(response);
    let token = RequestTokenResponse::from_xml(&response.body);
    assert_eq!(token.is_ok(), signed_in, "{name}: {}", response.text());
}

/// An HTTP message. `headers` are whole lines; the length is told when they do not tell it.
fn http(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let lower = headers.to_ascii_lowercase();
    let length = if lower.contains("content-length") || lower.contains("transfer-encoding") {
        String::new()
    } else {
        format!("Content-Length: {}\r\n", body.len())
    };
    let head = format!("HTTP/1.1 {status}\r\nContent-Type: text/xml\r\n{headers}{length}\r\n");
    [head.as_bytes(), body].concat()
}

/// A good answer to a request.
fn good(request: &str) -> Vec<u8> {
    let content = match request {
        "ReconnectSessionData" => return sessions_document(&session("9", "4", "Ledger")).into(),
        "Address" => "<ServerAddress>ledger.demo.test:1494</ServerAddress><TicketTag>t</TicketTag>",
        "Ticket" => "<Ticket>0F1E2D3C4B5A</Ticket>",
        _ => "",
    };
    document(request, content).into()
}

fn session(host: &str, id: &str, in_name: &str) -> String {
    format!(
        "<AppData type=\"session\"><InName>{in_name}</InName><ServerType>win32</ServerType>\
         <ClientType>ica30</ClientType><HostId type=\"ima-host-id\">{host}</HostId>\
         <SessionId>{id}</SessionId></AppData>"
    )
}

fn sessions_document(sessions: &str) -> String {
    document(
        "ReconnectSessionData",
        &format!("<AppDataSet>{sessions}</AppDataSet>"),
    )
}

/// A case: its name, what must be made of it, and what is played for a request. The address is one
/// that nobody must go to.
type ByteCase = (&'static str, Verdict, fn(&str, SocketAddr) -> Script);

/// What can be wrong below and around the document, whichever request it answers.
fn byte_cases() -> Vec<ByteCase> {
    vec![
        ("wrong root", Refused, |_, _| {
            Script::body("<?xml version=\"1.0\"?><Evil/>")
        }),
        ("answer to another request", Refused, |_, _| {
            Script::body(document("ServerData", ""))
        }),
        ("a request as an answer", Refused, |request, _| {
            Script::body(document(request, "").replace("Response", "Request"))
        }),
        ("error and data", Refused, |request, _| {
            let body = String::from_utf8(good(request)).unwrap();
            let end = format!("</Response{request}>");
            Script::body(body.replace(&end, &format!("<ErrorId>unspecified</ErrorId>{end}")))
        }),
        ("unknown error", Refused, |request, _| {
            Script::body(document(request, "<ErrorId>of-course</ErrorId>"))
        }),
        ("several errors", Refused, |request, _| {
            let errors = "<ErrorId>unspecified</ErrorId><ErrorId>no-server</ErrorId>";
            Script::body(document(request, errors))
        }),
        ("error of 1 MB", Refused, |request, _| {
            let error = format!("<ErrorId>{}</ErrorId>", "e".repeat(1 << 20));
            Script::body(document(request, &error))
        }),
        ("HTML", Refused, |_, _| {
            Script::body("<!DOCTYPE html><html><body>It works!</body></html>")
        }),
        ("no body", Refused, |_, _| Script::body("")),
        ("one byte", Refused, |_, _| Script::body("<")),
        ("gzip unasked", Refused, |_, _| {
            let gzip = b"\x1f\x8b\x08\0\0\0\0\0\0\x03\x03\0\0\0\0\0\0\0\0\0";
            Script::bytes(http("200 OK", "Content-Encoding: gzip\r\n", gzip))
        }),
        ("compressed bomb", Refused, |_, _| {
            // A deflate stream that repeats one byte: a thousand times as long when it is undone.
            let bomb = [
                b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xec\xc1".as_slice(),
                &[0; 100_000],
            ];
            Script::bytes(http("200 OK", "Content-Encoding: gzip\r\n", &bomb.concat()))
        }),
        ("entity bomb", Refused, |request, _| {
            let entities: String = (1..20)
                .map(|n| format!("<!ENTITY e{n} \"&e{0};&e{0};&e{0};&e{0};\">", n - 1))
                .collect();
            let subset = format!("<!DOCTYPE NFuseProtocol [<!ENTITY e0 \"lol\">{entities}]>");
            let body = document(request, "&e19;").replace(DOCTYPE, &subset);
            Script::body(body)
        }),
        ("internal subset", Refused, |request, _| {
            let subset = "<!DOCTYPE NFuseProtocol SYSTEM \"NFuse.dtd\" [<!ELEMENT a ANY>]>";
            let body = String::from_utf8(good(request)).unwrap();
            Script::body(body.replace(DOCTYPE, subset))
        }),
        ("external entity", Refused, |request, elsewhere| {
            let subset = format!(
                "<!DOCTYPE NFuseProtocol [<!ENTITY e SYSTEM \"http://{elsewhere}/evil\">]>"
            );
            Script::body(document(request, "&e;").replace(DOCTYPE, &subset))
        }),
        ("external subset elsewhere", Taken, |request, elsewhere| {
            let body = String::from_utf8(good(request)).unwrap();
            Script::body(body.replace("NFuse.dtd", &format!("http://{elsewhere}/NFuse.dtd")))
        }),
        ("100 MiB", Refused, |_, _| {
            Script::bytes(head("Content-Length: 104857600\r\n"))
                .then(vec![b' '; 1 << 20], 100, Duration::ZERO)
                .then_close()
        }),
        ("100 MiB without a length", Refused, |_, _| {
            Script::bytes(head("Connection: close\r\n"))
                .then(vec![b'<'; 1 << 20], 100, Duration::ZERO)
                .then_close()
        }),
        ("endless drip", Refused, |_, _| {
            Script::bytes(head("Content-Length: 100000\r\n")).then(
                b" ",
                1000,
                Duration::from_millis(20),
            )
        }),
        ("endless drip of headers", Refused, |_, _| {
            Script::bytes("HTTP/1.1 200 OK\r\n").then("X: y\r\n", 1000, Duration::from_millis(20))
        }),
        ("silence", Refused, |_, _| Script::bytes("")),
        ("length too short", Refused, |request, _| {
            Script::bytes(http("200 OK", "Content-Length: 60\r\n", &good(request))).then_close()
        }),
        ("length too long", Refused, |request, _| {
            Script::bytes(http("200 OK", "Content-Length: 90000\r\n", &good(request)))
        }),
        ("length too long and closed", Refused, |request, _| {
            Script::bytes(http("200 OK", "Content-Length: 90000\r\n", &good(request))).then_close()
        }),
        ("negative length", Refused, |request, _| {
            Script::bytes(http("200 OK", "Content-Length: -1\r\n", &good(request)))
        }),
        ("two lengths", Refused, |request, _| {
            let lengths = "Content-Length: 10\r\nContent-Length: 500\r\n";
            Script::bytes(http("200 OK", lengths, &good(request)))
        }),
        ("length beyond every number", Refused, |request, _| {
            let length = "Content-Length: 99999999999999999999999\r\n";
            Script::bytes(http("200 OK", length, &good(request)))
        }),
        ("chunks of the transfer coding", Taken, |request, _| {
            Script::bytes(coded(&chunk(&good(request), "\r\n0\r\n\r\n"))).then_close()
        }),
        (
            "broken chunks of the transfer coding",
            Refused,
            |request, _| Script::bytes(coded(&chunk(&good(request), "XX0\r\n\r\n"))).then_close(),
        ),
        (
            "cut chunks of the transfer coding",
            Refused,
            |request, _| Script::bytes(coded(&chunk(&good(request), ""))).then_close(),
        ),
        ("huge chunk of the transfer coding", Refused, |_, _| {
            Script::bytes(coded(b"ffffffffffffffff\r\n<?xml")).then_close()
        }),
        ("broken chunks of the transfer encoding", Refused, |_, _| {
            Script::bytes(http(
                "200 OK",
                "Transfer-Encoding: chunked\r\n",
                b"zz\r\n<?xml",
            ))
        }),
        ("huge chunk of the transfer encoding", Refused, |_, _| {
            let body = b"fffffffffffffffff\r\n<?xml";
            Script::bytes(http("200 OK", "Transfer-Encoding: chunked\r\n", body))
        }),
        ("100 Continue unasked", Taken, |request, _| {
            let answer = http("200 OK", "", &good(request));
            Script::bytes([b"HTTP/1.1 100 Continue\r\n\r\n".as_slice(), &answer].concat())
        }),
        ("1xx without end", Refused, |_, _| {
            Script::bytes("").then(
                "HTTP/1.1 100 Continue\r\n\r\n",
                400,
                Duration::from_millis(5),
            )
        }),
        ("101", Refused, |_, _| {
            Script::bytes("HTTP/1.1 101 Switching Protocols\r\nUpgrade: evil\r\n\r\n")
        }),
        ("204", Refused, |_, _| {
            Script::bytes("HTTP/1.1 204 No Content\r\n\r\n")
        }),
        ("301 to elsewhere", Refused, |request, elsewhere| {
            redirect("301", request, elsewhere)
        }),
        ("302 to elsewhere", Refused, |request, elsewhere| {
            redirect("302", request, elsewhere)
        }),
        ("307 to elsewhere", Refused, |request, elsewhere| {
            redirect("307", request, elsewhere)
        }),
        ("401", Refused, |request, _| {
            let challenge = "WWW-Authenticate: Negotiate\r\n";
            Script::bytes(http("401 Unauthorized", challenge, &good(request)))
        }),
        ("404", Refused, |request, _| {
            Script::bytes(http("404 Not Found", "", &good(request)))
        }),
        ("500", Refused, |request, _| {
            Script::bytes(http("500 Oops", "", &good(request)))
        }),
        ("503", Refused, |request, _| {
            Script::bytes(http("503 Busy", "Retry-After: 600\r\n", &good(request)))
        }),
        ("status 999999", Refused, |request, _| {
            Script::bytes(http("999999 OK", "", &good(request)))
        }),
        ("no HTTP", Refused, |request, _| {
            Script::bytes(good(request)).then_close()
        }),
        ("headers of 1 MB", Refused, |request, _| {
            let header = format!("X-Evil: {}\r\n", "e".repeat(1 << 20));
            Script::bytes(http("200 OK", &header, &good(request)))
        }),
        ("10,000 headers", Refused, |request, _| {
            Script::bytes(http("200 OK", &"X: y\r\n".repeat(10_000), &good(request)))
        }),
        ("two answers", Taken, |request, _| {
            let answer = http("200 OK", "", &good(request));
            Script::bytes([answer.clone(), answer].concat())
        }),
        ("closed at once", Refused, |_, _| {
            Script::bytes("").then_close()
        }),
        ("closed in the head", Refused, |_, _| {
            Script::bytes("HTTP/1.1 200 O").then_close()
        }),
        ("closed in the body", Refused, |request, _| {
            let answer = http("200 OK", "", &good(request));
            Script::bytes(&answer[..answer.len() - 20]).then_close()
        }),
        ("reset at once", Refused, |_, _| {
            Script::bytes("").then_reset()
        }),
        ("reset in the body", Refused, |_, _| {
            Script::bytes(head("Content-Length: 900\r\n"))
                .then("<?xml", 2, PAUSE)
                .then_reset()
        }),
        ("declared as UTF-7", Refused, |request, _| {
            let body = String::from_utf8(good(request)).unwrap();
            Script::body(body.replace("UTF-8", "UTF-7"))
        }),
        ("nested deeply", Refused, |request, _| {
            let deep = format!("{}{}", "<a>".repeat(10_000), "</a>".repeat(10_000));
            Script::body(document(request, &deep))
        }),
        ("many attributes", Refused, |request, _| {
            let attributes: String = (0..10_000).map(|n| format!(" a{n}=\"\"")).collect();
            Script::body(document(request, &format!("<a{attributes}/>")))
        }),
        ("dialect 1.1", Taken, |request, _| {
            dialect(request, "\"1.1\"")
        }),
        ("dialect 99.9", Taken, |request, _| {
            dialect(request, "\"99.9\"")
        }),
        ("dialect of markup", Taken, |request, _| {
            dialect(request, "\"&lt;evil/>\"")
        }),
        ("no dialect", Taken, |request, _| {
            let body = String::from_utf8(good(request)).unwrap();
            Script::body(body.replace(" version=\"5.4\"", ""))
        }),
        // A controller whose clock is wrong says so in every answer.
        ("clock a day behind", Taken, |request, _| {
            let date = "Date: Mon, 23 Nov 2026 12:00:00 GMT\r\nExpires: 0\r\n";
            Script::bytes(http("200 OK", date, &good(request)))
        }),
        ("clock far ahead", Taken, |request, _| {
            let date = "Date: Fri, 31 Dec 9999 23:59:59 GMT\r\n";
            Script::bytes(http("200 OK", date, &good(request)))
        }),
    ]
}

const PAUSE: Duration = Duration::from_millis(10);

fn head(headers: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n{headers}\r\n")
}

fn coded(body: &[u8]) -> Vec<u8> {
    [head("Transfer-Coding: chunked\r\n").as_bytes(), body].concat()
}

/// One chunk with what stands behind it.
fn chunk(body: &[u8], end: &str) -> Vec<u8> {
    let size = format!("{:x}\r\n", body.len());
    [size.as_bytes(), body, end.as_bytes()].concat()
}

fn redirect(status: &str, request: &str, elsewhere: SocketAddr) -> Script {
    let location = format!("Location: http://{elsewhere}/scripts/wpnbr.dll\r\n");
    Script::bytes(http(&format!("{status} There"), &location, &good(request)))
}

fn dialect(request: &str, version: &str) -> Script {
    let body = String::from_utf8(good(request)).unwrap();
    Script::body(body.replace("\"5.4\"", version))
}

/// A case: its name, the body, and the resource ids that are listed; nothing where the farm counts
/// as one that did not answer.
type DocumentCase = (&'static str, Vec<u8>, Option<Vec<String>>);

fn document_cases() -> Vec<DocumentCase> {
    let utf16 = |text: &str| {
        text.encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect::<Vec<_>>()
    };
    let listing = |sessions: &str| sessions_document(sessions).into_bytes();
    let one = session("9", "4", "Ledger");
    let ledger = || Some(vec!["GATE.Ledger".to_owned()]);
    let none = || Some(Vec::new());
    let huge = "i".repeat(1 << 20);
    let odd_name = "a&#13;&#10;\"b\"&lt;/url>&#8238;c";
    vec![
        ("proper", listing(&one), ledger()),
        ("the same session twice", listing(&one.repeat(2)), ledger()),
        (
            "host with markup",
            listing(&session("&lt;evil/&gt;\"'", "4", "Ledger")),
            ledger(),
        ),
        (
            "id with line breaks",
            listing(&session("9", "4&#13;&#10;5", "Ledger")),
            ledger(),
        ),
        (
            "id with a NUL",
            listing(&session("9", "4&#0;", "Ledger")),
            None,
        ),
        (
            "id with a raw NUL",
            listing(&session("9", "4\0", "Ledger")),
            None,
        ),
        (
            "id of 1 MB",
            listing(&session("9", &huge, "Ledger")),
            none(),
        ),
        (
            "host of 1 MB",
            listing(&session(&huge, "4", "Ledger")),
            none(),
        ),
        ("name of 1 MB", listing(&session("9", "4", &huge)), none()),
        (
            "no id",
            listing(&format!("{}{one}", session("9", "", "Left out"))),
            ledger(),
        ),
        (
            "no host",
            listing(&format!("{}{one}", session("", "4", "Left out"))),
            ledger(),
        ),
        (
            "two ids",
            listing(&one.replace("</SessionId>", "</SessionId><SessionId>5</SessionId>")),
            ledger(),
        ),
        (
            "no name",
            listing(&session("9", "4", "")),
            Some(vec!["GATE.".to_owned()]),
        ),
        (
            "negative id",
            listing(&session("9", "-1", "Ledger")),
            ledger(),
        ),
        (
            "huge id",
            listing(&session("9", &"9".repeat(100), "Ledger")),
            ledger(),
        ),
        (
            "name with line breaks, quotes, markup and direction",
            listing(&session("9", "4", odd_name)),
            Some(vec!["GATE.a\r\n\"b\"</url>\u{202e}c".to_owned()]),
        ),
        // Nothing in the protocol tells whose a session is: a farm is believed.
        (
            "session of another user",
            listing(&session("9", "5", "Ledger")),
            ledger(),
        ),
        (
            "kind of host with markup",
            listing(&one.replace("win32", "&lt;evil/&gt;")),
            ledger(),
        ),
        (
            "kind of host of 1 MB",
            listing(&one.replace("win32", &huge)),
            none(),
        ),
        (
            "UTF-16 with its mark",
            [
                b"\xff\xfe".to_vec(),
                utf16(&sessions_document(&one).replace("UTF-8", "UTF-16")),
            ]
            .concat(),
            ledger(),
        ),
        (
            "Latin-1 as UTF-8",
            [
                sessions_document("")
                    .replace("</AppDataSet>", "")
                    .as_bytes(),
                b"\xe9",
            ]
            .concat(),
            None,
        ),
        (
            "100,000 sessions",
            listing(&"<AppData/>".repeat(100_001)),
            None,
        ),
        (
            "an empty answer, which means success",
            document("ReconnectSessionData", "").into(),
            none(),
        ),
        (
            "text instead of a list",
            document("ReconnectSessionData", "none").into(),
            none(),
        ),
        ("closed wrongly", listing("</AppData>"), None),
        (
            "two roots",
            [listing(&one), b"<evil/>".to_vec()].concat(),
            None,
        ),
    ]
}

/// Contents of an address answer, and what becomes of the launch.
fn connection_cases() -> Vec<(&'static str, String, Launch)> {
    let with = |address: &str, more: &str| {
        format!(
            "<ServerAddress addresstype=\"dns-port\">{address}</ServerAddress>\
             <TicketTag>tag</TicketTag>{more}"
        )
    };
    let host = "ledger.demo.test:1494";
    let huge = "h".repeat(1 << 20);
    vec![
        ("proper", with(host, ""), Ready),
        (
            "address with a line break",
            with("a&#13;&#10;Evil=1", ""),
            Failed,
        ),
        (
            "address of a line break",
            with("a&#10;Evil=1:1494", ""),
            Failed,
        ),
        ("address with a NUL", with("a&#0;", ""), Failed),
        ("no address", with("", ""), Failed),
        ("address of 1 MB", with(&huge, ""), Failed),
        ("address of a URL", with("http://evil/", ""), Failed),
        ("port 99999", with("ledger.demo.test:99999", ""), Failed),
        ("port -1", with("ledger.demo.test:-1", ""), Failed),
        ("two ports", with("ledger.demo.test:1494:1494", ""), Failed),
        (
            "port for session reliability",
            with(host, "<CGPAddress>2598</CGPAddress>"),
            Ready,
        ),
        (
            "nonsense for session reliability",
            with(host, "<CGPAddress>2598&#10;Evil=1</CGPAddress>"),
            Ready,
        ),
        (
            "huge port for session reliability",
            with(host, "<CGPAddress>99999</CGPAddress>"),
            Ready,
        ),
        (
            "launch reference with a line break",
            with(host, "<LaunchRef>r&#13;&#10;Evil=1</LaunchRef>"),
            Failed,
        ),
        (
            "launch reference of 1 MB",
            with(host, &format!("<LaunchRef>{huge}</LaunchRef>")),
            Failed,
        ),
        (
            "sharing key with a line break",
            with(host, "<SessionSharingKey>k&#10;Evil=1</SessionSharingKey>"),
            Failed,
        ),
        (
            "sharing key of 1 MB",
            with(
                host,
                &format!("<SessionSharingKey>{huge}</SessionSharingKey>"),
            ),
            Failed,
        ),
        (
            "ticket in place with a line break",
            with(host, "<Ticket>0F&#10;Evil=1</Ticket>"),
            Failed,
        ),
        (
            "ticket tag with markup",
            format!("<ServerAddress>{host}</ServerAddress><TicketTag>&lt;evil/></TicketTag>"),
            Ready,
        ),
        (
            "no ticket tag",
            format!("<ServerAddress>{host}</ServerAddress>"),
            Failed,
        ),
        (
            "retry",
            "<ErrorId>retry-required</ErrorId>".to_owned(),
            Retried,
        ),
        (
            "error and address",
            with(host, "<ErrorId>no-server</ErrorId>"),
            Failed,
        ),
        (
            "error within the address",
            "<ServerAddress><ErrorId>x</ErrorId></ServerAddress>".to_owned(),
            Failed,
        ),
    ]
}

/// Tickets, and what becomes of the launch.
fn ticket_cases() -> Vec<(&'static str, String, Launch)> {
    let cases = [
        ("ticket with an equals sign", "0F=1", Failed),
        ("ticket with a blank", "0F 1", Failed),
        ("ticket with a line break", "0F&#13;&#10;Evil=1", Failed),
        ("ticket with a NUL", "0F&#0;", Failed),
        ("no ticket", "", Failed),
        (
            "error for a ticket",
            "<ErrorId>unspecified</ErrorId>",
            Failed,
        ),
    ];
    let mut cases: Vec<_> = cases
        .map(|(name, text, launch)| (name, text.to_owned(), launch))
        .into();
    cases.push(("ticket of 1 MB", "F".repeat(1 << 20), Failed));
    cases
}
