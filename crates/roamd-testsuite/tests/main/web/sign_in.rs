//! Sign-in and sign-out (web-api.md §7, §8).

use roamd_testsuite::{Options, TestEnvironment, TokenService, sign_in};

use super::browser::{Browser, assert_challenge, assert_refused, set_cookies};

#[tokio::test]
async fn wrong_password_shows_the_form_again_without_cookie() {
    // WA-58, WA-62
    let env = TestEnvironment::demo().await;
    let mut browser = Browser::new(&env);
    browser.post("Home/Configuration", "").await;
    let form = browser.post("ExplicitAuth/Login", "").await;
    let text = form.text();
    for part in [
        "<AuthenticateResponse xmlns=\"http://citrix.com/authentication/response/1\">",
        "<Result>more-info</Result><StateContext/>",
        "<PostBack>ExplicitAuth/LoginAttempt</PostBack>",
        "<CancelPostBack>ExplicitAuth/CancelForm</CancelPostBack>",
        "<ID>username</ID>",
        "<ID>password</ID>",
        "<ID>saveCredentials</ID>",
        "<ID>loginBtn</ID>",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    for (user, password) in [("alice", "wrong-one"), ("mallory", "roam-demo")] {
        let refused = browser.attempt(user, password).await;
        let text = refused.text();
        assert_eq!(refused.status, 200);
        assert!(
            text.contains("<Text>Incorrect user name or password</Text>"),
            "{text}"
        );
        assert!(!text.contains(password), "{text}");
        assert_eq!(set_cookies(&refused), [""; 0]);
    }
    let cancelled = browser
        .post("ExplicitAuth/CancelForm", "cancelBtn=Cancel")
        .await;
    assert!(
        cancelled
            .text()
            .contains("<Result>cancelled</Result><StateContext/></")
    );
    let signed_in = browser.attempt("alice", "roam-demo").await;
    assert!(signed_in.text().contains("<Result>success</Result>"));
}

#[tokio::test]
async fn wrong_passwords_count_in_the_login_throttle_of_the_store() {
    // WA-62, citrixauth.md §7
    let env = TestEnvironment::demo().await;
    let service = TokenService::discover(env.server).await;
    let mut browser = Browser::new(&env);
    browser.post("Home/Configuration", "").await;
    for _ in 0..2 {
        browser.attempt("alice", "wrong-one").await;
    }
    // The third free attempt is made at the store, the fourth here.
    let conversation = service.begin().await;
    conversation
        .attempt("alice", "wrong-two", Some("DEMO"))
        .await;
    let throttled = browser.attempt("alice", "roam-demo").await;
    assert!(
        throttled.text().contains("Wait one minute"),
        "{}",
        throttled.text()
    );
    let mut other = Browser::new(&env);
    let throttled = other.sign_in("alice", "roam-demo").await;
    assert!(
        throttled.text().contains("Wait one minute"),
        "another web session"
    );
}

/// A store whose login throttle refuses no attempt of a test.
async fn env_without_throttle() -> TestEnvironment {
    let options = Options {
        listener: "[login_throttle]\nfree_attempts = 100".to_owned(),
        ..Options::default()
    };
    TestEnvironment::start(options).await
}

/// Makes as many wrong attempts as a conversation allows before its last one.
async fn fail_four_times(browser: &mut Browser) {
    for _ in 0..4 {
        let refused = browser.attempt("alice", "wrong-one").await;
        assert!(refused.text().contains("Incorrect"), "{}", refused.text());
    }
}

#[tokio::test]
async fn too_many_attempts_end_the_conversation_and_it_begins_again() {
    // WA-63, CA-72
    let env = env_without_throttle().await;
    let mut browser = Browser::new(&env);
    browser.post("Home/Configuration", "").await;
    for round in 0..2 {
        fail_four_times(&mut browser).await;
        let ended = browser.attempt("alice", "wrong-one").await;
        let expected = "<Result>fail</Result><LogMessage>fatalerror</LogMessage>";
        assert!(ended.text().contains(expected), "{round}: {}", ended.text());
    }
    let signed_in = browser.attempt("alice", "roam-demo").await;
    assert!(signed_in.text().contains("success"));
}

#[tokio::test]
async fn success_forgets_the_failed_attempts_before_it() {
    // WA-58, CA-72
    let env = env_without_throttle().await;
    let mut browser = Browser::new(&env);
    browser.post("Home/Configuration", "").await;
    for _ in 0..2 {
        fail_four_times(&mut browser).await;
        let signed_in = browser.attempt("alice", "roam-demo").await;
        assert!(signed_in.text().contains("success"));
    }
}

#[tokio::test]
async fn filled_form_without_session_times_out() {
    // WA-63
    let env = TestEnvironment::demo().await;
    let mut browser = Browser::new(&env);
    let ended = browser.attempt("alice", "roam-demo").await;
    let expected = "<Result>fail</Result><LogMessage>sessiontimeout</LogMessage>";
    assert!(ended.text().contains(expected), "{}", ended.text());
    assert_eq!(set_cookies(&ended), [""; 0]);
}

#[tokio::test]
async fn copied_sign_in_is_dead_after_sign_out_on_every_server() {
    // WA-71, WA-73
    let mut env = TestEnvironment::demo().await;
    let second = env.second_server().await;
    let mut browser = Browser::signed_in(&env, "alice").await;
    let mut copy = Browser {
        server: second,
        ..browser.clone()
    };
    let name = copy.post("Authentication/GetUserName", "").await;
    assert_eq!(name.text(), "alice", "every server knows the session");
    let before = env.sessions("alice");
    let out = browser.post("Authentication/Logoff", "").await;
    assert_eq!((out.status, out.text()), (200, ""));
    assert_eq!(env.sessions("alice"), before, "ICA sessions stay");
    assert!(!browser.cookies.contains_key("CtxsAuthId"));
    assert!(browser.cookies.contains_key("CtxsDeviceId"));
    assert_challenge(
        &browser.post("Sessions/ListAvailable", "").await,
        "signed out",
    );
    for server in [env.server, second] {
        copy.server = server;
        for below in [
            "Resources/List",
            "Sessions/ListAvailable",
            "Sessions/Disconnect",
            "Authentication/GetUserName",
        ] {
            assert_challenge(&copy.post(below, "").await, below);
        }
    }
    let again = copy.post("Authentication/Logoff", "").await;
    assert_eq!(again.status, 200, "it has ended already");
}

#[tokio::test]
async fn new_sign_in_replaces_the_old_one() {
    // WA-67
    let env = TestEnvironment::demo().await;
    let mut browser = Browser::signed_in(&env, "alice").await;
    let mut old = browser.clone();
    let signed_in = browser.attempt("bob", "roam-demo").await;
    assert!(signed_in.text().contains("success"));
    assert_eq!(
        browser.post("Authentication/GetUserName", "").await.text(),
        "bob"
    );
    assert_challenge(&old.post("Sessions/ListAvailable", "").await, "replaced");
}

#[tokio::test]
async fn tokens_of_the_site_and_of_the_store_open_nothing_of_each_other() {
    let env = TestEnvironment::demo().await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let mut browser = Browser::signed_in(&env, "alice").await;
    let auth = browser.cookies["CtxsAuthId"].clone();
    let sealed = data_encoding::BASE64URL_NOPAD
        .decode(auth.as_bytes())
        .unwrap();
    let authorization = format!("CitrixAuth {}", data_encoding::BASE64.encode(&sealed));
    for path in [
        "/Citrix/Store/resources/v2",
        "/Citrix/Store/sessions/v1/available",
    ] {
        let method = if path.ends_with("v2") { "GET" } else { "POST" };
        let headers = [("Authorization", authorization.as_str())];
        let refused = env.server.send(method, path, &headers, b"").await;
        assert_eq!(refused.status, 401, "{path}");
    }
    let token = data_encoding::BASE64
        .decode(alice.token.as_bytes())
        .unwrap();
    let token = data_encoding::BASE64URL_NOPAD.encode(&token);
    browser.cookies.insert("CtxsAuthId".to_owned(), token);
    assert_refused(
        &browser.post("Resources/List", "").await,
        403,
        "a store's token",
    );
}

#[tokio::test]
async fn sign_ins_are_in_the_audit_log() {
    // WA-107
    let env = TestEnvironment::demo().await;
    let mut browser = Browser::signed_in(&env, "alice").await;
    let ended = browser.post("Sessions/Disconnect", "").await;
    let mut audit = env.audit();
    let all = audit.lines_until(&ended).await;
    let events: Vec<_> = all
        .iter()
        .map(|line| line["event"].as_str().unwrap())
        .collect();
    assert_eq!(events, ["sign-in", "disconnect"]);
    assert_eq!(all[1]["device"], browser.cookies["CtxsDeviceId"].as_str());
    let mut elsewhere = Browser {
        server: env.server.from([127, 0, 0, 2]),
        ..browser.clone()
    };
    let listed = elsewhere.post("Resources/List", "").await;
    let used = audit.lines_until(&listed).await;
    assert_eq!(used[0]["event"], "token-used");
    assert_eq!(used[0]["operation"], "web-resources");
    let out = browser.post("Authentication/Logoff", "").await;
    let all = audit.lines_until(&out).await;
    assert_eq!(all[0]["event"], "token-destroyed");
}

#[tokio::test]
async fn refused_sign_ins_are_in_the_audit_log() {
    // WA-41, WA-42
    let env = TestEnvironment::demo().await;
    let alice = Browser::signed_in(&env, "alice").await;
    let of_alice = alice.cookies["CtxsAuthId"].clone();
    let mut ended = alice.clone();
    ended.post("Authentication/Logoff", "").await;
    ended.cookies = alice.cookies.clone();
    let mut browser = Browser::new(&env);
    browser.post("Home/Configuration", "").await;
    let mut audit = env.audit();
    for (cookie, user, reason) in [
        (of_alice.as_str(), Some("DEMO\\alice"), "notforthisservice"),
        ("9A41", None, "invalidtoken"),
    ] {
        let cookie = cookie.to_owned();
        browser.cookies.insert("CtxsAuthId".to_owned(), cookie);
        for below in ["Sessions/ListAvailable", "Authentication/Logoff"] {
            let refused = browser.post(below, "").await;
            assert_refused(&refused, 403, below);
            let lines = audit.lines_until(&refused).await;
            let line = lines.last().unwrap();
            assert_eq!(line["event"], "token-refused", "{below}");
            assert_eq!(line["realm"], "web:/Citrix/StoreWeb");
            assert_eq!(line["user"].as_str(), user);
            assert_eq!(line["reason"], reason);
        }
    }
    let refused = ended.post("Sessions/ListAvailable", "").await;
    assert_challenge(&refused, "signed out");
    let lines = audit.lines_until(&refused).await;
    assert_eq!(lines[0]["reason"], "expired");
    // A client without a sign-in is not refused.
    browser.cookies.remove("CtxsAuthId");
    let listed = browser.post("Sessions/ListAvailable", "").await;
    assert_challenge(&listed, "no sign-in");
    browser.attempt("bob", "wrong-one").await;
    let attempt = browser.attempt("bob", "wrong-one").await;
    let lines = audit.lines_until(&attempt).await;
    let events: Vec<_> = lines.iter().map(|line| &line["event"]).collect();
    assert_eq!(events, ["sign-in-refused", "sign-in-refused"]);
}
