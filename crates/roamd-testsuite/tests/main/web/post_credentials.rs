//! The sign-in without a form (WA-66).

use roamd_farm::{AccountState, World};
use roamd_testsuite::{Options, TestEnvironment};

use super::browser::{Browser, assert_challenge, assert_refused, set_cookies};

const LOGIN: &str = "PostCredentialsAuth/Login";

const GOOD: &str = "username=DEMO%5Calice&password=roam-demo";

async fn env(world: World) -> TestEnvironment {
    TestEnvironment::start(Options {
        world,
        store: "[store.web]\npost_credentials = true".to_owned(),
        ..Options::default()
    })
    .await
}

#[tokio::test]
async fn sign_in_without_a_form_is_off_by_default() {
    let env = TestEnvironment::demo().await;
    let mut browser = Browser::new(&env);
    assert_refused(&browser.post(LOGIN, GOOD).await, 404, "off");
    let methods = browser.post("Authentication/GetAuthMethods", "").await;
    assert!(!methods.text().contains("PostCredentials"));
}

#[tokio::test]
async fn one_request_begins_a_session_and_signs_in() {
    // WA-24, WA-31, WA-54, WA-60, WA-67
    let env = env(World::demo()).await;
    let mut browser = Browser::new(&env);
    let signed_in = browser.post(LOGIN, GOOD).await;
    let expected = "<Result>success</Result><AuthType>PostCredentials</AuthType>";
    assert!(signed_in.text().contains(expected), "{}", signed_in.text());
    let lines = set_cookies(&signed_in);
    let names: Vec<_> = lines.iter().map(|line| line.split('=').next()).collect();
    let expected = ["ASP.NET_SessionId", "CsrfToken", "CtxsAuthId"];
    assert_eq!(names, expected.map(Some));
    let name = browser.post("Authentication/GetUserName", "").await;
    assert_eq!(name.text(), "alice");
    let methods = browser.post("Authentication/GetAuthMethods", "").await;
    assert!(methods.text().contains(
        "<method name=\"ExplicitForms\" url=\"ExplicitAuth/Login\"/>\
         <method name=\"PostCredentials\" url=\"PostCredentialsAuth/Login\"/>"
    ));
    // The next sign-in replaces the first one, in the same web session.
    let mut old = browser.clone();
    let bob = browser
        .post(LOGIN, "username=DEMO%5Cbob&password=roam-demo")
        .await;
    assert_eq!(set_cookies(&bob).len(), 1, "the sign-in alone is new");
    assert_challenge(&old.post("Sessions/ListAvailable", "").await, "replaced");
    // A sign-in of an earlier session is replaced in the same answer, and named once.
    let mut stale = Browser::new(&env);
    let cookie = browser.cookies["CtxsAuthId"].clone();
    stale.cookies.insert("CtxsAuthId".to_owned(), cookie);
    let signed_in = stale.post(LOGIN, GOOD).await;
    assert_eq!(set_cookies(&signed_in).len(), 3);
    let name = stale.post("Authentication/GetUserName", "").await;
    assert_eq!(name.text(), "alice");
}

#[tokio::test]
async fn incomplete_credentials_and_those_in_a_url_are_refused() {
    // WA-21, WA-66
    let env = env(World::demo()).await;
    let long = format!("{GOOD}{}", "x".repeat(1_025));
    let query = format!("{LOGIN}?{GOOD}");
    for (below, body) in [
        (LOGIN, ""),
        (LOGIN, "username=DEMO%5Calice"),
        (LOGIN, "password=roam-demo"),
        (LOGIN, "username=&password=roam-demo"),
        (
            LOGIN,
            "{\"username\":\"DEMO\\\\alice\",\"password\":\"roam-demo\"}",
        ),
        (LOGIN, &long),
        (&query, ""),
        (&query, GOOD),
    ] {
        let refused = Browser::new(&env).post(below, body).await;
        assert_refused(&refused, 400, body);
    }
    let get = Browser::new(&env).send("GET", &query, &[], "").await;
    assert_refused(&get, 405, "GET");
}

#[tokio::test]
async fn wrong_password_fails_without_a_form() {
    // WA-62, WA-63
    let mut world = World::demo();
    world.domains[0].users[1].account = AccountState::Expired;
    let env = env(world).await;
    for (body, message) in [
        ("username=DEMO%5Calice&password=wrong-one", "loginfailed"),
        ("username=DEMO%5Calice&password=", "loginfailed"),
        ("username=DEMO%5Cmallory&password=roam-demo", "loginfailed"),
        // The form could change the password.
        ("username=DEMO%5Cbob&password=roam-demo", "fatalerror"),
    ] {
        let mut browser = Browser::new(&env);
        let failed = browser.post(LOGIN, body).await;
        let expected = format!("<Result>fail</Result><LogMessage>{message}</LogMessage>");
        assert!(failed.text().contains(&expected), "{}", failed.text());
        assert_eq!(failed.status, 200);
        assert!(!browser.cookies.contains_key("CtxsAuthId"), "{body}");
    }
}

#[tokio::test]
async fn another_site_cannot_sign_in() {
    // WA-37
    let env = env(World::demo()).await;
    let mut browser = Browser::new(&env);
    let https = ("X-Citrix-IsUsingHTTPS", "Yes");
    for header in [
        ("Origin", "https://evil.example"),
        ("Sec-Fetch-Site", "cross-site"),
    ] {
        let refused = browser.send("POST", LOGIN, &[https, header], GOOD).await;
        assert_refused(&refused, 403, header.0);
    }
    // In a live session, it needs the token.
    browser.post("Home/Configuration", "").await;
    let refused = browser.send("POST", LOGIN, &[https], GOOD).await;
    assert_refused(&refused, 403, "no token");
}
