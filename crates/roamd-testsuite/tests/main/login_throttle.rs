//! Who guesses passwords gets nowhere, and locks nobody out (citrixauth.md §7 rule 5).

use std::net::Ipv4Addr;
use std::sync::Arc;

use roamd_farm::{AccountState, World};
use roamd_testsuite::{
    Clock, Conversation, Options, Response, ScriptedFarm, Site, TokenService, Wire, token_of,
};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

const TOKEN: &str = "application/vnd.citrix.requesttokenresponse+xml";

/// A site whose passwords are checked by a farm that counts how often.
async fn counted(login_throttle: &str) -> (Site, ScriptedFarm) {
    counted_by(Clock::System, login_throttle).await
}

/// The same, with another clock.
async fn counted_by(clock: Clock, login_throttle: &str) -> (Site, ScriptedFarm) {
    let farm = ScriptedFarm::friendly().await;
    let site = Site::start(Options {
        authentication: format!(
            "domains = [\"DEMO\"]\ncredentials = \"GATE\"\n[login_throttle]\n{login_throttle}"
        ),
        more_farms: farm.section("GATE", "GATE"),
        clock,
        ..Options::default()
    })
    .await;
    (site, farm)
}

/// A client somewhere else, each time.
fn stranger(site: &Site, number: u16) -> Wire {
    let [high, low] = number.to_be_bytes();
    site.gateway.from(Ipv4Addr::new(127, 1, high, low))
}

/// One attempt in a conversation of its own.
async fn attempt(wire: Wire, user: &str, password: &str) -> Response {
    let conversation = TokenService::discover(wire).await.begin().await;
    conversation.attempt(user, password, Some("DEMO")).await
}

fn is_token(response: &Response) -> bool {
    assert_eq!(response.status, 200, "{}", response.text());
    response.header("content-type") == Some(TOKEN)
}

#[tokio::test]
async fn hundreds_of_wrong_passwords_reach_no_farm_and_lock_nobody_out_at_home() {
    // bad-inputs 59
    for (case, user, from, most) in [
        ("one user, one place", 1, 1, 9),
        ("one user, many places", 1, 150, 9),
        ("many users, one place", 150, 1, 66),
    ] {
        // How fast this machine is must not decide who has waited long enough.
        let (mut site, farm) = counted_by(Clock::stopped(), "").await;
        assert!(is_token(&attempt(site.gateway, "user0", "roam-demo").await));
        let service = TokenService::discover(site.gateway).await;
        let right = farm.received("ValidateCredentials");
        farm.answer(
            "ValidateCredentials",
            "<ErrorId>failed-credentials</ErrorId>",
        );
        for number in 0..150 {
            let wire = stranger(&site, number % from);
            let service = TokenService {
                wire,
                ..service.clone()
            };
            let user = format!("user{}", number % user);
            let guess = service.begin().await;
            let guess = guess.attempt(&user, "guess", Some("DEMO")).await;
            assert!(!is_token(&guess), "{case}");
        }
        let asked = farm.received("ValidateCredentials") - right;
        assert!((1..=most).contains(&asked), "{case}: {asked}");

        // At home on every node, and after a restart. Elsewhere a stranger may be anybody.
        farm.answer("ValidateCredentials", "");
        let other = site.second_node().await;
        assert!(
            is_token(&attempt(other, "USER0", "roam-demo").await),
            "{case}"
        );
        site.restart_gateway().await;
        assert!(is_token(&attempt(site.gateway, "user0", "roam-demo").await));
        let elsewhere = attempt(stranger(&site, 999), "user0", "roam-demo").await;
        assert_eq!(is_token(&elsewhere), user > 1, "{case}");
    }
}

#[tokio::test]
async fn people_who_sign_in_with_many_programs_at_once_do_not_hold_themselves_up() {
    let (site, farm) = counted("free_attempts = 2").await;
    for case in ["for the first time", "known"] {
        let mut programs = JoinSet::new();
        for _ in 0..30 {
            let wire = site.gateway;
            programs.spawn(async move { is_token(&attempt(wire, "alice", "roam-demo").await) });
        }
        while let Some(signed_in) = programs.join_next().await {
            assert!(signed_in.unwrap(), "{case}");
        }
    }
    assert_eq!(farm.received("ValidateCredentials"), 60);
}

#[tokio::test]
async fn of_many_guesses_at_once_no_more_are_looked_at_than_are_free() {
    let (mut site, farm) = counted("free_attempts = 2\nlongest_delay = \"0.12:00:00\"").await;
    farm.answer(
        "ValidateCredentials",
        "<ErrorId>failed-credentials</ErrorId>",
    );
    let nodes = [site.gateway, site.second_node().await];
    let mut guesses = JoinSet::new();
    for number in 0..60_u8 {
        let node = nodes[usize::from(number % 2)].from([127, 2, 0, number]);
        guesses.spawn(async move { is_token(&attempt(node, "alice", "guess").await) });
    }
    while let Some(guess) = guesses.join_next().await {
        assert!(!guess.unwrap());
    }
    // Those that wait a second for each other may be looked at later.
    let asked = farm.received("ValidateCredentials");
    assert!((1..=4).contains(&asked), "{asked}");
}

#[tokio::test]
async fn who_has_an_account_of_the_same_name_elsewhere_wins_no_guesses_by_it() {
    const BAD: &str = "<ErrorId>failed-credentials</ErrorId>";
    let farm = ScriptedFarm::friendly().await;
    let site = Site::start(Options {
        authentication: "domains = [\"DEMO\", \"GUEST\"]\ncredentials = \"GATE\"".to_owned(),
        more_farms: farm.section("GATE", "GATE"),
        clock: Clock::stopped(),
        ..Options::default()
    })
    .await;
    let service = TokenService::discover(stranger(&site, 1)).await;
    let attempt = async |password, domain| {
        let conversation = service.begin().await;
        is_token(&conversation.attempt("alice", password, Some(domain)).await)
    };
    for _ in 0..5 {
        farm.answer("ValidateCredentials", "");
        assert!(attempt("an own password", "GUEST").await);
        farm.answer("ValidateCredentials", BAD);
        for _ in 0..2 {
            assert!(!attempt("guess", "DEMO").await);
        }
    }
    let guesses = farm.received("ValidateCredentials") - 5;
    assert!((1..=3).contains(&guesses), "{guesses}");
}

#[tokio::test]
async fn who_leaves_while_a_password_is_looked_at_frees_no_turn_and_is_not_held_up_later() {
    let (site, farm) = counted_by(Clock::stopped(), "concurrency = 1\nfree_attempts = 2").await;
    for number in 1..=4 {
        let held = Arc::new(Semaphore::new(0));
        farm.hold("ValidateCredentials", &held);
        let leaving = tokio::spawn(attempt(stranger(&site, 1), "alice", "roam-demo"));
        farm.reached("ValidateCredentials", 2 * number - 1).await;
        leaving.abort();
        assert!(leaving.await.unwrap_err().is_cancelled());
        let mut next = Box::pin(attempt(stranger(&site, 2), "bob", "roam-demo"));
        let soon = std::time::Duration::from_millis(200);
        assert!(tokio::time::timeout(soon, &mut next).await.is_err());
        assert_eq!(farm.received("ValidateCredentials"), 2 * number - 1);
        held.close();
        assert!(is_token(&next.await));
    }
    assert!(is_token(
        &attempt(stranger(&site, 1), "alice", "roam-demo").await
    ));
}

#[tokio::test]
async fn slips_at_home_are_forgiven_by_the_next_sign_in() {
    let (site, farm) = counted("").await;
    assert!(is_token(&attempt(site.gateway, "alice", "roam-demo").await));
    for _ in 0..5 {
        farm.answer(
            "ValidateCredentials",
            "<ErrorId>failed-credentials</ErrorId>",
        );
        for _ in 0..2 {
            assert!(!is_token(&attempt(site.gateway, "alice", "slip").await));
        }
        farm.answer("ValidateCredentials", "");
        assert!(is_token(&attempt(site.gateway, "alice", "roam-demo").await));
    }
}

#[tokio::test]
async fn what_a_farm_could_not_say_and_a_password_that_has_to_change_are_no_guesses() {
    for error in ["service-unavailable", "must-change-credentials"] {
        let (site, farm) = counted("").await;
        farm.answer(
            "ValidateCredentials",
            &format!("<ErrorId>{error}</ErrorId>"),
        );
        for _ in 0..10 {
            assert!(!is_token(
                &attempt(site.gateway, "alice", "roam-demo").await
            ));
        }
        farm.answer("ValidateCredentials", "");
        let now = attempt(site.gateway, "alice", "roam-demo").await;
        assert!(is_token(&now), "{error}: {}", now.text());
    }
}

#[tokio::test]
async fn nobody_is_told_why_a_sign_in_was_refused() {
    // CA-70, citrixauth.md §7 rule 5: byte for byte, but for the state context and the name.
    let mut world = World::demo();
    let [_, bob, carol] = &mut world.domains[0].users[..] else {
        panic!("the demo world has three users");
    };
    bob.account = AccountState::Disabled;
    carol.account = AccountState::LockedOut;
    let site = Site::start(Options {
        world,
        clock: Clock::stopped(),
        ..Options::default()
    })
    .await;
    let conversation = TokenService::discover(site.gateway).await;
    let mut answers = Vec::new();
    for (case, user, password) in [
        ("wrong", "alice", "guess"),
        ("unknown", "nobody", "guess"),
        ("disabled", "bob", "roam-demo"),
        ("locked", "carol", "roam-demo"),
        ("wrong", "alice", "guess"),
        ("wrong", "alice", "guess"),
        ("delayed, wrong", "alice", "guess"),
        ("delayed, right", "alice", "roam-demo"),
        ("delayed by place", "alice", "roam-demo"),
    ] {
        let conversation: Conversation = conversation.begin().await;
        let response = conversation.attempt(user, password, Some("DEMO")).await;
        let context = conversation.clone().next(&response).form.state_context;
        let body = response.text().replace(&context, "").replace(user, "");
        let mut headers = response.headers.clone();
        headers.retain(|(name, _)| {
            !["x-request-id", "content-length", "date"].contains(&name.to_lowercase().as_str())
        });
        answers.push((case, response.status, headers, body));
    }
    let (_, status, headers, body) = answers[0].clone();
    for answer in answers {
        let case = answer.0;
        assert_eq!(answer, (case, status, headers.clone(), body.clone()));
    }
}

#[tokio::test]
async fn so_many_passwords_are_checked_at_once_and_turns_go_round_by_place() {
    let (site, farm) = counted("concurrency = 1").await;
    let held = Arc::new(Semaphore::new(0));
    farm.hold("ValidateCredentials", &held);
    let mut flood = JoinSet::new();
    let spawn = |flood: &mut JoinSet<Response>, wire: Wire, user: String| {
        flood.spawn(async move { attempt(wire, &user, "roam-demo").await });
    };
    // One is checked, sixteen wait, all from one place.
    for number in 0..17 {
        spawn(&mut flood, stranger(&site, 1), format!("user{number}"));
    }
    farm.reached("ValidateCredentials", 1).await;
    // Whoever comes from there now finds no room, and hears when to come again. The conversation goes on.
    let there = TokenService::discover(stranger(&site, 1)).await;
    let conversation = there.begin().await;
    let refused = loop {
        let wait = conversation.attempt("alice", "roam-demo", Some("DEMO"));
        match tokio::time::timeout(std::time::Duration::from_millis(200), wait).await {
            Ok(refused) => break refused,
            // There was room yet: not all of the flood had come. It left with its client.
            Err(_) => continue,
        }
    };
    let is_refused = |refused: &Response| {
        assert_eq!(refused.status, 503, "{}", refused.text());
        assert_eq!(refused.header("retry-after"), Some("5"));
    };
    is_refused(&refused);
    // For one who comes from somewhere else, one of the flood has to go.
    let mut elsewhere = JoinSet::new();
    spawn(&mut elsewhere, site.gateway, "bob".to_owned());
    is_refused(&flood.join_next().await.unwrap().unwrap());
    held.close();
    for answer in elsewhere.join_all().await {
        assert!(is_token(&answer));
    }
    while let Some(answer) = flood.join_next().await {
        assert!(is_token(&answer.unwrap()));
    }
    let answer = conversation
        .attempt("alice", "roam-demo", Some("DEMO"))
        .await;
    token_of(&answer);
}
