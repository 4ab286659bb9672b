//! Requests that are refused (web-api.md §2, §4, §5).

use roamd_testsuite::TestEnvironment;

use super::browser::{Browser, SITE, assert_challenge, assert_refused, set_cookies};

const HTTPS: (&str, &str) = ("X-Citrix-IsUsingHTTPS", "Yes");

#[tokio::test]
async fn token_is_checked_in_a_live_session_only() {
    // WA-36, WA-37. `roamd-web-proto` tests the whole matrix.
    let env = TestEnvironment::demo().await;
    let mut other = Browser::new(&env);
    other.post("Home/Configuration", "").await;
    let foreign = other.token();
    let mut browser = Browser::signed_in(&env, "alice").await;
    let (right, before) = (browser.token(), env.sessions("alice"));
    for below in [
        "Sessions/ListAvailable",
        "Sessions/Disconnect",
        "Sessions/Logoff",
    ] {
        for token in [None, Some("wrong"), Some(foreign.as_str()), Some("")] {
            let mut headers = vec![HTTPS];
            headers.extend(token.map(|token| ("Csrf-Token", token)));
            let response = browser.send("POST", below, &headers, "").await;
            assert_refused(&response, 403, &format!("{below} {token:?}"));
        }
        // Right and wrong together
        let query = format!("{below}?CsrfToken={foreign}");
        let headers = [HTTPS, ("Csrf-Token", right.as_str())];
        let response = browser.send("POST", &query, &headers, "").await;
        assert_refused(&response, 403, below);
    }
    assert_eq!(env.sessions("alice"), before, "nothing was done");
    // A dead session: the token does not count, and a new session begins.
    let cookie = ("Cookie", "ASP.NET_SessionId=dead; CsrfToken=stale");
    let headers = [HTTPS, ("Csrf-Token", "stale"), cookie];
    let path = format!("{SITE}/Home/Configuration");
    let response = env.server.send("POST", &path, &headers, b"").await;
    assert_eq!((response.status, set_cookies(&response).len()), (200, 2));
}

#[tokio::test]
async fn https_flag_is_required() {
    // WA-38
    let env = TestEnvironment::demo().await;
    let path = format!("{SITE}/Home/Configuration");
    for (flag, status) in [
        (None, 403),
        (Some(("X-Citrix-IsUsingHTTPS", "maybe")), 403),
        (Some(("x-citrix-isusinghttps", "yes")), 200),
    ] {
        let headers: Vec<_> = flag.into_iter().collect();
        let response = env.server.send("POST", &path, &headers, b"").await;
        assert_eq!(response.status, status, "{flag:?}");
    }
    let response = env.server.send("GET", &path, &[], b"").await;
    assert_eq!(response.status, 200, "WA-47");
}

#[tokio::test]
async fn another_site_begins_no_session() {
    // WA-37
    let env = TestEnvironment::demo().await;
    let path = format!("{SITE}/Home/Configuration");
    let (own, with_path) = (env.url(""), env.url("/Citrix/StoreWeb/"));
    for (header, status) in [
        (("Origin", "https://evil.example"), 403),
        (("Origin", "null"), 403),
        (("Sec-Fetch-Site", "cross-site"), 403),
        (("Origin", own.as_str()), 200),
        (("Origin", with_path.as_str()), 200),
        (("Sec-Fetch-Site", "same-origin"), 200),
    ] {
        let response = env.server.send("POST", &path, &[HTTPS, header], b"").await;
        assert_eq!(response.status, status, "{header:?}");
        if status == 403 {
            assert_refused(&response, status, header.1);
        }
    }
}

#[tokio::test]
async fn protected_urls_need_the_sign_in_of_their_session() {
    // WA-40 to WA-42, WA-68, WA-87
    let env = TestEnvironment::demo().await;
    let mut browser = Browser::new(&env);
    browser.post("Home/Configuration", "").await;
    let protected = [
        "Resources/List",
        "Resources/GetLaunchStatus/WEEx",
        "Resources/LaunchIca/WEEx.ica",
        "Sessions/ListAvailable",
        "Sessions/Disconnect",
        "Sessions/Logoff",
        "Sessions/GetLaunchStatus/QTcx",
        "Sessions/LaunchIca/QTcx",
    ];
    for below in protected {
        assert_challenge(&browser.post(below, "").await, below);
    }
    for below in ["Authentication/GetUserName", "Resources/Icon/WEEx"] {
        assert_refused(&browser.post(below, "").await, 403, below);
    }
    // The sign-in of another session, or another text.
    let alice = Browser::signed_in(&env, "alice").await;
    for auth in [&alice.cookies["CtxsAuthId"], "9A41"] {
        let auth = auth.to_owned();
        browser.cookies.insert("CtxsAuthId".to_owned(), auth);
        for below in protected {
            assert_refused(&browser.post(below, "").await, 403, below);
        }
    }
    // Without a session there is no sign-in, whatever the cookie.
    browser.cookies.remove("ASP.NET_SessionId");
    assert_challenge(&browser.post("Sessions/Disconnect", "").await, "no session");
}

#[tokio::test]
async fn methods_and_unreadable_forms_are_refused() {
    // WA-9, WA-21, WA-108
    let env = TestEnvironment::demo().await;
    let mut browser = Browser::signed_in(&env, "alice").await;
    let before = env.sessions("alice");
    for (method, below, allow) in [
        ("GET", "ExplicitAuth/Login", "POST"),
        ("GET", "Sessions/Logoff", "POST"),
        ("GET", "Authentication/Logoff", "POST"),
        ("PUT", "Home/Configuration", "GET, POST"),
        ("DELETE", "Sessions/Disconnect", "GET, POST"),
        ("POST", "", "GET, HEAD"),
    ] {
        let token = browser.token();
        let headers = [HTTPS, ("Csrf-Token", token.as_str())];
        let response = browser.send(method, below, &headers, "").await;
        assert_refused(&response, 405, below);
        assert_eq!(response.header("allow"), Some(allow), "{below}");
    }
    // A link cannot disconnect: its token is in the URL.
    let response = browser.get("Sessions/Disconnect").await;
    assert_refused(&response, 403, "disconnect by a link");
    assert_eq!(env.sessions("alice"), before);
    // WA-10, WA-21: a form that cannot be read
    let long = format!("username=DEMO%5Calice&password={}", "x".repeat(1_025));
    for body in ["", "not a form", "{\"username\":\"a\"}", &long] {
        let response = browser.post("ExplicitAuth/LoginAttempt", body).await;
        assert_refused(&response, 400, body);
    }
}

#[tokio::test]
async fn bodies_of_any_media_type_are_taken() {
    // WA-10
    let env = TestEnvironment::demo().await;
    let mut browser = Browser::signed_in(&env, "alice").await;
    let token = browser.token();
    for (media, body, is_full) in [
        ("text/plain", "", false),
        ("application/octet-stream", "\u{1}%zz", false),
        (
            "Content-Type: application/x-www-form-urlencoded",
            "resourceDetails=Full",
            true,
        ),
        ("text/plain", "{\"resourceDetails\":\"Full\"}", true),
    ] {
        let headers = [
            HTTPS,
            ("Csrf-Token", token.as_str()),
            ("Content-Type", media),
            ("Accept", "text/plain, */*; q=0.01"),
        ];
        let response = browser.send("POST", "Resources/List", &headers, body).await;
        assert_eq!(response.status, 200, "{media}");
        assert_eq!(
            response.text().contains("\"publishername\""),
            is_full,
            "{body}"
        );
    }
}

#[tokio::test]
async fn later_stages_are_not_served() {
    // WA-5, WA-6
    let env = TestEnvironment::demo().await;
    let mut browser = Browser::signed_in(&env, "alice").await;
    for below in [
        "PostCredentialsAuth/Login",
        "Authentication/GetUserDetails",
        "Resources/PowerOff/WEEx",
        "Resources/ValidateAppShortcutLaunch/WEEx",
        "GatewayAuth/Login",
    ] {
        assert_eq!(browser.post(below, "").await.status, 404, "{below}");
    }
}

#[tokio::test]
async fn redirect_to_the_site_names_no_other_host() {
    // WA-7, WA-8
    let env = TestEnvironment::demo().await;
    for path in [
        "/Citrix/StoreWeb",
        "//Citrix/StoreWeb",
        "///citrix//StoreWeb",
    ] {
        let response = env.server.send("GET", path, &[], b"").await;
        assert_eq!(response.status, 301, "{path}");
        let location = response.header("location").unwrap();
        assert!(
            location.starts_with('/') && !location.starts_with("//"),
            "{path}: {location}"
        );
    }
}
