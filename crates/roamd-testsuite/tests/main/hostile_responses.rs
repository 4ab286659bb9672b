//! Hostile responses of controllers: whatever bytes arrive, clients get a correct response in time,
//! and no change is sent twice.

use std::io::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use roamd_store_proto::{EnumerationStatus, LaunchData, SessionState, auth::RequestTokenResponse};
use roamd_testkit::{Script, ScriptedController, StrictElement, document, http_response};
use roamd_testsuite::{Options, Response, SignedIn, TestEnvironment, TokenService, sign_in};
use secrecy::ExposeSecret;
use tokio::task::JoinSet;

const ACTIVE: &str = "<includeActiveSessions>true</includeActiveSessions>";

/// Deadline of the scripted farms.
const DEADLINE: &str = "timeout_ms = 500\n";

/// Longest time until a client has its response: the deadline, and a margin for a busy machine.
const LONGEST: Duration = Duration::from_millis(3000);

const DOCTYPE: &str = "<!DOCTYPE NFuseProtocol SYSTEM \"NFuse.dtd\">";

/// Required treatment of a response by the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Treatment {
    /// As a failure of the farm.
    Rejected,
    /// As a success, although the response is unusual.
    Accepted,
}

use Treatment::{Accepted, Rejected};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_bytes_of_a_controller_fail_only_its_farm() {
    // SS-36, SS-37, SS-50
    let mut parts = JoinSet::new();
    for part in 0..PARTS {
        parts.spawn(run_byte_cases(part));
    }
    let count: usize = parts.join_all().await.into_iter().sum();
    assert!(count > 40, "{count}");
}

/// Number of parts of the table that run in parallel, because many cases only wait.
const PARTS: usize = 4;

async fn run_byte_cases(part: usize) -> usize {
    let elsewhere = ScriptedController::healthy().await;
    let (sessions_farm, enumeration_farm) = (
        ScriptedController::healthy().await,
        ScriptedController::healthy().await,
    );
    let env = env_with(
        &[
            ("SCRIPTED", &sessions_farm),
            ("ENUMERATION", &enumeration_farm),
        ],
        "DEMO",
    )
    .await;
    let carol = sign_in(&env, "carol", "roam-demo").await;
    let url = carol.launch_url("DESK-C", "", "SCRIPTED.Ledger").await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let mut count = 0;
    for (name, treatment, script) in byte_cases().into_iter().skip(part).step_by(PARTS) {
        let set = |farm: &ScriptedController, request: &str| {
            farm.make_healthy();
            farm.set_script(request, script(request, elsewhere.address()));
        };
        for extra in ["", ACTIVE] {
            set(&sessions_farm, "ReconnectSessionData");
            let state = timed(name, list(&carol, extra)).await;
            let (enumeration, listed) = match treatment {
                Rejected => (EnumerationStatus::Partial, false),
                Accepted => (EnumerationStatus::Full, true),
            };
            assert_eq!(state.enumeration, enumeration, "{name} {extra}");
            assert_eq!(lists(&state, "SCRIPTED.Ledger"), listed, "{name} {extra}");
            assert!(
                lists(&state, "ENUMERATION.Ledger"),
                "{name}: other farms are affected"
            );
            // A listing is repeated on a new connection, and again as the only controller.
            let received = sessions_farm.request_count("ReconnectSessionData");
            assert!((1..=3).contains(&received), "{name} {extra}: {received}");
        }
        for (operation, request) in [
            ("disconnect", "DisconnectUserSessions"),
            ("logoff", "LogoffUserSessions"),
        ] {
            set(&sessions_farm, request);
            let status = timed(name, carol.end(operation, "DESK-C", "")).await;
            let expected = match treatment {
                Rejected => "partial",
                Accepted => "success",
            };
            assert_eq!(status, expected, "{name} {operation}");
            assert_eq!(
                sessions_farm.request_count(request),
                1,
                "{name} {operation}"
            );
        }
        for request in ["Address", "Ticket"] {
            set(&sessions_farm, request);
            let response = timed(name, carol.launch(&url, "DESK-C")).await;
            let ready = matches!(launched(&response), LaunchData::Success { .. });
            assert_eq!(ready, treatment == Accepted, "{name}: {}", response.text());
            assert_eq!(sessions_farm.request_count(request), 1, "{name} {request}");
        }
        set(&enumeration_farm, "AppData");
        // An accepted enumeration is cached, and then not requested again.
        if treatment == Rejected {
            let state = timed(name, list(&alice, "")).await;
            assert_eq!(
                state.enumeration,
                EnumerationStatus::Full,
                "{name}: titles only"
            );
            assert!(lists(&state, "ENUMERATION.Ledger"), "{name}");
        }
        sessions_farm.make_healthy();
        enumeration_farm.make_healthy();
        let state = list(&carol, "").await;
        assert_eq!(state.enumeration, EnumerationStatus::Full, "after {name}");
        assert!(lists(&state, "SCRIPTED.Ledger"), "after {name}");
        count += 1;
    }
    assert_eq!(
        elsewhere.connection_count(),
        0,
        "redirects are not followed"
    );
    env.stop().await;
    count
}

/// A farm that sends interim responses without end costs its own part of each list, and is read
/// from for a few bytes only, while other farms and requests are served. Bytes are counted: a
/// server that reads until its deadline would read hundreds of MiB.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn endless_interim_responses_fail_only_their_farm() {
    // What the buffers of two sockets hold at most, and the budget of a connection.
    const MOST_OF_A_CONNECTION: usize = 16 << 20;
    let (address, flood) = flooding_controller();
    let section = format!(
        "[[store.farm]]\nid = \"FLOOD\"\nname = \"FLOOD\"\ngeneration = \"xendesktop-5\"\n\
         controllers = [\"http://{address}\"]\n{DEADLINE}",
    );
    let env = TestEnvironment::start(Options {
        authentication: "credentials = \"CVAD\"\ndomains = [\"DEMO\"]".to_owned(),
        more_sections: section,
        ..Options::default()
    })
    .await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let listed = async || {
        let state = list(&alice, "").await;
        assert_eq!(state.enumeration, EnumerationStatus::Partial);
        state.sessions.len()
    };
    let before = listed().await;
    assert!(before > 0);
    let lists = tokio::join!(listed(), listed(), listed(), alice.get("/healthz"));
    assert_eq!([lists.0, lists.1, lists.2], [before; 3]);
    assert_eq!(lists.3.status, 200);
    let connections = flood.connections.load(Ordering::Relaxed);
    let bytes = flood.bytes.load(Ordering::Relaxed);
    assert!(connections > 0);
    assert!(
        bytes < connections * MOST_OF_A_CONNECTION,
        "{bytes} on {connections}"
    );
}

#[tokio::test]
async fn response_before_its_request_is_not_accepted() {
    let farm = ScriptedController::healthy().await;
    let env = env_with(&[("SCRIPTED", &farm)], "DEMO").await;
    let carol = sign_in(&env, "carol", "roam-demo").await;
    farm.set_greeting(&http_response("200 OK", "", &good("ReconnectSessionData")));
    farm.set_script("DisconnectUserSessions", Script::close());
    let status = timed("disconnect", carol.end("disconnect", "DESK-C", "")).await;
    assert_eq!(status, "partial");
    let state = timed("list", list(&carol, "")).await;
    assert_ne!(state.enumeration, EnumerationStatus::Failed);
    farm.make_healthy();
    // Connections with a greeting are not used again.
    let state = list(&carol, "").await;
    assert_eq!(state.enumeration, EnumerationStatus::Full);
}

#[tokio::test]
async fn session_documents_are_read_strictly() {
    // SS-36, SS-39, SS-40
    let farm = ScriptedController::healthy().await;
    let env = env_with(&[("SCRIPTED", &farm)], "DEMO").await;
    let carol = sign_in(&env, "carol", "roam-demo").await;
    for (name, body, expected) in document_cases() {
        farm.make_healthy();
        farm.set_script("ReconnectSessionData", Script::body(body));
        let state = timed(name, list(&carol, "")).await;
        let ours = |id: &String| id.starts_with("SCRIPTED.");
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
async fn application_names_are_bounded_and_escaped() {
    // SS-39, SS-40: a name that cannot be displayed is left out, but not its session.
    let huge = "N".repeat(1 << 20);
    for (case, name, expected) in [
        ("markup", "&lt;evil a=&quot;b&quot;/&gt;", "<evil a=\"b\"/>"),
        ("huge", &*huge, "Ledger"),
        ("blank", "&#160;", "Ledger"),
    ] {
        let farm = ScriptedController::healthy().await;
        let env = env_with(&[("SCRIPTED", &farm)], "DEMO").await;
        farm.set_content(
            "AppData",
            &format!("<AppDataSet><AppData><InName>Ledger</InName><FName>{name}</FName></AppData></AppDataSet>"),
        );
        let carol = sign_in(&env, "carol", "roam-demo").await;
        for _ in 0..2 {
            let state = timed(case, list(&carol, "")).await;
            let mut sessions = state.sessions.iter();
            let ours = sessions
                .find(|s| s.resource_id == "SCRIPTED.Ledger")
                .unwrap();
            assert_eq!(ours.initial_app, expected, "{case}");
            farm.set_script(
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
async fn connection_data_of_a_farm_adds_no_line_to_the_ica_file() {
    // ST-42, SS-56
    let farm = ScriptedController::healthy().await;
    let env = env_with(&[("SCRIPTED", &farm)], "DEMO").await;
    let carol = sign_in(&env, "carol", "roam-demo").await;
    let url = carol.launch_url("DESK-C", "", "SCRIPTED.Ledger").await;
    for (name, content, expected) in connection_cases() {
        farm.make_healthy();
        farm.set_content("Address", &content);
        let response = timed(name, carol.launch(&url, "DESK-C")).await;
        check_launch(name, &response, expected);
        assert_eq!(farm.request_count("Address"), 1, "{name}");
        assert!(farm.request_count("Ticket") <= 1, "{name}");
    }
    for (name, ticket, expected) in ticket_cases() {
        farm.make_healthy();
        farm.set_content("Ticket", &format!("<Ticket>{ticket}</Ticket>"));
        let response = timed(name, carol.launch(&url, "DESK-C")).await;
        check_launch(name, &response, expected);
        assert_eq!(farm.request_count("Ticket"), 1, "{name}");
    }
}

#[tokio::test]
async fn launch_succeeds_without_optional_farm_data() {
    // nfuse.md §5.6: farms before generation 7 are asked for a launch reference if they announce
    // it.
    for request in ["Capabilities", "LaunchRef"] {
        let farm = ScriptedController::healthy().await;
        let options = Options {
            more_sections: farm.farm_section_of("xenapp-6", "SCRIPTED", "SCRIPTED") + DEADLINE,
            ..Options::default()
        };
        let env = TestEnvironment::start(options).await;
        let carol = sign_in(&env, "carol", "roam-demo").await;
        let url = carol.launch_url("DESK-C", "", "SCRIPTED.Ledger").await;
        let cases = byte_cases().into_iter().step_by(5);
        for (name, _, script) in cases.filter(|(_, treatment, _)| *treatment == Rejected) {
            farm.make_healthy();
            let capability = "<CapabilityId>launch-reference</CapabilityId>";
            farm.set_content("Capabilities", capability);
            farm.set_script(request, script(request, env.server.address()));
            let response = timed(name, carol.launch(&url, "DESK-C")).await;
            check_launch(name, &response, Ready);
            assert!(farm.request_count(request) >= 1, "{name} {request}");
            assert!(farm.request_count("LaunchRef") <= 1, "{name} {request}");
        }
    }
}

#[tokio::test]
async fn sign_in_accepts_only_valid_identities() {
    // CA-66
    let farm = ScriptedController::healthy().await;
    let env = env_with(&[("SCRIPTED", &farm)], "SCRIPTED").await;
    let service = TokenService::discover(env.server).await;
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
        farm.make_healthy();
        farm.set_content("ValidateCredentials", &content);
        let conversation = service.begin().await;
        let attempt = conversation.attempt("carol", "roam-demo", Some("DEMO"));
        let response = timed(name, attempt).await;
        check_sign_in(name, &response, signed_in);
        assert_eq!(farm.request_count("ValidateCredentials"), 1, "{name}");
        if signed_in {
            let primary = roamd_testsuite::token_of(&response);
            let token = roamd_testsuite::token_of(&service.exchange(&primary).await);
            assert!(token.len() < 4096, "{name}: {}", token.len());
        }
    }
    for (name, treatment, script) in byte_cases() {
        let request = "ValidateCredentials";
        farm.make_healthy();
        farm.set_script(request, script(request, env.server.address()));
        let conversation = service.begin().await;
        let attempt = conversation.attempt("carol", "roam-demo", Some("DEMO"));
        check_sign_in(name, &timed(name, attempt).await, treatment == Accepted);
        assert_eq!(farm.request_count(request), 1, "{name}");
    }
}

/// What a flooding controller has sent.
#[derive(Debug, Default)]
struct Flood {
    connections: AtomicUsize,
    bytes: AtomicUsize,
}

/// Starts a controller that responds to each connection with interim responses, until the server
/// closes it.
fn flooding_controller() -> (SocketAddr, Arc<Flood>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let flood = Arc::new(Flood::default());
    let sent = Arc::clone(&flood);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let sent = Arc::clone(&sent);
            sent.connections.fetch_add(1, Ordering::Relaxed);
            thread::spawn(move || {
                let interim = "HTTP/1.1 100 Continue\r\n\r\n".repeat(2_000);
                let mut stream = stream.unwrap();
                while let Ok(bytes) = stream.write(interim.as_bytes()) {
                    sent.bytes.fetch_add(bytes, Ordering::Relaxed);
                }
            });
        }
    });
    (address, flood)
}

/// Starts the demo environment with these scripted farms. The farm `credentials` checks passwords.
async fn env_with(farms: &[(&str, &ScriptedController)], credentials: &str) -> TestEnvironment {
    let sections = farms
        .iter()
        .map(|(id, farm)| farm.farm_section(id, id) + DEADLINE)
        .collect();
    let credentials = match credentials {
        "DEMO" => "CVAD",
        other => other,
    };
    TestEnvironment::start(Options {
        authentication: format!("credentials = \"{credentials}\"\ndomains = [\"DEMO\"]"),
        more_sections: sections,
        ..Options::default()
    })
    .await
}

async fn timed<T>(name: &str, response: impl Future<Output = T>) -> T {
    let begin = Instant::now();
    let response = response.await;
    assert!(begin.elapsed() < LONGEST, "{name}: {:?}", begin.elapsed());
    response
}

/// Lists, and reads the response as strictly as the strictest client.
async fn list(user: &SignedIn, extra: &str) -> SessionState {
    let body = roamd_testsuite::session_params("DESK-C", extra);
    let accept = "application/vnd.citrix.sessionstate+xml";
    let response = user.post("available", accept, &body).await;
    assert_eq!(response.status, 200, "{}", response.text());
    assert_clean(&response);
    SessionState::from_xml(&response.body).unwrap()
}

/// Panics if the response is not well-formed, has an element of the attacker, or is too large to
/// display.
fn assert_clean(response: &Response) {
    let root = StrictElement::last(&response.body);
    let evil = |element: &&StrictElement| element.name.contains("evil");
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

/// Expected result of a launch.
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

/// Returns the document of a successful response.
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

/// A case: its name, the expected treatment, and the script for a request. The address is one to
/// which the server must not connect.
type ByteCase = (&'static str, Treatment, fn(&str, SocketAddr) -> Script);

/// Returns faults of the transport and of the document, for any request.
fn byte_cases() -> Vec<ByteCase> {
    vec![
        ("wrong root", Rejected, |_, _| {
            Script::body("<?xml version=\"1.0\"?><Evil/>")
        }),
        ("response to another request", Rejected, |_, _| {
            Script::body(document("ServerData", ""))
        }),
        ("a request as a response", Rejected, |request, _| {
            Script::body(document(request, "").replace("Response", "Request"))
        }),
        ("error and data", Rejected, |request, _| {
            let body = String::from_utf8(good(request)).unwrap();
            let end = format!("</Response{request}>");
            Script::body(body.replace(&end, &format!("<ErrorId>unspecified</ErrorId>{end}")))
        }),
        ("unknown error", Rejected, |request, _| {
            Script::body(document(request, "<ErrorId>of-course</ErrorId>"))
        }),
        ("several errors", Rejected, |request, _| {
            let errors = "<ErrorId>unspecified</ErrorId><ErrorId>no-server</ErrorId>";
            Script::body(document(request, errors))
        }),
        ("error of 1 MB", Rejected, |request, _| {
            let error = format!("<ErrorId>{}</ErrorId>", "e".repeat(1 << 20));
            Script::body(document(request, &error))
        }),
        ("HTML", Rejected, |_, _| {
            Script::body("<!DOCTYPE html><html><body>It works!</body></html>")
        }),
        ("no body", Rejected, |_, _| Script::body("")),
        ("one byte", Rejected, |_, _| Script::body("<")),
        ("gzip unasked", Rejected, |_, _| {
            let gzip = b"\x1f\x8b\x08\0\0\0\0\0\0\x03\x03\0\0\0\0\0\0\0\0\0";
            Script::bytes(http_response("200 OK", "Content-Encoding: gzip\r\n", gzip))
        }),
        ("compressed bomb", Rejected, |_, _| {
            // A deflate stream that expands to a thousand times its size.
            let bomb = [
                b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xec\xc1".as_slice(),
                &[0; 100_000],
            ];
            Script::bytes(http_response(
                "200 OK",
                "Content-Encoding: gzip\r\n",
                &bomb.concat(),
            ))
        }),
        ("entity bomb", Rejected, |request, _| {
            let entities: String = (1..20)
                .map(|n| format!("<!ENTITY e{n} \"&e{0};&e{0};&e{0};&e{0};\">", n - 1))
                .collect();
            let subset = format!("<!DOCTYPE NFuseProtocol [<!ENTITY e0 \"lol\">{entities}]>");
            let body = document(request, "&e19;").replace(DOCTYPE, &subset);
            Script::body(body)
        }),
        ("internal subset", Rejected, |request, _| {
            let subset = "<!DOCTYPE NFuseProtocol SYSTEM \"NFuse.dtd\" [<!ELEMENT a ANY>]>";
            let body = String::from_utf8(good(request)).unwrap();
            Script::body(body.replace(DOCTYPE, subset))
        }),
        ("external entity", Rejected, |request, elsewhere| {
            let subset = format!(
                "<!DOCTYPE NFuseProtocol [<!ENTITY e SYSTEM \"http://{elsewhere}/evil\">]>"
            );
            Script::body(document(request, "&e;").replace(DOCTYPE, &subset))
        }),
        (
            "external subset elsewhere",
            Accepted,
            |request, elsewhere| {
                let body = String::from_utf8(good(request)).unwrap();
                Script::body(body.replace("NFuse.dtd", &format!("http://{elsewhere}/NFuse.dtd")))
            },
        ),
        ("100 MiB", Rejected, |_, _| {
            Script::bytes(head("Content-Length: 104857600\r\n"))
                .then(vec![b' '; 1 << 20], 100, Duration::ZERO)
                .then_close()
        }),
        ("100 MiB without a length", Rejected, |_, _| {
            Script::bytes(head("Connection: close\r\n"))
                .then(vec![b'<'; 1 << 20], 100, Duration::ZERO)
                .then_close()
        }),
        ("endless drip", Rejected, |_, _| {
            Script::bytes(head("Content-Length: 100000\r\n")).then(
                b" ",
                1000,
                Duration::from_millis(20),
            )
        }),
        ("endless drip of headers", Rejected, |_, _| {
            Script::bytes("HTTP/1.1 200 OK\r\n").then("X: y\r\n", 1000, Duration::from_millis(20))
        }),
        ("silence", Rejected, |_, _| Script::silence()),
        ("length too short", Rejected, |request, _| {
            Script::bytes(http_response(
                "200 OK",
                "Content-Length: 60\r\n",
                &good(request),
            ))
            .then_close()
        }),
        ("length too long", Rejected, |request, _| {
            Script::bytes(http_response(
                "200 OK",
                "Content-Length: 90000\r\n",
                &good(request),
            ))
        }),
        ("length too long and closed", Rejected, |request, _| {
            Script::bytes(http_response(
                "200 OK",
                "Content-Length: 90000\r\n",
                &good(request),
            ))
            .then_close()
        }),
        ("negative length", Rejected, |request, _| {
            Script::bytes(http_response(
                "200 OK",
                "Content-Length: -1\r\n",
                &good(request),
            ))
        }),
        ("two lengths", Rejected, |request, _| {
            let lengths = "Content-Length: 10\r\nContent-Length: 500\r\n";
            Script::bytes(http_response("200 OK", lengths, &good(request)))
        }),
        ("length beyond every number", Rejected, |request, _| {
            let length = "Content-Length: 99999999999999999999999\r\n";
            Script::bytes(http_response("200 OK", length, &good(request)))
        }),
        ("chunks of the transfer coding", Accepted, |request, _| {
            Script::bytes(coded(&chunk(&good(request), "\r\n0\r\n\r\n"))).then_close()
        }),
        (
            "broken chunks of the transfer coding",
            Rejected,
            |request, _| Script::bytes(coded(&chunk(&good(request), "XX0\r\n\r\n"))).then_close(),
        ),
        (
            "cut chunks of the transfer coding",
            Rejected,
            |request, _| Script::bytes(coded(&chunk(&good(request), ""))).then_close(),
        ),
        ("huge chunk of the transfer coding", Rejected, |_, _| {
            Script::bytes(coded(b"ffffffffffffffff\r\n<?xml")).then_close()
        }),
        (
            "broken chunks of the transfer encoding",
            Rejected,
            |_, _| {
                Script::bytes(http_response(
                    "200 OK",
                    "Transfer-Encoding: chunked\r\n",
                    b"zz\r\n<?xml",
                ))
            },
        ),
        ("huge chunk of the transfer encoding", Rejected, |_, _| {
            let body = b"fffffffffffffffff\r\n<?xml";
            Script::bytes(http_response(
                "200 OK",
                "Transfer-Encoding: chunked\r\n",
                body,
            ))
        }),
        ("100 Continue unasked", Accepted, |request, _| {
            let response = http_response("200 OK", "", &good(request));
            Script::bytes([b"HTTP/1.1 100 Continue\r\n\r\n".as_slice(), &response].concat())
        }),
        ("1xx without end", Rejected, |_, _| {
            Script::silence().then(
                "HTTP/1.1 100 Continue\r\n\r\n",
                400,
                Duration::from_millis(5),
            )
        }),
        ("101", Rejected, |_, _| {
            Script::bytes("HTTP/1.1 101 Switching Protocols\r\nUpgrade: evil\r\n\r\n")
        }),
        ("204", Rejected, |_, _| {
            Script::bytes("HTTP/1.1 204 No Content\r\n\r\n")
        }),
        ("301 to elsewhere", Rejected, |request, elsewhere| {
            redirect("301", request, elsewhere)
        }),
        ("302 to elsewhere", Rejected, |request, elsewhere| {
            redirect("302", request, elsewhere)
        }),
        ("307 to elsewhere", Rejected, |request, elsewhere| {
            redirect("307", request, elsewhere)
        }),
        ("401", Rejected, |request, _| {
            let challenge = "WWW-Authenticate: Negotiate\r\n";
            Script::bytes(http_response("401 Unauthorized", challenge, &good(request)))
        }),
        ("404", Rejected, |request, _| {
            Script::bytes(http_response("404 Not Found", "", &good(request)))
        }),
        ("500", Rejected, |request, _| {
            Script::bytes(http_response("500 Oops", "", &good(request)))
        }),
        ("503", Rejected, |request, _| {
            Script::bytes(http_response(
                "503 Busy",
                "Retry-After: 600\r\n",
                &good(request),
            ))
        }),
        ("status 999999", Rejected, |request, _| {
            Script::bytes(http_response("999999 OK", "", &good(request)))
        }),
        ("no HTTP", Rejected, |request, _| {
            Script::bytes(good(request)).then_close()
        }),
        ("headers of 1 MB", Rejected, |request, _| {
            let header = format!("X-Evil: {}\r\n", "e".repeat(1 << 20));
            Script::bytes(http_response("200 OK", &header, &good(request)))
        }),
        ("10,000 headers", Rejected, |request, _| {
            Script::bytes(http_response(
                "200 OK",
                &"X: y\r\n".repeat(10_000),
                &good(request),
            ))
        }),
        ("two responses", Accepted, |request, _| {
            let response = http_response("200 OK", "", &good(request));
            Script::bytes([response.clone(), response].concat())
        }),
        ("closed at once", Rejected, |_, _| Script::close()),
        ("closed in the head", Rejected, |_, _| {
            Script::bytes("HTTP/1.1 200 O").then_close()
        }),
        ("closed in the body", Rejected, |request, _| {
            let response = http_response("200 OK", "", &good(request));
            Script::bytes(&response[..response.len() - 20]).then_close()
        }),
        ("reset at once", Rejected, |_, _| Script::reset()),
        ("reset in the body", Rejected, |_, _| {
            Script::bytes(head("Content-Length: 900\r\n"))
                .then("<?xml", 2, PAUSE)
                .then_reset()
        }),
        ("declared as UTF-7", Rejected, |request, _| {
            let body = String::from_utf8(good(request)).unwrap();
            Script::body(body.replace("UTF-8", "UTF-7"))
        }),
        ("nested deeply", Rejected, |request, _| {
            let deep = format!("{}{}", "<a>".repeat(10_000), "</a>".repeat(10_000));
            Script::body(document(request, &deep))
        }),
        ("many attributes", Rejected, |request, _| {
            let attributes: String = (0..10_000).map(|n| format!(" a{n}=\"\"")).collect();
            Script::body(document(request, &format!("<a{attributes}/>")))
        }),
        ("dialect 1.1", Accepted, |request, _| {
            dialect(request, "\"1.1\"")
        }),
        ("dialect 99.9", Accepted, |request, _| {
            dialect(request, "\"99.9\"")
        }),
        ("dialect of markup", Accepted, |request, _| {
            dialect(request, "\"&lt;evil/>\"")
        }),
        ("no dialect", Accepted, |request, _| {
            let body = String::from_utf8(good(request)).unwrap();
            Script::body(body.replace(" version=\"5.4\"", ""))
        }),
        // Controllers with a wrong clock.
        ("clock a day behind", Accepted, |request, _| {
            let date = "Date: Mon, 23 Nov 2026 12:00:00 GMT\r\nExpires: 0\r\n";
            Script::bytes(http_response("200 OK", date, &good(request)))
        }),
        ("clock far ahead", Accepted, |request, _| {
            let date = "Date: Fri, 31 Dec 9999 23:59:59 GMT\r\n";
            Script::bytes(http_response("200 OK", date, &good(request)))
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

/// Encodes one chunk, followed by `end`.
fn chunk(body: &[u8], end: &str) -> Vec<u8> {
    let size = format!("{:x}\r\n", body.len());
    [size.as_bytes(), body, end.as_bytes()].concat()
}

fn redirect(status: &str, request: &str, elsewhere: SocketAddr) -> Script {
    let location = format!("Location: http://{elsewhere}/scripts/wpnbr.dll\r\n");
    Script::bytes(http_response(
        &format!("{status} There"),
        &location,
        &good(request),
    ))
}

fn dialect(request: &str, version: &str) -> Script {
    let body = String::from_utf8(good(request)).unwrap();
    Script::body(body.replace("\"5.4\"", version))
}

/// A case: its name, the body, and the listed resource ids, or `None` if the farm counts as failed.
type DocumentCase = (&'static str, Vec<u8>, Option<Vec<String>>);

fn document_cases() -> Vec<DocumentCase> {
    let utf16 = |text: &str| {
        text.encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect::<Vec<_>>()
    };
    let listing = |sessions: &str| sessions_document(sessions).into_bytes();
    let one = session("9", "4", "Ledger");
    let ledger = || Some(vec!["SCRIPTED.Ledger".to_owned()]);
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
            Some(vec!["SCRIPTED.".to_owned()]),
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
            Some(vec!["SCRIPTED.a\r\n\"b\"</url>\u{202e}c".to_owned()]),
        ),
        // The protocol does not name the owner of a session, so that the farm is believed.
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
            "an empty response, which means success",
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

/// Returns contents of an address response, and the expected result of the launch.
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

/// Returns tickets, and the expected result of the launch.
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
