//! The Sessions Service on the demo world (sessions-service.md §2, §4, §5).

use std::error::Error as _;

use jiff::Timestamp;
use roamd_farm::{StartSession, World};
use roamd_store_proto::{EnumerationStatus, LaunchData, Session};
use roamd_testkit::{Script, ScriptedController, document};
use roamd_testsuite::{
    Options, Response, SignedIn, TestEnvironment, path_of, session_params, sign_in,
};
use secrecy::ExposeSecret;

const ACTIVE: &str = "<includeActiveSessions>true</includeActiveSessions>";
const APPS: &str = "<appSessionsOnly>true</appSessionsOnly>";
const STATE: &str = "application/vnd.citrix.sessionstate+xml";
const RESULTS: &str = "application/vnd.citrix.sessionresults+xml";

#[tokio::test]
async fn disconnected_sessions_are_listed_from_every_farm() {
    // SS-28, SS-30, SS-34
    let env = TestEnvironment::demo().await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let before = env.sessions("alice");
    let state = alice.state("DESK-C", "").await.unwrap();
    assert_eq!(state.enumeration, EnumerationStatus::Full);
    let ids: Vec<_> = state
        .sessions
        .iter()
        .map(|s| s.resource_id.as_str())
        .collect();
    assert_eq!(ids, ["XA1.MSPaint", "CVAD.Excel"]);
    assert_eq!(env.sessions("alice"), before);
    let carol = sign_in(&env, "carol", "roam-demo").await;
    assert!(carol.resources("DESK-C", "").await.is_empty());
}

#[tokio::test]
async fn listing_active_sessions_disconnects_only_before_generation_7() {
    // SS-29
    let env = TestEnvironment::demo().await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let listed = alice.resources("DESK-B", ACTIVE).await;
    assert_eq!(
        listed,
        [
            "XA1.MSPaint",
            "XA1.Notepad",
            "XD5.Win7Desktop",
            "CVAD.Excel",
            "CVAD.Word"
        ],
        "Win11Desktop is connected from here (SS-31)"
    );
    assert_eq!(
        env.sessions("alice"),
        [
            "XA1 MSPaint disconnected -",
            "XA1 Notepad disconnected -",
            "XD5 Win7Desktop disconnected -",
            "CVAD Excel disconnected -",
            "CVAD Word active DESK-A",
            "CVAD Win11Desktop active DESK-B",
        ]
    );
}

#[tokio::test]
async fn own_sessions_are_neither_listed_nor_disconnected() {
    // SS-31, also on farms before generation 7, whose listing disconnects sessions of other
    // clients.
    let env = TestEnvironment::demo().await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let before = env.sessions("alice");
    let listed = alice.resources("DESK-A", ACTIVE).await;
    assert_eq!(listed, ["XA1.MSPaint", "CVAD.Excel", "CVAD.Win11Desktop"]);
    assert_eq!(env.sessions("alice"), before);
}

#[tokio::test]
async fn device_id_takes_precedence_over_the_client_name() {
    // SS-19, SS-31, SS-44
    for (connected, name, device, is_the_end_point) in [
        ("dev-7", "KIOSK", Some("dev-7"), true),
        ("dev-7", "RENAMED", Some("dev-7"), true),
        ("dev-7", "KIOSK", Some("dev-8"), false),
        ("dev-7", "RENAMED", Some("DEV-7"), true),
        ("dev-7", "KIOSK", None, true),
        ("dev-7", "kiosk", None, true),
        // SS-21: an empty device id counts as absent.
        ("dev-7", "KIOSK", Some(""), true),
        ("dev-7", "RENAMED", None, false),
        // Another device with the same name.
        ("", "KIOSK", Some("dev-7"), false),
        ("", "Kiosk", None, true),
    ] {
        let env = TestEnvironment::demo().await;
        start(&env, "carol", "CVAD", "Word", Some(("KIOSK", connected)));
        let carol = sign_in(&env, "carol", "roam-demo").await;
        let device = device.map_or(String::new(), |id| format!("<deviceId>{id}</deviceId>"));
        let listed = carol.resources(name, &format!("{device}{ACTIVE}")).await;
        assert_eq!(listed.is_empty(), is_the_end_point, "{name} {device}");
        assert_eq!(carol.end("disconnect", name, &device).await, "success");
        let expected = if is_the_end_point {
            "CVAD Word disconnected -"
        } else {
            "CVAD Word active KIOSK"
        };
        assert_eq!(env.sessions("carol"), [expected], "{name} {device}");
    }
}

#[tokio::test]
async fn long_client_name_is_cut_alike_everywhere() {
    // nfuse.md §3.1: farms and hosts know a client by at most 20 characters of its name.
    let (long, cut) = ("WORKSTATION-0123456789", "WORKSTATION-01234567");
    for (store, known) in [("", cut), ("client_name_length = 0", long)] {
        let env = TestEnvironment::start(Options {
            store: store.to_owned(),
            ..Options::default()
        })
        .await;
        let alice = sign_in(&env, "alice", "roam-demo").await;
        let url = alice.launch_url(long, "", "CVAD.Excel").await;
        let (ica, _) = launched(&alice.launch(&url, long).await);
        assert!(
            ica.contains(&format!("\r\nClientName={known}\r\n")),
            "{ica}"
        );
        env.farms.connect(&ica, Timestamp::now()).unwrap();
        let active = format!("CVAD Excel active {known}");
        assert!(env.sessions("alice").contains(&active), "{store}");
        let listed = alice.resources(long, ACTIVE).await;
        assert!(!listed.contains(&"CVAD.Excel".to_owned()), "SS-31: {store}");
        assert_eq!(alice.end("disconnect", long, "").await, "success");
        let disconnected = "CVAD Excel disconnected -".to_owned();
        assert!(env.sessions("alice").contains(&disconnected), "{store}");
    }
}

#[tokio::test]
async fn disconnected_session_is_listed_on_every_client() {
    // SS-32
    let env = TestEnvironment::demo().await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    assert_eq!(alice.end("disconnect", "DESK-A", "").await, "success");
    let expected = [
        "XA1.MSPaint",
        "XA1.Notepad",
        "XD5.Win7Desktop",
        "CVAD.Excel",
        "CVAD.Word",
    ];
    for client in ["DESK-A", "DESK-B", "DESK-C"] {
        assert_eq!(alice.resources(client, "").await, expected, "{client}");
    }
}

#[tokio::test]
async fn applications_only_skips_old_desktop_farms() {
    // SS-33, SS-35
    let env = TestEnvironment::demo().await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let listed = alice.resources("DESK-C", &format!("{ACTIVE}{APPS}")).await;
    assert_eq!(
        listed,
        ["XA1.MSPaint", "XA1.Notepad", "CVAD.Excel", "CVAD.Word"]
    );
    let desktop = env
        .sessions("alice")
        .into_iter()
        .find(|s| s.contains("Win7"))
        .unwrap();
    assert_eq!(desktop, "XD5 Win7Desktop active DESK-A");
}

#[tokio::test]
async fn legacy_workspace_control_includes_old_desktop_farms() {
    // SS-33: the farm is included, with the side effect. SS-35: the response is the same.
    let options = Options {
        farm: |id| match id {
            "XD5" => "legacy_workspace_control = true",
            _ => "",
        },
        ..Options::default()
    };
    let env = TestEnvironment::start(options).await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let listed = alice.resources("DESK-C", &format!("{ACTIVE}{APPS}")).await;
    assert_eq!(
        listed,
        ["XA1.MSPaint", "XA1.Notepad", "CVAD.Excel", "CVAD.Word"]
    );
    assert_eq!(env.sessions("alice")[2], "XD5 Win7Desktop disconnected -");
}

#[tokio::test]
async fn applications_only_still_disconnects_old_farm_desktops() {
    // SS-33, SS-35: the farm publishes both, so that its desktop is disconnected and not listed.
    let env = TestEnvironment::demo().await;
    start(
        &env,
        "carol",
        "XA1",
        "XADesktop",
        Some(("DESK-A", "DESK-A")),
    );
    let carol = sign_in(&env, "carol", "roam-demo").await;
    let listed = carol.resources("DESK-C", &format!("{ACTIVE}{APPS}")).await;
    assert!(listed.is_empty(), "{listed:?}");
    assert_eq!(env.sessions("carol"), ["XA1 XADesktop disconnected -"]);
}

#[tokio::test]
async fn spelling_follows_the_request_or_the_configuration() {
    // SS-18, SS-42, SS-47
    let (document, native) = (Spelt::DOCUMENT, Spelt::NATIVE);
    for (setting, by_document, by_native) in [
        ("", document, native),
        ("spelling = \"auto\"", document, native),
        ("spelling = \"document\"", document, document),
        ("spelling = \"native\"", native, native),
    ] {
        let options = Options {
            store: setting.to_owned(),
            ..Options::default()
        };
        let env = TestEnvironment::start(options).await;
        let alice = sign_in(&env, "alice", "roam-demo").await;
        for (root, expected) in [("sessionparams", by_document), ("sessionParams", by_native)] {
            let body = session_params("DESK-C", "").replace("sessionparams>", &format!("{root}>"));
            let body = body.replace("<sessionparams ", &format!("<{root} "));
            let state = alice.post("available", STATE, &body).await;
            let result = alice.post("disconnect", RESULTS, &body).await;
            let (state, result) = (state.text(), result.text());
            for tag in [expected.server_type, expected.launch] {
                assert_eq!(
                    state.matches(&format!("<{tag}>")).count(),
                    2,
                    "{setting} {state}"
                );
            }
            let other = if expected == document {
                native
            } else {
                document
            };
            for tag in [other.server_type, other.launch] {
                assert!(!state.contains(&format!("<{tag}>")), "{setting} {state}");
            }
            let tag = format!("<{} xmlns", expected.result);
            assert!(result.contains(&tag), "{setting} {root} {result}");
        }
    }
}

/// Element names that differ between the two spellings.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Spelt {
    result: &'static str,
    server_type: &'static str,
    launch: &'static str,
}

impl Spelt {
    const DOCUMENT: Self = Self {
        result: "sessionResults",
        server_type: "serverType",
        launch: "launchIca",
    };
    const NATIVE: Self = Self {
        result: "sessionResult",
        server_type: "servertype",
        launch: "launchica",
    };
}

#[tokio::test]
async fn enumeration_status_shows_how_many_farms_responded() {
    // SS-37
    let mut env = TestEnvironment::demo().await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    env.stop_farm("XD5").await;
    let state = alice.state("DESK-C", ACTIVE).await.unwrap();
    assert_eq!(state.enumeration, EnumerationStatus::Partial);
    assert_eq!(
        resources(&state.sessions),
        [
            "XA1.MSPaint",
            "XA1.Notepad",
            "CVAD.Excel",
            "CVAD.Word",
            "CVAD.Win11Desktop"
        ]
    );
    let state = alice.state("DESK-C", APPS).await.unwrap();
    assert_eq!(
        state.enumeration,
        EnumerationStatus::Full,
        "a farm that is left out on purpose is not missed"
    );
    env.stop_farm("XA1").await;
    let state = alice.state("DESK-C", "").await.unwrap();
    assert_eq!(state.enumeration, EnumerationStatus::Partial);
    env.stop_farm("CVAD").await;
    let response = alice
        .post("available", STATE, &session_params("DESK-C", ""))
        .await;
    assert_eq!(response.status, 200);
    let end = "enumeration=\"failed\"><sessions/></sessionState>";
    assert!(response.text().ends_with(end), "SS-38: {}", response.text());
}

#[tokio::test]
async fn result_is_success_only_if_every_farm_confirmed() {
    // SS-50: all three have status 200.
    for operation in ["disconnect", "logoff"] {
        let mut env = TestEnvironment::demo().await;
        let alice = sign_in(&env, "alice", "roam-demo").await;
        assert_eq!(alice.end(operation, "DESK-C", "").await, "success");
        env.stop_farm("XA1").await;
        assert_eq!(alice.end(operation, "DESK-A", "").await, "partial");
        let sessions = env.sessions("alice");
        assert!(
            sessions.contains(&"XA1 Notepad active DESK-A".to_owned()),
            "{sessions:?}"
        );
        assert!(
            !sessions.contains(&"CVAD Word active DESK-A".to_owned()),
            "{sessions:?}"
        );
        env.stop_farm("XD5").await;
        env.stop_farm("CVAD").await;
        assert_eq!(alice.end(operation, "DESK-B", "").await, "failure");
    }
}

#[tokio::test]
async fn disconnect_and_log_off_affect_only_the_callers_client() {
    // SS-44, SS-45, SS-51, SS-5
    for (operation, after) in [
        (
            "disconnect",
            &[
                "XA1 MSPaint disconnected -",
                "XA1 Notepad disconnected -",
                "XD5 Win7Desktop disconnected -",
                "CVAD Excel disconnected -",
                "CVAD Word disconnected -",
                "CVAD Win11Desktop active DESK-B",
            ][..],
        ),
        (
            "logoff",
            &[
                "XA1 MSPaint disconnected -",
                "CVAD Excel disconnected -",
                "CVAD Win11Desktop active DESK-B",
            ][..],
        ),
    ] {
        let env = TestEnvironment::demo().await;
        start(&env, "bob", "CVAD", "Excel", Some(("DESK-A", "DESK-A")));
        let bobs = env.sessions("bob");
        let alice = sign_in(&env, "alice", "roam-demo").await;
        // SS-24: parameters of a list do not extend the operation.
        let ignored = format!("{ACTIVE}{APPS}");
        assert_eq!(alice.end(operation, "DESK-A", &ignored).await, "success");
        assert_eq!(env.sessions("alice"), after, "{operation}");
        assert_eq!(alice.end(operation, "DESK-A", "").await, "success");
        assert_eq!(env.sessions("alice"), after, "{operation} again");
        assert_eq!(env.sessions("bob"), bobs, "{operation}");
    }
}

#[tokio::test]
async fn tickets_are_invalidated_for_their_owner_only() {
    // SS-46, on each generation.
    for (farm, app) in [
        ("XA1", "MSPaint"),
        ("XD5", "Win7Desktop"),
        ("CVAD", "Excel"),
    ] {
        for operation in ["disconnect", "logoff"] {
            for (user, refusal) in [
                ("alice", Some("the ticket was invalidated".to_owned())),
                ("bob", None),
            ] {
                let env = TestEnvironment::demo().await;
                start(&env, "alice", farm, app, None);
                let alice = sign_in(&env, "alice", "roam-demo").await;
                let caller = sign_in(&env, user, "roam-demo").await;
                let resource = format!("{farm}.{app}");
                let url = alice.launch_url("DESK-C", "", &resource).await;
                let (ica, ticket) = launched(&alice.launch(&url, "DESK-C").await);
                // Unknown tickets, up to the limit, are skipped, and no session matches.
                let unknown = "<ticket>0F51C2D9A8B74E60B1</ticket>".repeat(63);
                let tickets = format!("<tickets>{unknown}<ticket>{ticket}</ticket></tickets>");
                let status = caller.end(operation, "DESK-Z", &tickets).await;
                assert_eq!(status, "success", "{user}: no hint");
                let connected = env.farms.connect(&ica, Timestamp::now());
                let connected = connected.err().map(|error| {
                    assert_eq!(error.to_string(), "logon ticket refused");
                    error.source().unwrap().to_string()
                });
                assert_eq!(connected, refusal, "{farm} {operation} by {user}");
                // A used or invalidated ticket is skipped, too.
                assert_eq!(alice.end(operation, "DESK-Z", &tickets).await, "success");
            }
        }
    }
}

#[tokio::test]
async fn tickets_that_may_still_work_prevent_success() {
    // SS-46, SS-50: a farm that may be able to invalidate tickets was not asked to.
    let silent = || Script::close();
    let refusal = |id: &str| {
        let content = format!("<ErrorId>{id}</ErrorId>");
        Script::body(document("Capabilities", &content))
    };
    let can = "<CapabilityId>ticket-invalidation</CapabilityId>";
    let can = || Script::body(document("Capabilities", can));
    let tickets = "<tickets><ticket>0F51</ticket></tickets>";
    for (operation, request) in [
        ("disconnect", "DisconnectUserSessions"),
        ("logoff", "LogoffUserSessions"),
    ] {
        for (capabilities, tickets, expected, invalidated) in [
            (silent(), tickets, "partial", false),
            (refusal("service-unavailable"), tickets, "partial", false),
            // A farm that does not know the request has no capabilities.
            (refusal("unspecified"), tickets, "success", false),
            (can(), tickets, "success", true),
            (silent(), "", "success", false),
        ] {
            let farm = ScriptedController::healthy().await;
            farm.set_script("Capabilities", capabilities);
            let env = TestEnvironment::start(Options {
                more_sections: farm.farm_section("SCRIPTED", "Farm9"),
                ..Options::default()
            })
            .await;
            let alice = sign_in(&env, "alice", "roam-demo").await;
            let status = alice.end(operation, "DESK-C", tickets).await;
            assert_eq!(status, expected, "{operation} {tickets}");
            // The sessions are ended in any case.
            assert_eq!(farm.request_count(request), 1);
            assert_eq!(farm.last_request(request).contains("0F51"), invalidated);
        }
    }
}

#[tokio::test]
async fn list_ignores_tickets() {
    // SS-24
    let env = TestEnvironment::demo().await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let url = alice.launch_url("DESK-C", "", "CVAD.Excel").await;
    let (ica, ticket) = launched(&alice.launch(&url, "DESK-C").await);
    let tickets = format!("<tickets><ticket>{ticket}</ticket></tickets>");
    let listed = alice.resources("DESK-C", &tickets).await;
    assert_eq!(listed, ["XA1.MSPaint", "CVAD.Excel"]);
    env.farms.connect(&ica, Timestamp::now()).unwrap();
}

#[tokio::test]
async fn session_names_its_resource_and_farm() {
    // SS-39, SS-40: two farms publish Notepad as one resource, with the name of the first.
    let env = TestEnvironment::demo().await;
    start(&env, "carol", "CVAD", "Notepad", None);
    start(&env, "carol", "CVAD", "Win11Desktop", None);
    start(&env, "carol", "XA1", "Notepad", None);
    let carol = sign_in(&env, "carol", "roam-demo").await;
    let state = carol.state("DESK-C", "").await.unwrap();
    let listed_sessions: Vec<_> = state
        .sessions
        .iter()
        .map(|session| {
            (
                &*session.initial_app,
                session.aggregated,
                &*session.resource_id,
                &*session.publisher_name,
                &*session.server_type,
            )
        })
        .collect();
    assert_eq!(
        listed_sessions,
        [
            ("Notepad", true, "XA1.Notepad", "Farm1", "win32"),
            ("Notepad", true, "XA1.Notepad", "Farm3", "win32"),
            ("Win11Desktop", false, "CVAD.Win11Desktop", "Farm3", "win32"),
        ]
    );
}

#[tokio::test]
async fn names_are_encoded_as_ascii() {
    // SS-69: the text is the same in every encoding that a client may assume.
    let mut world = World::demo();
    let excel = &mut world.farms[2].applications[0];
    excel.title = Some("Büro & <Zahlen> 表".to_owned());
    let options = Options {
        world,
        ..Options::default()
    };
    let env = TestEnvironment::start(options).await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let response = alice
        .post("available", STATE, &session_params("DESK-C", ""))
        .await;
    assert!(response.body.is_ascii());
    assert!(
        response
            .text()
            .contains("<initialapp>B&#xFC;ro &amp; &lt;Zahlen&gt; &#x8868;</initialapp>"),
        "{}",
        response.text()
    );
}

#[tokio::test]
async fn same_state_gives_the_same_bytes() {
    // SS-13
    let mut env = TestEnvironment::demo().await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let body = session_params("DESK-C", "");
    let first = alice.post("available", STATE, &body).await.body;
    for _ in 0..3 {
        assert_eq!(alice.post("available", STATE, &body).await.body, first);
    }
    // Session ids do not change with another sign-in, or with another process that has the same
    // keys.
    env.restart_server().await;
    let again = sign_in(&env, "ALICE", "roam-demo").await;
    assert_eq!(again.post("available", STATE, &body).await.body, first);
    // A change of the state adds sessions, and keeps the ids of the others.
    let ids = |sessions: &[Session]| -> Vec<String> {
        sessions.iter().map(|session| session.id.clone()).collect()
    };
    let before = ids(&alice.state("DESK-C", "").await.unwrap().sessions);
    alice.end("disconnect", "DESK-A", "").await;
    let after = ids(&alice.state("DESK-D", "").await.unwrap().sessions);
    assert!(before.iter().all(|id| after.contains(id)));
    assert_eq!(after.len(), before.len() + 3);
    let is_safe = |id: &String| {
        id.bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
    };
    assert!(after.iter().all(is_safe), "{after:?}");
}

#[tokio::test]
async fn every_form_of_a_url_is_served_alike() {
    // SS-9 to SS-12
    let env = TestEnvironment::demo().await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let accept = [
        ("available", STATE),
        ("disconnect", RESULTS),
        ("logoff", RESULTS),
    ];
    for (operation, accept) in accept {
        let body = session_params("DESK-C", "");
        let plain = alice.post(operation, accept, &body).await;
        for target in [
            format!("/Citrix/Store/sessions/v1/{operation}/"),
            format!("/Citrix/Store/session/v1/{operation}"),
            format!("/citrix/STORE/Sessions/V1/{}", operation.to_uppercase()),
            env.url(&format!("/Citrix/Store/sessions/v1/{operation}")),
            // The host of an absolute target is ignored: URLs are derived from the base URL.
            format!("http://elsewhere.test/Citrix/Store/sessions/v1/{operation}"),
            format!("/Citrix/Store/sessions/v1/{operation}?sent=twice"),
        ] {
            let response = post_to(&alice, &target, accept, PARAMS, &body).await;
            assert_eq!(response.status, 200, "{target}");
            assert_eq!(response.body, plain.body, "{target}");
        }
    }
    let url = alice.launch_url("DESK-C", "", "CVAD.Excel").await;
    let prefix = env.url("/Citrix/Store/sessions/v1/");
    assert!(
        url.starts_with(&prefix) && url.ends_with("/launch/ica"),
        "{url}"
    );
    let path = path_of(&url);
    for target in [
        format!("{path}/"),
        path.replace("/sessions/", "/session/"),
        path.replace("/launch/ica", "/Launch/ICA")
            .replace("/Citrix/", "/CITRIX/"),
        url.clone(),
    ] {
        let data = "application/vnd.citrix.launchdata+xml";
        let params = "application/vnd.citrix.launchparams+xml";
        let body = "<launchparams xmlns=\"http://citrix.com/delivery-services/1-0/launchparams\"/>";
        let response = post_to(&alice, &target, data, params, body).await;
        assert_eq!(response.status, 200, "{target}");
        launched(&response);
    }
}

#[tokio::test]
async fn responses_have_the_headers_of_their_kind() {
    // SS-36, SS-43, SS-48, SS-49, SS-52, SS-68, SS-69
    let env = TestEnvironment::demo().await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let singular = "application/vnd.citrix.sessionresult+xml";
    for (operation, accept, media_type) in [
        ("available", STATE, STATE),
        ("available", "*/*", STATE),
        ("disconnect", RESULTS, RESULTS),
        ("disconnect", singular, singular),
        ("logoff", "text/xml, application/*", RESULTS),
    ] {
        let body = session_params("DESK-C", "");
        let response = alice.post(operation, accept, &body).await;
        assert_eq!(response.status, 200);
        let header = |name| response.header(name);
        assert_eq!(header("content-type"), Some(media_type), "{accept}");
        assert_eq!(
            header("cache-control"),
            Some("no-cache, no-store, max-age=0")
        );
        assert_eq!(header("x-content-type-options"), Some("nosniff"));
        let length = response.body.len().to_string();
        assert_eq!(header("content-length"), Some(&*length));
        assert_eq!(header("transfer-encoding"), None);
        let start = "<?xml version=\"1.0\" encoding=\"utf-8\"?>";
        assert!(response.text().starts_with(start), "{}", response.text());
    }
}

const PARAMS: &str = "application/vnd.citrix.sessionparams+xml";

async fn post_to(
    user: &SignedIn,
    target: &str,
    accept: &str,
    media_type: &str,
    body: &str,
) -> Response {
    let headers = [
        ("Authorization", &*user.authorization()),
        ("Accept", accept),
        ("Content-Type", media_type),
    ];
    user.server
        .send("POST", target, &headers, body.as_bytes())
        .await
}

/// Starts a session that is active on a client with this name and device id, or disconnected if
/// `client` is `None`.
fn start(env: &TestEnvironment, user: &str, farm: &str, app: &str, client: Option<(&str, &str)>) {
    let session = StartSession {
        farm: farm.to_owned(),
        user: user.to_owned(),
        app: app.to_owned(),
        client_name: client.map(|(name, _)| name.to_owned()),
        device_id: client.map(|(_, device)| device.to_owned()),
        state: match client {
            Some(_) => roamd_farm::SessionState::Active,
            None => roamd_farm::SessionState::Disconnected,
        },
    };
    env.farms.start_session(&session).unwrap();
}

/// Returns the ICA file and the logon ticket of a successful launch.
fn launched(response: &Response) -> (String, String) {
    match LaunchData::from_xml(&response.body).unwrap() {
        LaunchData::Success { ica, logon_ticket } => (
            ica.expose_secret().to_owned(),
            logon_ticket.unwrap().expose_secret().to_owned(),
        ),
        other => panic!("{other:?}"),
    }
}

fn resources(sessions: &[Session]) -> Vec<&str> {
    sessions.iter().map(|s| s.resource_id.as_str()).collect()
}
