//! Bad input to a web site: foreign cookies and ids, markup, large bodies, tickets of others, tabs
//! and clocks.

use jiff::{SignedDuration, Timestamp};
use roamd_farm::World;
use roamd_testsuite::{Clock, Options, TestEnvironment};

use super::browser::{
    Browser, assert_challenge, assert_refused, env_with_scripted_farm, json, set_cookies,
    status_url,
};

/// Every path that takes a POST.
const POSTS: [&str; 21] = [
    "Home/Configuration",
    "Authentication/GetAuthMethods",
    "Authentication/GetUserName",
    "Authentication/GetChangeCredentialForm",
    "Authentication/Logoff",
    "ExplicitAuth/Login",
    "ExplicitAuth/LoginAttempt",
    "ExplicitAuth/SendForm",
    "ExplicitAuth/SendForm/QTcx",
    "ExplicitAuth/CancelForm",
    "ExplicitAuth/AllowSelfServiceAccountManagement",
    "PostCredentialsAuth/Login",
    "Resources/List",
    "Resources/GetLaunchStatus/WEEx",
    "Resources/LaunchIca/WEEx",
    "Resources/Icon/WEEx",
    "Sessions/ListAvailable",
    "Sessions/GetLaunchStatus/QTcx",
    "Sessions/LaunchIca/QTcx",
    "Sessions/Disconnect",
    "Sessions/Logoff",
];

#[tokio::test]
async fn cookies_of_another_session_open_nothing() {
    // WA-25, WA-41
    let (env, farm) = env_with_scripted_farm().await;
    let alice = Browser::signed_in(&env, "alice").await;
    let bob = Browser::signed_in(&env, "bob").await;
    farm.discard_requests();
    let names = ["ASP.NET_SessionId", "CsrfToken", "CtxsAuthId"];
    // Each mixture of the two sets of cookies, except the two whole sets
    for mixture in 1..7 {
        let mut browser = bob.clone();
        for (bit, name) in names.iter().enumerate() {
            if mixture & (1 << bit) != 0 {
                let cookie = alice.cookies[*name].clone();
                browser.cookies.insert((*name).to_owned(), cookie);
            }
        }
        for below in [
            "Resources/List",
            "Sessions/ListAvailable",
            "Sessions/Disconnect",
            "Authentication/GetUserName",
        ] {
            let refused = browser.post(below, "").await;
            assert_refused(&refused, 403, &format!("{below}: mixture {mixture}"));
        }
    }
    assert_eq!(farm.requests(), [""; 0]);
    // The sets are good, so that the mixtures can fail.
    for (mut browser, user) in [(alice, "alice"), (bob, "bob")] {
        let name = browser.post("Authentication/GetUserName", "").await;
        assert_eq!(name.text(), user);
    }
}

#[tokio::test]
async fn resource_of_another_user_is_not_launched() {
    // WA-78, WA-87
    let mut world = World::demo();
    // A world cannot begin with a session of an application that its user may not start.
    world.sessions.clear();
    for farm in &mut world.farms {
        for application in &mut farm.applications {
            application.users = Some(vec!["DEMO\\alice".to_owned()]);
        }
    }
    let env = TestEnvironment::start(Options {
        world,
        ..Options::default()
    })
    .await;
    let mut alice = Browser::signed_in(&env, "alice").await;
    let mut bob = Browser::signed_in(&env, "bob").await;
    let excel = alice.resource("Excel").await;
    let before = env.sessions("bob");
    for name in ["launchstatusurl", "launchurl", "iconurl"] {
        let url = excel[name].as_str().unwrap();
        let (path, _) = url.split_once('?').unwrap_or((url, ""));
        assert_refused(&bob.post(path, "").await, 404, name);
    }
    assert_eq!(env.sessions("bob"), before);
    let launch = excel["launchurl"].as_str().unwrap();
    assert_eq!(alice.get(launch).await.status, 200);
}

#[tokio::test]
async fn markup_in_names_is_sent_as_text() {
    // WA-18, WA-51, WA-117
    let markup = "</script><img src=x onerror=\"alert('1')\">&";
    let mut world = World::demo();
    for farm in &mut world.farms {
        farm.name = markup.to_owned();
        for application in &mut farm.applications {
            application.title = Some(markup.to_owned());
            application.description = markup.to_owned();
            application.folder = markup.to_owned();
        }
    }
    let env = TestEnvironment::start(Options {
        world,
        ..Options::default()
    })
    .await;
    let mut browser = Browser::signed_in(&env, "alice").await;
    let full = "resourceDetails=Full";
    let resources = browser.post("Resources/List", full).await;
    let sessions = browser.post("Sessions/ListAvailable", "").await;
    assert_eq!(json(&resources)["resources"][0]["name"], markup);
    assert_eq!(json(&sessions)[0]["publishername"], markup);
    let launch = json(&resources)["resources"][0]["launchurl"].clone();
    let ica = browser.get(launch.as_str().unwrap()).await;
    let disposition = ica.header("content-disposition").unwrap();
    assert!(!disposition.contains('<'), "{disposition}");
    let token = browser.token();
    let headers = [
        ("Csrf-Token", token.as_str()),
        ("X-Citrix-IsUsingHTTPS", "No"),
        ("Accept-Language", markup),
    ];
    let configuration = browser
        .send("POST", "Home/Configuration", &headers, "")
        .await;
    assert!(!configuration.text().contains(markup));
    let user = format!("username={markup}&password=wrong-one");
    let form = browser.post("ExplicitAuth/LoginAttempt", &user).await;
    assert!(!form.text().contains("<img"), "{}", form.text());
    for response in [resources, sessions, ica, configuration, form] {
        let media = response.header("content-type").unwrap();
        assert!(!media.contains("html"), "{media}");
        let nosniff = response.header("x-content-type-options");
        assert_eq!(nosniff, Some("nosniff"), "{media}");
    }
}

#[tokio::test]
async fn body_of_ten_megabytes_is_refused_everywhere() {
    // WA-21
    let env = TestEnvironment::start(Options {
        store: "[store.web]\npost_credentials = true".to_owned(),
        ..Options::default()
    })
    .await;
    let large = "username=DEMO%5Calice&password=".to_owned() + &"x".repeat(10 * 1024 * 1024);
    let browser = Browser::signed_in(&env, "alice").await;
    for below in POSTS {
        let response = browser.clone().post(below, &large).await;
        // A forged state of a form is refused before the body is read.
        let expected = if below.ends_with("SendForm/QTcx") {
            404
        } else {
            413
        };
        assert_refused(&response, expected, below);
    }
    let mut signed_in = browser;
    let name = signed_in.post("Authentication/GetUserName", "").await;
    assert_eq!(name.text(), "alice", "nothing was done");
}

#[tokio::test]
async fn foreign_used_and_expired_tickets_do_not_connect() {
    // WA-81, WA-86
    let env = TestEnvironment::demo().await;
    let mut alice = Browser::signed_in(&env, "alice").await;
    let mut bob = Browser::signed_in(&env, "bob").await;
    let excel = alice.resource("Excel").await;
    let launch = excel["launchurl"].as_str().unwrap();
    // The file that is kept for alice is not given to bob, nor to another browser of alice.
    let status = alice.post(&status_url(launch), "").await;
    assert!(status.text().contains("success"), "{}", status.text());
    let other = Browser::signed_in(&env, "alice").await.get(launch).await;
    let of_bob = bob.get(launch).await;
    let own = alice.get(launch).await;
    let ticket = |ica: &str| {
        let lines = ica.lines().map(str::to_owned);
        let mut found = lines.filter(|line| line.starts_with("LogonTicket="));
        found.next().unwrap()
    };
    let tickets = [&own, &other, &of_bob].map(|response| ticket(response.text()));
    assert_ne!(tickets[0], tickets[1]);
    assert_ne!(tickets[0], tickets[2]);
    assert_ne!(tickets[1], tickets[2]);
    // A ticket works once, and within its time.
    let now = Timestamp::now();
    let late = now + SignedDuration::from_mins(5);
    assert!(env.farms.connect(other.text(), late).is_err(), "expired");
    env.farms.connect(own.text(), now).unwrap();
    assert!(env.farms.connect(own.text(), now).is_err(), "twice");
    let mixed = of_bob.text().replace(&tickets[2], &tickets[0]);
    assert!(env.farms.connect(&mixed, now).is_err(), "a used ticket");
}

#[tokio::test]
async fn two_tabs_share_one_sign_in() {
    // WA-25, WA-67
    let env = TestEnvironment::demo().await;
    let mut one = Browser::new(&env);
    one.post("Home/Configuration", "").await;
    let mut two = one.clone();
    one.post("ExplicitAuth/Login", "").await;
    two.post("ExplicitAuth/Login", "").await;
    one.attempt("alice", "roam-demo").await;
    // A browser shares its cookies between its tabs.
    two.cookies = one.cookies.clone();
    for tab in [&mut one, &mut two] {
        assert!(!tab.applications().await.is_empty());
    }
    // The second tab signs in too, as another user. The first one then acts for that user.
    let signed_in = two.attempt("bob", "roam-demo").await;
    assert!(signed_in.text().contains("success"));
    one.cookies = two.cookies.clone();
    for tab in [&mut one, &mut two] {
        let name = tab.post("Authentication/GetUserName", "").await;
        assert_eq!(name.text(), "bob");
    }
}

#[tokio::test]
async fn sign_out_in_one_tab_ends_the_other() {
    // WA-44, WA-71
    let env = TestEnvironment::demo().await;
    let mut one = Browser::signed_in(&env, "alice").await;
    let mut two = one.clone();
    one.post("Authentication/Logoff", "").await;
    // Both what a browser sends then, and what a tab sends that was already on its way
    let late = two.post("Sessions/ListAvailable", "").await;
    assert_challenge(&late, "on its way");
    two.cookies = one.cookies.clone();
    let next = two.post("Sessions/Disconnect", "").await;
    assert_challenge(&next, "after the sign-out");
    assert_eq!(two.post("Authentication/Logoff", "").await.status, 200);
    let again = two.sign_in("alice", "roam-demo").await;
    assert!(again.text().contains("success"), "{}", again.text());
}

#[tokio::test]
async fn clock_of_the_client_does_not_matter() {
    // WA-24: no cookie has a date, and no request is compared with the client's clock.
    let now = Timestamp::now();
    for skew in [
        SignedDuration::from_hours(-48),
        SignedDuration::from_hours(48),
    ] {
        let env = TestEnvironment::start(Options {
            clock: Clock::Stopped(now + skew),
            ..Options::default()
        })
        .await;
        let mut browser = Browser::new(&env);
        let answers = [
            browser.post("Home/Configuration", "").await,
            browser.post("Resources/List", "").await,
            browser.attempt("alice", "roam-demo").await,
            browser.post("Sessions/ListAvailable", "").await,
        ];
        for answer in &answers {
            for line in set_cookies(answer) {
                assert!(!line.to_lowercase().contains("expires"), "{line}");
            }
        }
        assert!(answers[3].text().starts_with("[{"), "{skew}");
    }
}

#[tokio::test]
async fn password_is_in_no_answer_url_log_or_cache() {
    // When the environment stops, it looks for every password in logs and files.
    let env = TestEnvironment::start(Options {
        store: "[store.web]\npost_credentials = true".to_owned(),
        ..Options::default()
    })
    .await;
    let (good, wrong) = ("roam-demo", "Wrong-Password-4711");
    let mut browser = Browser::new(&env);
    browser.post("Home/Configuration", "").await;
    let post = |password: &str| format!("username=DEMO%5Calice&password={password}");
    let mut answers = vec![
        browser.attempt("alice", wrong).await,
        browser.attempt("alice", good).await,
        browser
            .post("PostCredentialsAuth/Login", &post(wrong))
            .await,
        browser.post("PostCredentialsAuth/Login", &post(good)).await,
        browser
            .post("ExplicitAuth/GetChangeCredentialForm", "")
            .await,
    ];
    let query = format!("PostCredentialsAuth/Login?{}", post(good));
    let refused = browser.post(&query, "").await;
    assert_refused(&refused, 400, "a password in a URL");
    answers.push(refused);
    for answer in &answers {
        let control = answer.header("cache-control").unwrap();
        assert!(control.contains("no-store"), "{control}");
        let sent = format!("{:?} {}", answer.headers, answer.text());
        for password in [good, wrong] {
            assert!(!sent.contains(password), "{sent}");
        }
    }
    for password in [good, wrong] {
        assert!(!env.server_files_contain(password));
    }
}
