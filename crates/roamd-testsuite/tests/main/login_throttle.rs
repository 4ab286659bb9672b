//! Throttling of guessed passwords, which locks no user out (citrixauth.md §7 rule 5).

use std::net::Ipv4Addr;
use std::sync::Arc;

use roamd_farm::{AccountState, World};
use roamd_testkit::ScriptedController;
use roamd_testsuite::{
    Clock, Conversation, HttpPeer, Options, Response, TestEnvironment, TokenService, token_of,
};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

const TOKEN: &str = "application/vnd.citrix.requesttokenresponse+xml";

/// Starts a test environment with a scripted farm that checks passwords and counts the checks.
async fn env_with_throttle(login_throttle: &str) -> (TestEnvironment, ScriptedController) {
    env_with_clock(Clock::System, login_throttle).await
}

/// Like [`env_with_throttle`], with another clock.
async fn env_with_clock(
    clock: Clock,
    login_throttle: &str,
) -> (TestEnvironment, ScriptedController) {
    let farm = ScriptedController::healthy().await;
    let env = TestEnvironment::start(Options {
        authentication: format!(
            "domains = [\"DEMO\"]\ncredentials = \"SCRIPTED\"\n[login_throttle]\n{login_throttle}"
        ),
        more_sections: farm.farm_section("SCRIPTED", "SCRIPTED"),
        clock,
        ..Options::default()
    })
    .await;
    (env, farm)
}

/// Returns the server for an unknown client with another address for each number.
fn unknown_client(env: &TestEnvironment, number: u16) -> HttpPeer {
    let [high, low] = number.to_be_bytes();
    env.server.from(Ipv4Addr::new(127, 1, high, low))
}

/// Signs in with one attempt of a new conversation.
async fn attempt(server: HttpPeer, user: &str, password: &str) -> Response {
    let conversation = TokenService::discover(server).await.begin().await;
    conversation.attempt(user, password, Some("DEMO")).await
}

fn is_token(response: &Response) -> bool {
    assert_eq!(response.status, 200, "{}", response.text());
    response.header("content-type") == Some(TOKEN)
}

#[tokio::test]
async fn throttled_attempts_reach_no_farm_and_lock_no_user_out() {
    // bad-inputs 59
    for (case, user, from, most) in [
        ("one user, one network", 1, 1, 9),
        ("one user, many networks", 1, 150, 9),
        ("many users, one network", 150, 1, 66),
    ] {
        // The speed of this machine must not affect delays.
        let (mut env, farm) = env_with_clock(Clock::stopped(), "").await;
        assert!(is_token(&attempt(env.server, "user0", "roam-demo").await));
        let service = TokenService::discover(env.server).await;
        let right = farm.request_count("ValidateCredentials");
        farm.set_content(
            "ValidateCredentials",
            "<ErrorId>failed-credentials</ErrorId>",
        );
        for number in 0..150 {
            let server = unknown_client(&env, number % from);
            let service = TokenService {
                server,
                ..service.clone()
            };
            let user = format!("user{}", number % user);
            let guess = service.begin().await;
            let guess = guess.attempt(&user, "guess", Some("DEMO")).await;
            assert!(!is_token(&guess), "{case}");
        }
        let asked = farm.request_count("ValidateCredentials") - right;
        assert!((1..=most).contains(&asked), "{case}: {asked}");

        // A known network is not throttled, on any server and after a restart. An unknown client
        // may be throttled.
        farm.set_content("ValidateCredentials", "");
        let other = env.second_server().await;
        assert!(
            is_token(&attempt(other, "USER0", "roam-demo").await),
            "{case}"
        );
        env.restart_server().await;
        assert!(is_token(&attempt(env.server, "user0", "roam-demo").await));
        let elsewhere = attempt(unknown_client(&env, 999), "user0", "roam-demo").await;
        assert_eq!(is_token(&elsewhere), user > 1, "{case}");
    }
}

#[tokio::test]
async fn parallel_logins_of_one_user_are_not_throttled() {
    let (env, farm) = env_with_throttle("free_attempts = 2").await;
    for case in ["for the first time", "known"] {
        let mut programs = JoinSet::new();
        for _ in 0..30 {
            let server = env.server;
            programs.spawn(async move { is_token(&attempt(server, "alice", "roam-demo").await) });
        }
        while let Some(signed_in) = programs.join_next().await {
            assert!(signed_in.unwrap(), "{case}");
        }
    }
    assert_eq!(farm.request_count("ValidateCredentials"), 60);
}

#[tokio::test]
async fn parallel_guesses_are_bounded_by_the_free_attempts() {
    let (mut env, farm) =
        env_with_throttle("free_attempts = 2\nlongest_delay = \"0.12:00:00\"").await;
    farm.set_content(
        "ValidateCredentials",
        "<ErrorId>failed-credentials</ErrorId>",
    );
    let servers = [env.server, env.second_server().await];
    let mut guesses = JoinSet::new();
    for number in 0..60_u8 {
        let server = servers[usize::from(number % 2)].from([127, 2, 0, number]);
        guesses.spawn(async move { is_token(&attempt(server, "alice", "guess").await) });
    }
    while let Some(guess) = guesses.join_next().await {
        assert!(!guess.unwrap());
    }
    // Guesses that wait a second for each other may be checked later.
    let asked = farm.request_count("ValidateCredentials");
    assert!((1..=4).contains(&asked), "{asked}");
}

#[tokio::test]
async fn same_user_name_in_another_domain_gives_no_free_guesses() {
    const BAD: &str = "<ErrorId>failed-credentials</ErrorId>";
    let farm = ScriptedController::healthy().await;
    let env = TestEnvironment::start(Options {
        authentication: "domains = [\"DEMO\", \"GUEST\"]\ncredentials = \"SCRIPTED\"".to_owned(),
        more_sections: farm.farm_section("SCRIPTED", "SCRIPTED"),
        clock: Clock::stopped(),
        ..Options::default()
    })
    .await;
    let service = TokenService::discover(unknown_client(&env, 1)).await;
    let attempt = async |password, domain| {
        let conversation = service.begin().await;
        is_token(&conversation.attempt("alice", password, Some(domain)).await)
    };
    for _ in 0..5 {
        farm.set_content("ValidateCredentials", "");
        assert!(attempt("an own password", "GUEST").await);
        farm.set_content("ValidateCredentials", BAD);
        for _ in 0..2 {
            assert!(!attempt("guess", "DEMO").await);
        }
    }
    let guesses = farm.request_count("ValidateCredentials") - 5;
    assert!((1..=3).contains(&guesses), "{guesses}");
}

#[tokio::test]
async fn abandoned_password_check_keeps_its_permit() {
    let (env, farm) = env_with_clock(Clock::stopped(), "concurrency = 1\nfree_attempts = 2").await;
    for number in 1..=4 {
        let held = Arc::new(Semaphore::new(0));
        farm.hold("ValidateCredentials", &held);
        let leaving = tokio::spawn(attempt(unknown_client(&env, 1), "alice", "roam-demo"));
        farm.wait_for_requests("ValidateCredentials", 2 * number - 1)
            .await;
        leaving.abort();
        assert!(leaving.await.unwrap_err().is_cancelled());
        let mut next = Box::pin(attempt(unknown_client(&env, 2), "bob", "roam-demo"));
        let soon = std::time::Duration::from_millis(200);
        assert!(tokio::time::timeout(soon, &mut next).await.is_err());
        assert_eq!(farm.request_count("ValidateCredentials"), 2 * number - 1);
        held.close();
        assert!(is_token(&next.await));
    }
    assert!(is_token(
        &attempt(unknown_client(&env, 1), "alice", "roam-demo").await
    ));
}

#[tokio::test]
async fn sign_in_resets_failures_of_known_network() {
    let (env, farm) = env_with_throttle("").await;
    assert!(is_token(&attempt(env.server, "alice", "roam-demo").await));
    for _ in 0..5 {
        farm.set_content(
            "ValidateCredentials",
            "<ErrorId>failed-credentials</ErrorId>",
        );
        for _ in 0..2 {
            assert!(!is_token(&attempt(env.server, "alice", "slip").await));
        }
        farm.set_content("ValidateCredentials", "");
        assert!(is_token(&attempt(env.server, "alice", "roam-demo").await));
    }
}

#[tokio::test]
async fn unclear_check_and_required_change_do_not_count() {
    for error in ["service-unavailable", "must-change-credentials"] {
        let (env, farm) = env_with_throttle("").await;
        farm.set_content(
            "ValidateCredentials",
            &format!("<ErrorId>{error}</ErrorId>"),
        );
        for _ in 0..10 {
            assert!(!is_token(&attempt(env.server, "alice", "roam-demo").await));
        }
        farm.set_content("ValidateCredentials", "");
        let now = attempt(env.server, "alice", "roam-demo").await;
        assert!(is_token(&now), "{error}: {}", now.text());
    }
}

#[tokio::test]
async fn refusal_reason_is_not_revealed() {
    // CA-70, citrixauth.md §7 rule 5: the responses are equal except for the state context and the
    // user name. Attempts that have to wait have another text, which is equal for all users too.
    let mut world = World::demo();
    let [_, bob, carol] = &mut world.domains[0].users[..] else {
        panic!("the demo world has three users");
    };
    bob.account = AccountState::Disabled;
    carol.account = AccountState::LockedOut;
    let env = TestEnvironment::start(Options {
        world,
        clock: Clock::stopped(),
        ..Options::default()
    })
    .await;
    let conversation = TokenService::discover(env.server).await;
    let respond = async |user: &str, password: &str| {
        let conversation: Conversation = conversation.begin().await;
        let response = conversation.attempt(user, password, Some("DEMO")).await;
        let context = conversation.clone().next(&response).form.state_context;
        let body = response.text().replace(&context, "").replace(user, "");
        let mut headers = response.headers.clone();
        headers.retain(|(name, _)| {
            !["x-request-id", "content-length", "date"].contains(&name.to_lowercase().as_str())
        });
        (response.status, headers, body)
    };
    let refused = respond("alice", "guess").await;
    assert!(refused.2.contains("Incorrect user name or password"));
    // Three free attempts each.
    for (case, user, password) in [
        ("unknown", "mallory", "guess"),
        ("disabled", "bob", "roam-demo"),
        ("locked", "carol", "roam-demo"),
        ("wrong", "alice", "guess"),
        ("unknown", "mallory", "guess"),
        ("disabled", "bob", "roam-demo"),
        ("locked", "carol", "roam-demo"),
        ("wrong", "alice", "guess"),
        ("unknown", "mallory", "guess"),
        ("disabled", "bob", "roam-demo"),
        ("locked", "carol", "roam-demo"),
    ] {
        assert_eq!(respond(user, password).await, refused, "{case}");
    }
    let throttled = respond("alice", "guess").await;
    let text = "Wait one minute, then try again. Until then, no password is checked.";
    assert!(throttled.2.contains(text), "{}", throttled.2);
    assert_eq!((throttled.0, &throttled.1), (refused.0, &refused.1));
    for (case, user, password) in [
        ("right", "alice", "roam-demo"),
        ("unknown", "mallory", "guess"),
        ("disabled", "bob", "roam-demo"),
        ("locked", "carol", "roam-demo"),
    ] {
        assert_eq!(respond(user, password).await, throttled, "{case}");
    }
}

#[tokio::test]
async fn password_checks_are_limited_and_shared_between_clients() {
    let (env, farm) = env_with_throttle("concurrency = 1").await;
    let held = Arc::new(Semaphore::new(0));
    farm.hold("ValidateCredentials", &held);
    let mut flood = JoinSet::new();
    let spawn = |flood: &mut JoinSet<Response>, server: HttpPeer, user: String| {
        flood.spawn(async move { attempt(server, &user, "roam-demo").await });
    };
    // One is checked and sixteen wait, all from one client.
    for number in 0..17 {
        spawn(&mut flood, unknown_client(&env, 1), format!("user{number}"));
    }
    farm.wait_for_requests("ValidateCredentials", 1).await;
    // Another attempt of that client gets 503 with `Retry-After`. Its conversation continues.
    let there = TokenService::discover(unknown_client(&env, 1)).await;
    let conversation = there.begin().await;
    let refused = loop {
        let wait = conversation.attempt("alice", "roam-demo", Some("DEMO"));
        match tokio::time::timeout(std::time::Duration::from_millis(200), wait).await {
            Ok(refused) => break refused,
            // The queue had capacity because the flood was not complete. The attempt left it with
            // its client.
            Err(_) => continue,
        }
    };
    let is_refused = |refused: &Response| {
        assert_eq!(refused.status, 503, "{}", refused.text());
        assert_eq!(refused.header("retry-after"), Some("5"));
    };
    is_refused(&refused);
    // An attempt of another client evicts one of the flood.
    let mut elsewhere = JoinSet::new();
    spawn(&mut elsewhere, env.server, "bob".to_owned());
    is_refused(&flood.join_next().await.unwrap().unwrap());
    held.close();
    for response in elsewhere.join_all().await {
        assert!(is_token(&response));
    }
    while let Some(response) = flood.join_next().await {
        assert!(is_token(&response.unwrap()));
    }
    let response = conversation
        .attempt("alice", "roam-demo", Some("DEMO"))
        .await;
    token_of(&response);
}
