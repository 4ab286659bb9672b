//! The rule against requests of other sites, over sockets (web-api.md §4, §14).

use roamd_testsuite::TestEnvironment;

use super::browser::{Browser, assert_challenge, assert_refused};

const HTTPS: (&str, &str) = ("X-Citrix-IsUsingHTTPS", "Yes");

/// State of the web session that a client's cookies name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Session {
    No,
    Dead,
    Live,
    SignedIn,
}

/// Token of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    No,
    Right,
    Wrong,
    OfAnotherSession,
}

#[tokio::test]
async fn csrf_matrix_holds() {
    // WA-36, WA-37: {no, dead, live, signed-in session} × {no, right, wrong, other session's token}
    // × {POST, GET, HEAD}. `roamd-web-proto` tests the rule for every route.
    let env = TestEnvironment::demo().await;
    let mut other = Browser::new(&env);
    other.post("Home/Configuration", "").await;
    let mut live = Browser::new(&env);
    live.post("Home/Configuration", "").await;
    let mut signed_in = Browser::signed_in(&env, "alice").await;
    let launch = signed_in.resource("Excel").await["launchurl"].clone();
    let launch = launch.as_str().unwrap();
    let before = env.sessions("alice");
    for session in [Session::No, Session::Dead, Session::Live, Session::SignedIn] {
        for token in [
            Token::No,
            Token::Right,
            Token::Wrong,
            Token::OfAnotherSession,
        ] {
            for (method, below) in [
                ("POST", "Sessions/ListAvailable"),
                ("POST", "Sessions/GetLaunchStatus/QTcx"),
                ("GET", launch),
                ("HEAD", "Home/KeepAlive"),
            ] {
                let mut browser = match session {
                    Session::No => Browser::new(&env),
                    Session::Dead => {
                        let mut dead = live.clone();
                        let text = "dead".to_owned();
                        dead.cookies.insert("ASP.NET_SessionId".to_owned(), text);
                        dead
                    }
                    Session::Live => live.clone(),
                    Session::SignedIn => signed_in.clone(),
                };
                let text = match token {
                    Token::No => None,
                    Token::Right => Some(browser.token()),
                    Token::Wrong => Some("0".repeat(32)),
                    Token::OfAnotherSession => Some(other.token()),
                };
                let case = format!("{method} {below} {session:?} {token:?}");
                let response = match (method, &text) {
                    ("GET", Some(text)) => {
                        let url = format!("{below}?CsrfToken={text}");
                        browser.send(method, &url, &[], "").await
                    }
                    ("GET", None) => browser.send(method, below, &[], "").await,
                    (_, Some(text)) => {
                        let headers = [HTTPS, ("Csrf-Token", text.as_str())];
                        browser.send(method, below, &headers, "").await
                    }
                    (_, None) => browser.send(method, below, &[HTTPS], "").await,
                };
                let is_checked = matches!(session, Session::Live | Session::SignedIn);
                if is_checked && token != Token::Right {
                    assert_refused(&response, 403, &case);
                } else if method == "HEAD" {
                    assert_eq!(response.status, 200, "{case}");
                } else if session != Session::SignedIn {
                    assert_challenge(&response, &case);
                } else {
                    let expected = if below.ends_with("QTcx") { 404 } else { 200 };
                    assert_eq!(response.status, expected, "{case}");
                }
            }
        }
    }
    let active = env.sessions("alice").len();
    assert_eq!(active, before.len(), "a launch alone starts no session");
}
