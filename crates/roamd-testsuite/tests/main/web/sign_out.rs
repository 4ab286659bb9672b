//! Sign-out with each `logoff_action` (WA-48, WA-71, WA-103, WA-112).

use jiff::Timestamp;
use roamd_farm::World;
use roamd_testsuite::{Options, TestEnvironment};

use super::browser::{Browser, SITE, assert_challenge, set_cookies};

#[tokio::test]
async fn sign_out_does_with_sessions_what_the_site_says() {
    for (action, request, after) in [
        (
            "disconnect",
            Some("disconnectURL"),
            vec!["CVAD Excel disconnected -"],
        ),
        ("terminate", Some("logoffURL"), vec![]),
        ("none", None, vec!["CVAD Excel active"]),
    ] {
        let mut world = World::demo();
        world.sessions.clear();
        let env = TestEnvironment::start(Options {
            world,
            store: format!("[store.web.workspace_control]\nlogoff_action = \"{action}\""),
            ..Options::default()
        })
        .await;
        let mut browser = Browser::signed_in(&env, "alice").await;
        let configuration = browser.post("Home/Configuration", "").await;
        let text = configuration.text().to_owned();
        let expected = format!("logoffAction=\"{action}\"");
        assert!(text.contains(&expected), "{text}");
        let launch = browser.resource("Excel").await["launchurl"].clone();
        let ica = browser.get(launch.as_str().unwrap()).await;
        env.farms.connect(ica.text(), Timestamp::now()).unwrap();
        if let Some(name) = request {
            let proxy = text.split_once("<sessionsProxy").unwrap().1;
            let url = proxy.split_once(&format!("{name}=\"")).unwrap().1;
            let url = url.split_once('"').unwrap().0;
            let done = browser.post(url, "").await;
            assert_eq!(done.text(), "{\"status\":\"success\"}", "{action}");
        }
        let out = browser.post("Authentication/Logoff", "").await;
        assert_eq!((out.status, out.text()), (200, ""));
        let sessions = env.sessions("alice");
        assert_eq!(sessions.len(), after.len(), "{action}: {sessions:?}");
        for (session, expected) in sessions.iter().zip(after) {
            assert!(session.starts_with(expected), "{session}");
        }
        let ended = browser.post("Sessions/ListAvailable", "").await;
        assert_challenge(&ended, action);
    }
}

#[tokio::test]
async fn sign_out_works_while_a_farm_is_down() {
    // WA-106, WA-112: the end of sessions is partial, and the sign-out succeeds.
    let mut env = TestEnvironment::demo().await;
    let mut browser = Browser::signed_in(&env, "alice").await;
    env.stop_farm("XA1").await;
    for below in ["Sessions/Disconnect", "Sessions/Logoff"] {
        let ended = browser.post(below, "").await;
        assert_eq!(ended.text(), "{\"status\":\"partial\"}", "{below}");
    }
    let out = browser.post("Authentication/Logoff", "").await;
    assert_eq!((out.status, out.text()), (200, ""));
    let ended = browser.post("Authentication/GetUserName", "").await;
    assert_eq!(ended.status, 403, "the browser has no session");
}

#[tokio::test]
async fn sign_out_without_the_session_of_the_sign_in_clears_its_cookie() {
    // WA-72
    let env = TestEnvironment::demo().await;
    let path = format!("{SITE}/Authentication/Logoff");
    for (cookies, cleared) in [
        ("ASP.NET_SessionId=of-another-site; CtxsAuthId=x", 1),
        ("CtxsAuthId=x", 1),
        ("ASP.NET_SessionId=of-another-site", 0),
    ] {
        let headers = [("X-Citrix-IsUsingHTTPS", "No"), ("Cookie", cookies)];
        let out = env.server.send("POST", &path, &headers, b"").await;
        assert_eq!(out.status, 200, "{cookies}");
        let set = set_cookies(&out);
        assert_eq!(set.len(), cleared, "{cookies}: {set:?}");
        let is_auth = |cookie: &&str| cookie.starts_with("CtxsAuthId=;");
        assert!(set.iter().all(is_auth), "{cookies}: {set:?}");
    }
}
