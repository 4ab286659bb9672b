//! Cookies and headers of answers (web-api.md §2, §3).

use roamd_testsuite::{Options, TestEnvironment};

use super::browser::{Browser, SITE, assert_challenge, set_cookies};

#[tokio::test]
async fn attributes_of_cookies_follow_the_public_url() {
    // WA-24, WA-29, WA-30, WA-33
    for (base_url, secure) in [(None, ""), (Some("https://sf.example.net"), "; Secure")] {
        let env = TestEnvironment::start(Options {
            base_url: base_url.map(str::to_owned),
            ..Options::default()
        })
        .await;
        let mut browser = Browser::new(&env);
        let configuration = browser.post("Home/Configuration", "").await;
        let session = &browser.cookies["ASP.NET_SessionId"];
        let token = &browser.cookies["CsrfToken"];
        assert_eq!(
            set_cookies(&configuration),
            [
                format!("ASP.NET_SessionId={session}; path=/; HttpOnly{secure}"),
                format!("CsrfToken={token}; path={SITE}/; SameSite=Lax{secure}"),
            ]
        );
        let list = browser.post("Resources/List", "").await;
        assert_challenge(&list, "not signed in");
        let device = browser.cookies["CtxsDeviceId"].clone();
        let expected = format!(
            "CtxsDeviceId={device}; path={SITE}/; Max-Age=63072000; HttpOnly; \
             SameSite=Lax{secure}"
        );
        assert_eq!(set_cookies(&list), [expected]);
        browser.post("ExplicitAuth/Login", "").await;
        let signed_in = browser.attempt("alice", "roam-demo").await;
        let auth = browser.cookies["CtxsAuthId"].clone();
        let expected = format!("CtxsAuthId={auth}; path={SITE}/; HttpOnly; SameSite=Lax{secure}");
        assert_eq!(set_cookies(&signed_in), [expected]);
        let out = browser.post("Authentication/Logoff", "").await;
        let cleared = |name: &str, rest: &str| format!("{name}=; path={rest}{secure}");
        assert_eq!(
            set_cookies(&out),
            [
                cleared("ASP.NET_SessionId", "/; Max-Age=0; HttpOnly"),
                cleared("CsrfToken", &format!("{SITE}/; Max-Age=0; SameSite=Lax")),
                cleared(
                    "CtxsAuthId",
                    &format!("{SITE}/; Max-Age=0; HttpOnly; SameSite=Lax")
                ),
            ]
        );
        let media = "application/vnd.citrix.webreceiver.authenticationlogoffresponse+xml";
        assert!(out.header("content-type").unwrap().starts_with(media));
    }
}

#[tokio::test]
async fn token_and_session_stay_and_sign_in_changes() {
    // WA-25
    let env = TestEnvironment::demo().await;
    let mut browser = Browser::new(&env);
    browser.post("Home/Configuration", "").await;
    let before = browser.cookies.clone();
    browser.attempt("alice", "roam-demo").await;
    let first = browser.cookies["CtxsAuthId"].clone();
    browser.attempt("alice", "roam-demo").await;
    for name in ["ASP.NET_SessionId", "CsrfToken"] {
        assert_eq!(browser.cookies[name], before[name], "{name}");
    }
    assert_ne!(browser.cookies["CtxsAuthId"], first);
    for (name, value) in &browser.cookies {
        assert!(!value.contains(['=', ',', ';', ' ']), "{name}");
        assert!(value.len() < 4_000, "{name}");
    }
}

#[tokio::test]
async fn path_of_a_cookie_is_spelled_as_in_the_request() {
    // WA-23
    let env = TestEnvironment::demo().await;
    let https = [("X-Citrix-IsUsingHTTPS", "Yes")];
    let path = "//citrix/STOREWEB//home/configuration%20";
    let response = env.server.send("POST", path, &https, b"").await;
    assert_eq!(response.status, 200);
    assert!(set_cookies(&response)[1].contains("; path=/citrix/STOREWEB/; "));
}

#[tokio::test]
async fn every_answer_has_the_headers_of_the_site() {
    // WA-16, WA-17
    let env = TestEnvironment::demo().await;
    let mut browser = Browser::signed_in(&env, "alice").await;
    for (below, status, media) in [
        ("Home/Configuration", 200, "application/xml; charset=utf-8"),
        (
            "Authentication/GetAuthMethods",
            200,
            "application/xml; charset=utf-8",
        ),
        (
            "Authentication/GetUserName",
            200,
            "text/plain; charset=utf-8",
        ),
        ("Resources/List", 200, "application/json; charset=utf-8"),
        (
            "Sessions/ListAvailable",
            200,
            "application/json; charset=utf-8",
        ),
        ("Sessions/GetLaunchStatus/AAAA", 404, ""),
        ("Home/KeepAlive", 405, ""),
    ] {
        let response = browser.post(below, "").await;
        assert_eq!(response.status, status, "{below}");
        let media = Some(media).filter(|media| !media.is_empty());
        assert_eq!(response.header("content-type"), media, "{below}");
        for (name, value) in [
            ("cache-control", "no-cache, no-store"),
            ("pragma", "no-cache"),
            ("expires", "-1"),
            ("x-citrix-application", "Receiver for Web"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "same-origin"),
        ] {
            assert_eq!(response.header(name), Some(value), "{below}");
        }
        assert_eq!(response.header("server"), None);
        assert!(!response.text().starts_with('\u{feff}'));
    }
}

#[tokio::test]
async fn device_id_of_the_client_is_kept_and_a_bad_one_replaced() {
    // WA-33, WA-34
    let env = TestEnvironment::demo().await;
    let mut browser = Browser::signed_in(&env, "alice").await;
    let of_session = browser.cookies["CtxsDeviceId"].clone();
    for (sent, expected) in [
        (Some("kiosk_07"), "kiosk_07"),
        (Some("bad id"), of_session.as_str()),
        (Some("WR_longer_than_a_client_name"), of_session.as_str()),
        (None, of_session.as_str()),
    ] {
        browser.cookies.remove("CtxsDeviceId");
        let sent = sent.map(|id| ("CtxsDeviceId".to_owned(), id.to_owned()));
        browser.cookies.extend(sent);
        browser.post("Resources/List", "").await;
        assert_eq!(browser.cookies["CtxsDeviceId"], expected);
    }
}
