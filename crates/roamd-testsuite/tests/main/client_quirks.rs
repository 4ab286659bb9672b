//! Quirks of real clients (client-quirks.md §2 to §4).
//!
//! Rows in other modules: 1, 3 to 7, 9, 11 to 13, 20, 21, 31, 34, 35, 38, 42, 44, 45, 48 to 54, 57,
//! 59, 61, 62, 64, 65 and 68 in `client_a`; 10, 15, 16, 23, 29, 32, 34, 36, 39, 41, 43, 46, 55 and
//! 63 in `client_b`; 11, 22, 37, 40, 47 and 56 in `client_c`; 2 and 28 in `specification_examples`.
//! Row 66 and, for resources, rows 49 and 67 do not apply to the tests here.

use regex::Regex;
use roamd_testkit::StrictElement;
use roamd_testsuite::{
    Options, TestEnvironment, TokenService, path_of, request_token, session_params, sign_in,
};

const STATE: &str = "application/vnd.citrix.sessionstate+xml";
const PARAMS: &str = "application/vnd.citrix.sessionparams+xml";
const TOKEN_MESSAGE: &str = "application/vnd.citrix.requesttoken+xml";
const AVAILABLE: &str = "/Citrix/Store/sessions/v1/available";
const PROTOCOLS: &str = "/Citrix/StoreAuth/auth/v1/protocols";
const TOKEN: &str = "/Citrix/StoreAuth/auth/v1/token";
const START: &str = "/Citrix/StoreAuth/ExplicitForms/Start";

/// Encodes a text in UTF-16 without a byte order mark.
fn utf_16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(bytes).collect()
}

#[tokio::test]
async fn utf_16_without_a_byte_order_mark_is_read() {
    // CQ-8
    let env = TestEnvironment::demo().await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let authorization = alice.authorization();
    let params = session_params("Büro-7", "").replace("?>", " encoding=\"utf-16\"?>");
    let launch = "<?xml version=\"1.0\" encoding=\"utf-16\"?><launchparams \
                  xmlns=\"http://citrix.com/delivery-services/1-0/launchparams\">\
                  <clientName>Büro-7</clientName></launchparams>";
    let url = alice.launch_url("WS-1", "", "CVAD.Excel").await;
    for bytes in [u16::to_le_bytes, u16::to_be_bytes] {
        for (path, media_type, text) in [
            (AVAILABLE, PARAMS, params.as_str()),
            (
                path_of(&url),
                "application/vnd.citrix.launchparams+xml",
                launch,
            ),
        ] {
            let headers = [
                ("Authorization", authorization.as_str()),
                ("Content-Type", media_type),
            ];
            let body = utf_16(text, bytes);
            let response = env.server.send("POST", path, &headers, &body).await;
            assert_eq!(response.status, 200, "{path}: {}", response.text());
        }
    }
}

#[tokio::test]
async fn service_url_may_be_the_hint_or_the_first_url() {
    // CQ-13, CQ-14
    let env = TestEnvironment::demo().await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let service = TokenService::discover(env.server).await;
    let hint = service.store.hint.clone();
    let first = env.url(AVAILABLE);
    for url in [hint, first.clone(), format!("\n    {first}\r\n\t")] {
        let message = request_token(&service.store.realm, &url, "01:00:00");
        let response = service.post(Some(&alice.primary), &message).await;
        assert_eq!(response.status, 200, "{url:?}: {}", response.text());
    }
}

#[tokio::test]
async fn lifetimes_are_read_in_every_form_and_bounded() {
    // CQ-17
    let env = TestEnvironment::demo().await;
    let service = TokenService::discover(env.server).await;
    for (asked, given) in [
        ("01:00:00", "0.01:00:00"),
        ("0.20:00:00", "0.20:00:00"),
        ("0.08:00:00", "0.08:00:00"),
        // More than the configured maximum of a day.
        ("1.06:00:00", "1.00:00:00"),
    ] {
        let conversation = service.begin_for(asked).await;
        let response = conversation.attempt("alice", "roam-demo", Some("DEMO"));
        let root = StrictElement::last(&response.await.body);
        assert_eq!(root.child("lifetime").text(), given, "{asked}");
    }
}

#[tokio::test]
async fn realms_are_opaque_text() {
    // CQ-18
    let env = TestEnvironment::demo().await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let service = TokenService::discover(env.server).await;
    let foreign = request_token("1.-i.example.token", &service.store.hint, "01:00:00");
    let headers = [("Content-Type", TOKEN_MESSAGE)];
    let body = foreign.as_bytes();
    let response = env.server.send("POST", PROTOCOLS, &headers, body).await;
    assert_eq!(response.status, 300, "the protocols are for any realm");
    let response = service.post(Some(&alice.primary), &foreign).await;
    assert_eq!(
        response.status, 400,
        "no token is made for a realm of others"
    );
}

#[tokio::test]
async fn headers_without_meaning_are_ignored() {
    let env = TestEnvironment::demo().await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let authorization = alice.authorization();
    let service = TokenService::discover(env.server).await;
    let message = request_token(&service.store.realm, &service.store.hint, "01:00:00");
    let params = session_params("WS-1", "");
    let cases: [(&str, &[(&str, &str)]); 5] = [
        ("CQ-19", &[("Content-Encoding", "utf-8")]),
        (
            "CQ-23",
            &[(
                "User-Agent",
                "CitrixReceiver/26.3.0.95 Windows/10.0 SelfService/26.3.0.96 (Release) X1Class \
                 CWACapable",
            )],
        ),
        (
            "CQ-24",
            &[
                ("X-Citrix-Background-Request", "True"),
                ("X-Citrix-IsUsingHTTPS", "Yes"),
            ],
        ),
        (
            "CQ-26",
            &[
                ("Citrix-TransactionId", "47c5a1b2"),
                ("Csrf-Token", "D9C1"),
                ("X-Requested-With", "XMLHttpRequest"),
                ("Origin", "https://portal.example.net"),
                ("Referer", "https://portal.example.net/Citrix/StoreWeb/"),
            ],
        ),
        (
            "CQ-30",
            &[
                ("Accept-Encoding", "gzip, deflate,gzip, deflate"),
                ("Accepts", "text/html"),
            ],
        ),
    ];
    let primary = format!("CitrixAuth {}", alice.primary);
    for (case, more) in cases {
        for (path, status, media_type, token, body) in [
            (AVAILABLE, 200, PARAMS, Some(&authorization), &params),
            (AVAILABLE, 401, PARAMS, None, &params),
            (PROTOCOLS, 300, TOKEN_MESSAGE, None, &message),
            (START, 200, TOKEN_MESSAGE, None, &message),
            (TOKEN, 200, TOKEN_MESSAGE, Some(&primary), &message),
        ] {
            let mut headers = vec![("Content-Type", media_type)];
            headers.extend(token.map(|token| ("Authorization", token.as_str())));
            headers.extend_from_slice(more);
            let body = body.as_bytes();
            let response = env.server.send("POST", path, &headers, body).await;
            assert_eq!(
                response.status,
                status,
                "{case} {path}: {}",
                response.text()
            );
            assert_eq!(response.header("content-encoding"), None, "{case}");
        }
    }
}

#[tokio::test]
async fn empty_posts_and_probes_are_rejected() {
    // CQ-24, CQ-27
    let env = TestEnvironment::demo().await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let authorization = alice.authorization();
    let signed: [(&str, &str); 2] = [
        ("Authorization", &authorization),
        ("X-Citrix-Background-Request", "True"),
    ];
    for (method, path, headers, status) in [
        ("POST", AVAILABLE, &[][..], 401),
        ("POST", AVAILABLE, &signed[..], 400),
        ("GET", TOKEN, &[], 405),
        ("POST", START, &[], 400),
    ] {
        let response = env.server.send(method, path, headers, b"").await;
        assert_eq!(response.status, status, "{method} {path}");
    }
}

#[tokio::test]
async fn credential_and_label_type_lists_are_read_leniently() {
    // CQ-25
    let env = TestEnvironment::demo().await;
    let service = TokenService::discover(env.server).await;
    let message = request_token(&service.tokens.realm, &service.tokens.hint, "01:00:00");
    let full = "none, username, domain, password, newpassword, passcode, savecredentials, \
                textcredential, webview,webview, negotiate,nsg-epa,nsg-x1";
    for (types, labels, fields) in [
        (
            full,
            "none, plain, heading,information , warning, error, confirmation, image, image",
            &[
                "username",
                "password",
                "domain",
                "saveCredentials",
                "loginBtn",
            ][..],
        ),
        (
            " username ,,PASSWORD, webview",
            "plain,image",
            &["username", "password", "loginBtn"],
        ),
    ] {
        let headers = [
            ("X-Citrix-AM-CredentialTypes", types),
            ("X-Citrix-AM-LabelTypes", labels),
        ];
        let response = service.start_with(&headers, &message).await;
        let form = StrictElement::last(&response.body);
        let requirements = form.child("AuthenticationRequirements");
        let ids: Vec<_> = requirements
            .child("Requirements")
            .elements()
            .map(|requirement| requirement.child("Credential"))
            .filter(|credential| credential.has("ID"))
            .map(|credential| credential.child("ID").text())
            .collect();
        assert_eq!(ids, fields, "{types}");
        let knows = |kind: &str| labels.split(',').any(|label| label.trim() == kind);
        for requirement in requirements.child("Requirements").elements() {
            let kind = requirement.child("Label").child("Type").text();
            assert!(kind == "none" || knows(kind), "{kind} is not in {labels}");
        }
    }
}

#[tokio::test]
async fn repeated_accept_values_are_tolerated() {
    // CQ-30
    let env = TestEnvironment::demo().await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let accept = format!("{STATE},{STATE}, {STATE}");
    let response = alice
        .post("available", &accept, &session_params("WS-1", ""))
        .await;
    assert_eq!(response.status, 200);
    assert_eq!(response.header("content-type"), Some(STATE));
}

#[tokio::test]
async fn state_contexts_need_no_form_encoding() {
    // CQ-31
    let env = TestEnvironment::demo().await;
    let service = TokenService::discover(env.server).await;
    let plain = Regex::new("^[A-Za-z0-9._~-]+$").unwrap();
    for _ in 0..20 {
        let context = service.begin().await.form.state_context;
        assert!(plain.is_match(&context), "{context}");
    }
}

#[tokio::test]
async fn undefined_state_context_gets_a_failure_form() {
    // CQ-33
    let env = TestEnvironment::demo().await;
    let service = TokenService::discover(env.server).await;
    let conversation = service.begin().await;
    let fields = [("username", "DEMO\\alice"), ("password", "roam-demo")];
    let response = conversation
        .post(Some(&conversation.cookie), "undefined", &fields)
        .await;
    assert_eq!(response.status, 200, "{}", response.text());
    let form = StrictElement::last(&response.body);
    assert_eq!(form.child("Status").text(), "error-state-context-invalid");
    assert_eq!(form.child("Result").text(), "fail");
    // CQ-53: the element is required even if it is empty.
    assert_eq!(form.child("StateContext").text(), "");
}

#[tokio::test]
async fn own_cookie_is_found_among_others() {
    // CQ-38
    let env = TestEnvironment::demo().await;
    let service = TokenService::discover(env.server).await;
    let fields = [("username", "DEMO\\alice"), ("password", "roam-demo")];
    for around in [
        ("CsrfToken=D9; path=/; secure,", ""),
        ("", ",CtxsDeviceId=WR_1; path=/; HttpOnly"),
        ("a=b; ", "; c=d"),
    ] {
        let conversation = service.begin().await;
        let cookie = format!("{}{}{}", around.0, conversation.cookie, around.1);
        let response = conversation.post(Some(&cookie), "", &fields).await;
        assert_eq!(response.status, 200, "{cookie}");
        let name = StrictElement::last(&response.body).name;
        assert_eq!(name, "requesttokenresponse", "{cookie}");
    }
}

#[tokio::test]
async fn native_spelling_matches_the_generated_classes() {
    // CQ-58
    let env = TestEnvironment::demo().await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let body = session_params("WS-1", "").replace("sessionparams>", "sessionParams>");
    let body = body.replace("<sessionparams", "<sessionParams");
    let response = alice.post("available", STATE, &body).await;
    let state = StrictElement::last(&response.body);
    assert_eq!(state.name, "sessionState");
    let sessions = state.elements().next().unwrap();
    assert_eq!(sessions.name, "sessions");
    for session in sessions.elements() {
        assert_eq!(session.name, "session");
        assert!(!session.attribute("id").is_empty());
        let names: Vec<_> = session
            .elements()
            .map(|child| child.name.as_str())
            .collect();
        let expected = [
            "servertype",
            "launchica",
            "initialapp",
            "initialappresourceaggregated",
            "initialappresourceid",
            "publishername",
        ];
        assert_eq!(names, expected);
    }
    assert_eq!(sessions.elements().count(), 2);
}

#[tokio::test]
async fn results_report_success_partial_and_failure() {
    // CQ-60
    let mut env = TestEnvironment::demo().await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let active = "<includeActiveSessions>true</includeActiveSessions>";
    let listed = alice.resources("DESK-B", active).await;
    assert!(!listed.contains(&"CVAD.Win11Desktop".to_owned()));
    assert!(listed.contains(&"CVAD.Word".to_owned()));

    assert_eq!(alice.end("disconnect", "DESK-B", "").await, "success");
    env.stop_farm("XD5").await;
    assert_eq!(alice.end("disconnect", "DESK-B", "").await, "partial");
    env.stop_farm("XA1").await;
    env.stop_farm("CVAD").await;
    assert_eq!(alice.end("logoff", "DESK-B", "").await, "failure");
}

#[tokio::test]
async fn empty_list_still_has_its_container() {
    // CQ-69
    let env = TestEnvironment::demo().await;
    let carol = sign_in(&env, "carol", "roam-demo").await;
    let body = session_params("WS-1", "");
    let response = carol.post("available", STATE, &body).await;
    let state = StrictElement::last(&response.body);
    assert_eq!(state.attribute("enumeration"), "full");
    assert_eq!(state.child("sessions").elements().count(), 0);
}

#[tokio::test]
async fn responses_are_ascii_in_every_encoding() {
    // CQ-70, CQ-71
    let mut options = Options::default();
    let farm = &mut options.world.farms[2];
    let excel = farm.applications.iter_mut().find(|app| app.name == "Excel");
    excel.unwrap().title = Some("Bücher für 5 €".to_owned());
    let env = TestEnvironment::start(options).await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let listed = alice
        .post("available", STATE, &session_params("Büro-7", ""))
        .await;
    let url = alice.launch_url("WS-1", "", "CVAD.Excel").await;
    let launched = alice.launch(&url, "Büro-7").await;
    let service = TokenService::discover(env.server).await;
    let conversation = service.begin().await;
    let again = conversation.attempt("Jürgen", "wrong", Some("DEMO")).await;
    for (response, text) in [
        (listed, "Bücher für 5 €"),
        (launched, "Title=Bücher für 5 €"),
        (again, "Jürgen"),
    ] {
        assert_eq!(response.status, 200);
        assert!(response.body.is_ascii(), "{}", response.text());
        assert!(!response.header("content-type").unwrap().contains("charset"));
        let root = StrictElement::last(&response.body);
        let texts = root
            .walk()
            .into_iter()
            .filter(|n| n.elements().count() == 0);
        assert!(
            texts
                .map(StrictElement::text)
                .any(|found| found.contains(text)),
            "no {text} in {}",
            response.text()
        );
    }
}
