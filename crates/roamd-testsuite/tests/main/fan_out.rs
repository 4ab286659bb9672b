//! Operations on several farms: a single deadline, a single enumeration per user, stale passwords
//! that reach as few farms as possible, and limits for each farm.

use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use roamd_farm::{AccountChange, AccountState};
use roamd_store_proto::{EnumerationStatus, Resources, SessionState};
use roamd_testkit::{FarmConfig, Script, ScriptedController, StoreConfig};
use roamd_testsuite::{
    Options, Response, SignedIn, TestEnvironment, TokenService, challenge_of, path_of,
    session_params, sign_in, sign_in_to,
};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::timeout;

const ACTIVE: &str = "<includeActiveSessions>true</includeActiveSessions>";

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// Path of a second store.
const OTHER: &str = "/Citrix/Other";

/// A deadline that no test reaches.
const LONG: &str = "timeout_ms = 600000\n";

/// Far less than [`LONG`], and more than a busy machine needs.
const SOON: Duration = Duration::from_secs(20);

/// Starts the demo environment with three scripted farms, of which the first checks passwords.
/// `more` are lines for each of them.
async fn env_with_three_farms(more: &str) -> (TestEnvironment, [ScriptedController; 3]) {
    let farms = [
        ScriptedController::healthy().await,
        ScriptedController::healthy().await,
        ScriptedController::healthy().await,
    ];
    let sections = ["ONE", "TWO", "THREE"].iter().zip(&farms);
    let more_sections = sections
        .map(|(id, farm)| farm.farm_section(id, id) + more)
        .collect();
    let env = TestEnvironment::start(Options {
        authentication: "credentials = \"ONE\"\ndomains = [\"DEMO\"]".to_owned(),
        more_sections,
        ..Options::default()
    })
    .await;
    (env, farms)
}

/// Starts the demo environment with a second store that has one farm.
async fn env_with_two_stores(farm: &ScriptedController, more: &str) -> TestEnvironment {
    let only = FarmConfig {
        lines: more.to_owned(),
        ..FarmConfig::new("SCRIPTED", farm.url())
    };
    TestEnvironment::start(Options {
        // All clients of these tests have one address.
        listener: "[limits]\nconnections_per_client = 2000\nrequests_per_client = 2000".to_owned(),
        more_sections: StoreConfig::new(OTHER, [only]).to_string(),
        ..Options::default()
    })
    .await
}

async fn soon<T>(response: impl Future<Output = T>) -> T {
    timeout(SOON, response).await.unwrap()
}

async fn list(user: &SignedIn, extra: &str) -> Response {
    let accept = "application/vnd.citrix.sessionstate+xml";
    let body = session_params("DESK-C", extra);
    user.post("available", accept, &body).await
}

async fn end(user: &SignedIn, operation: &str) -> Response {
    let accept = "application/vnd.citrix.sessionresults+xml";
    let body = session_params("DESK-C", "");
    user.post(operation, accept, &body).await
}

async fn state(user: &SignedIn, extra: &str) -> SessionState {
    user.state("DESK-C", extra).await.unwrap()
}

fn count(farms: &[ScriptedController; 3]) -> [usize; 3] {
    farms.each_ref().map(ScriptedController::total_requests)
}

#[tokio::test]
async fn stale_password_reaches_only_one_farm() {
    // CA-12: the reason tells the client to drop the password only if the password is wrong.
    for (error, reason) in [
        ("failed-credentials", "badpassword"),
        ("expired-credentials", "badpassword"),
        ("must-change-credentials", "badpassword"),
        ("account-disabled", "badaccount"),
        ("account-locked-out", "badaccount"),
        ("invalid-logon-hours", "badaccount"),
    ] {
        let (mut env, farms) = env_with_three_farms("").await;
        let carol = sign_in(&env, "carol", "roam-demo").await;
        let launch = carol.launch_url("DESK-C", "", "ONE.Ledger").await;
        // After a restart, no password check is cached.
        env.restart_server().await;
        let refusal = format!("<ErrorId>{error}</ErrorId>");
        for farm in &farms {
            farm.make_healthy();
            farm.set_content("ValidateCredentials", &refusal);
        }
        let responses = tokio::join!(list(&carol, ACTIVE), list(&carol, ""));
        for response in [responses.0, responses.1] {
            assert_eq!(challenge_of(&response).reason, reason, "{error}");
        }
        assert_eq!(count(&farms), [1, 0, 0], "{error}");
        // Further requests reach no farm.
        for operation in ["disconnect", "logoff"] {
            let ended = end(&carol, operation).await;
            assert_eq!(challenge_of(&ended).reason, reason, "{error}");
        }
        let launched = carol.launch(&launch, "DESK-C").await;
        assert_eq!(challenge_of(&launched).reason, reason, "{error}");
        assert_eq!(count(&farms), [1, 0, 0], "{error}");
        // A sign-in checks the password again, and its result counts.
        for farm in &farms {
            farm.make_healthy();
        }
        let carol = sign_in(&env, "carol", "roam-demo").await;
        assert_eq!(state(&carol, "").await.enumeration, EnumerationStatus::Full);
    }
}

#[tokio::test]
async fn hanging_farm_does_not_block_the_password_check() {
    let [one, two] = [
        ScriptedController::healthy().await,
        ScriptedController::healthy().await,
    ];
    let mut env = TestEnvironment::start(Options {
        store: one.farm_section("ONE", "One") + &two.farm_section("TWO", "Two"),
        ..Options::default()
    })
    .await;
    let carol = sign_in(&env, "carol", "roam-demo").await;
    // After a restart, no password check is cached.
    env.restart_server().await;
    one.hold("ValidateCredentials", &Arc::new(Semaphore::new(0)));
    two.set_content(
        "ValidateCredentials",
        "<ErrorId>failed-credentials</ErrorId>",
    );
    let response = list(&carol, "").await;
    assert_eq!(challenge_of(&response).reason, "badpassword");
}

#[tokio::test]
async fn good_password_is_checked_once_until_the_cache_expires() {
    let (mut env, [one, ..]) = env_with_three_farms("").await;
    let carol = sign_in(&env, "carol", "roam-demo").await;
    assert_eq!(one.request_count("ValidateCredentials"), 1);
    state(&carol, "").await;
    carol.end("disconnect", "DESK-C", "").await;
    assert_eq!(one.request_count("ValidateCredentials"), 1);
    // A new process checks once.
    env.restart_server().await;
    one.make_healthy();
    for _ in 0..3 {
        state(&carol, "").await;
        carol.end("disconnect", "DESK-C", "").await;
    }
    assert_eq!(one.request_count("ValidateCredentials"), 1);
}

#[tokio::test]
async fn password_refused_by_a_farm_is_checked_before_the_next_call() {
    let (env, farms) = env_with_three_farms("").await;
    let carol = sign_in(&env, "carol", "roam-demo").await;
    let [one, two, three] = &farms;
    two.set_content("AppData", "<ErrorId>failed-credentials</ErrorId>");
    two.set_content(
        "ReconnectSessionData",
        "<ErrorId>failed-credentials</ErrorId>",
    );
    let listed = state(&carol, "").await;
    assert_eq!(listed.enumeration, EnumerationStatus::Partial);
    assert_eq!(one.request_count("ValidateCredentials"), 1);
    // The password was changed, so that no further farm is called.
    one.set_content(
        "ValidateCredentials",
        "<ErrorId>failed-credentials</ErrorId>",
    );
    let before = count(&farms);
    assert_eq!(challenge_of(&list(&carol, "").await).reason, "badpassword");
    assert_eq!(count(&farms), [before[0] + 1, before[1], before[2]]);
    assert!(three.request_count("ReconnectSessionData") > 0);
}

#[tokio::test]
async fn account_refused_by_every_farm_gets_401_at_once() {
    // CA-12: the first request after the change, although the password was confirmed just before.
    let accounts = [
        (AccountState::MustChange, "badpassword"),
        (AccountState::Disabled, "badaccount"),
        (AccountState::LockedOut, "badaccount"),
    ];
    for (state, reason) in accounts {
        let env = TestEnvironment::demo().await;
        let alice = sign_in(&env, "alice", "roam-demo").await;
        let session = alice.launch_url("DESK-C", "", "CVAD.Excel").await;
        let resources = alice.get("/Citrix/Store/resources/v2").await;
        let resources = Resources::from_xml(&resources.body).unwrap().resources;
        let word = resources.iter().find(|it| it.id == "CVAD.Word").unwrap();
        let (word, url) = (path_of(word.link.as_ref().unwrap()), &word.launch_ica);
        let set = |state| {
            let change = AccountChange {
                account: Some(state),
                ..AccountChange::default()
            };
            let now = Timestamp::now();
            env.farms.set_account("alice", &change, now).unwrap();
        };
        let requests: [(&str, BoxFuture<'_, Response>); 8] = [
            ("list", Box::pin(list(&alice, ""))),
            ("active sessions", Box::pin(list(&alice, ACTIVE))),
            ("disconnect", Box::pin(end(&alice, "disconnect"))),
            ("log off", Box::pin(end(&alice, "logoff"))),
            ("reconnect", Box::pin(alice.launch(&session, "DESK-C"))),
            (
                "launch",
                Box::pin(alice.launch(url.as_ref().unwrap(), "DESK-C")),
            ),
            (
                "resources",
                Box::pin(alice.get("/Citrix/Store/resources/v2")),
            ),
            ("resource", Box::pin(alice.get(word))),
        ];
        for (case, request) in requests {
            set(AccountState::Enabled);
            sign_in(&env, "alice", "roam-demo").await;
            set(state);
            let response = request.await;
            assert_eq!(challenge_of(&response).reason, reason, "{case}: {state:?}");
        }
    }
}

#[tokio::test]
async fn farms_are_called_when_the_password_cannot_be_checked() {
    for script in [
        Script::silence(),
        Script::reset(),
        Script::body(roamd_testkit::document(
            "ValidateCredentials",
            "<ErrorId>unspecified</ErrorId>",
        )),
    ] {
        let (mut env, [one, ..]) = env_with_three_farms("timeout_ms = 1000\n").await;
        let carol = sign_in(&env, "carol", "roam-demo").await;
        env.restart_server().await;
        one.make_healthy();
        one.set_script("ValidateCredentials", script);
        for _ in 0..2 {
            let listed = soon(state(&carol, "")).await;
            assert_eq!(listed.enumeration, EnumerationStatus::Full);
        }
        assert_eq!(one.request_count("ValidateCredentials"), 1);
    }
}

#[tokio::test]
async fn operation_on_a_single_farm_needs_no_password_check() {
    let farm = ScriptedController::healthy().await;
    let mut env = env_with_two_stores(&farm, "").await;
    let carol = sign_in_to(&env, OTHER, "carol", "roam-demo").await;
    env.restart_server().await;
    assert_eq!(state(&carol, "").await.enumeration, EnumerationStatus::Full);
    assert_eq!(farm.request_count("ValidateCredentials"), 0);
    let refusal = "<ErrorId>failed-credentials</ErrorId>";
    farm.set_content("ReconnectSessionData", refusal);
    farm.set_content("AppData", refusal);
    assert_eq!(
        state(&carol, "").await.enumeration,
        EnumerationStatus::Failed
    );
    let received = farm.request_count("ReconnectSessionData");
    // After the refusal, a farm that checks passwords is asked. It confirms this one.
    assert_eq!(
        state(&carol, "").await.enumeration,
        EnumerationStatus::Failed
    );
    assert_eq!(farm.request_count("ReconnectSessionData"), received + 1);
}

#[tokio::test]
async fn listing_is_repeated_only_without_side_effects() {
    // SS-29, nfuse.md §3.3. The only controller is tried again, and before that a kept connection
    // is replaced by a new one.
    let harmless = 2..=3;
    for (generation, extra, expected) in [
        ("cvad-7", "", &harmless),
        ("cvad-7", ACTIVE, &harmless),
        ("xendesktop-5", "", &harmless),
        ("xendesktop-5", ACTIVE, &(1..=1)),
        ("xenapp-6", "", &harmless),
        ("xenapp-6", ACTIVE, &(1..=1)),
    ] {
        let farm = ScriptedController::healthy().await;
        let options = Options {
            more_sections: farm.farm_section_of(generation, "SCRIPTED", "SCRIPTED"),
            ..Options::default()
        };
        let env = TestEnvironment::start(options).await;
        let carol = sign_in(&env, "carol", "roam-demo").await;
        farm.set_script("ReconnectSessionData", Script::close());
        let listed = state(&carol, extra).await;
        assert_eq!(
            listed.enumeration,
            EnumerationStatus::Partial,
            "{generation}"
        );
        let received = farm.request_count("ReconnectSessionData");
        assert!(
            expected.contains(&received),
            "{generation} {extra}: {received}"
        );
    }
}

#[tokio::test]
async fn listing_of_one_farm_has_a_single_deadline() {
    tokio::join!(list_in_time("xenapp-6"), list_in_time("cvad-7"));
}

async fn list_in_time(generation: &'static str) {
    let farm = ScriptedController::healthy().await;
    let options = Options {
        more_sections: farm.farm_section_of(generation, "SCRIPTED", "SCRIPTED")
            + "timeout_ms = 3000\n",
        ..Options::default()
    };
    let env = TestEnvironment::start(options).await;
    let carol = sign_in(&env, "carol", "roam-demo").await;
    // An enumeration without a response leaves the listing its time.
    farm.set_script("AppData", Script::silence());
    let listed = state(&carol, ACTIVE).await;
    assert_eq!(listed.enumeration, EnumerationStatus::Full, "{generation}");
    // If both get no response, the client waits for one deadline, not for one and a half.
    farm.set_script("ReconnectSessionData", Script::silence());
    let begin = Instant::now();
    let listed = state(&carol, ACTIVE).await;
    assert_eq!(
        listed.enumeration,
        EnumerationStatus::Partial,
        "{generation}"
    );
    let took = begin.elapsed();
    assert!(took < Duration::from_millis(4400), "{generation}: {took:?}");
}

#[tokio::test]
async fn sign_in_discards_the_resource_cache_of_every_farm() {
    let (env, farms) = env_with_three_farms("").await;
    let mut carol = sign_in(&env, "carol", "roam-demo").await;
    for fetched in 1..=2 {
        for _ in 0..2 {
            state(&carol, "").await;
            for farm in &farms {
                assert_eq!(farm.request_count("AppData"), fetched);
            }
        }
        carol = sign_in(&env, "carol", "roam-demo").await;
    }
}

#[tokio::test]
async fn cancelled_enumeration_does_not_fail_other_waiters() {
    let farm = ScriptedController::healthy().await;
    let env = env_with_two_stores(&farm, LONG).await;
    let carol = sign_in_to(&env, OTHER, "carol", "roam-demo").await;
    farm.set_content(
        "AppData",
        "<AppDataSet><AppData><InName>Ledger</InName><FName>Big Ledger</FName></AppData></AppDataSet>",
    );
    let release = Arc::new(Semaphore::new(0));
    farm.hold("AppData", &release);
    let client = |user: &SignedIn| {
        let user = user.clone();
        tokio::spawn(async move { state(&user, "").await })
    };
    let gone = client(&carol);
    soon(farm.wait_for_requests("AppData", 1)).await;
    let waits = client(&carol);
    soon(farm.wait_for_requests("ReconnectSessionData", 2)).await;
    assert_eq!(farm.request_count("AppData"), 1, "one asks for both");
    gone.abort();
    soon(farm.wait_for_requests("AppData", 2)).await;
    release.close();
    let listed = soon(waits).await.unwrap();
    assert_eq!(listed.enumeration, EnumerationStatus::Full);
    assert_eq!(listed.sessions[0].initial_app, "Big Ledger");
}

#[tokio::test]
async fn full_farm_is_left_out_and_full_store_gets_503() {
    // SS-37, SS-64
    let farm = ScriptedController::healthy().await;
    let bound = |id| FarmConfig {
        lines: format!("concurrency = 1\nqueue = 0\n{LONG}"),
        ..FarmConfig::new(id, farm.url())
    };
    let other = StoreConfig::new(OTHER, [bound("GATE2")]);
    let options = Options {
        more_sections: format!("{}{other}", bound("SCRIPTED")),
        ..Options::default()
    };
    let env = TestEnvironment::start(options).await;
    let here = sign_in(&env, "carol", "roam-demo").await;
    let there = sign_in_to(&env, OTHER, "carol", "roam-demo").await;
    let launch = there.launch_url("DESK-C", "", "GATE2.Ledger").await;
    farm.set_script("ReconnectSessionData", Script::silence());
    let mut hang = JoinSet::new();
    for (user, received) in [(&here, 2), (&there, 3)] {
        let user = user.clone();
        hang.spawn(async move { list(&user, "").await });
        soon(farm.wait_for_requests("ReconnectSessionData", received)).await;
    }
    let listed = soon(state(&here, "")).await;
    assert_eq!(listed.enumeration, EnumerationStatus::Partial);
    assert_eq!(soon(here.end("disconnect", "DESK-C", "")).await, "partial");

    let results = "application/vnd.citrix.sessionresults+xml";
    let body = session_params("DESK-C", "");
    for refused in [
        soon(list(&there, "")).await,
        soon(list(&there, ACTIVE)).await,
        soon(there.post("disconnect", results, &body)).await,
        soon(there.post("logoff", results, &body)).await,
        soon(there.launch(&launch, "DESK-C")).await,
    ] {
        assert_eq!(refused.status, 503, "{}", refused.text());
        assert_eq!(refused.header("retry-after"), Some("5"));
        assert!(!refused.text().contains('<'), "{}", refused.text());
    }
    for request in ["DisconnectUserSessions", "LogoffUserSessions", "Address"] {
        assert_eq!(farm.request_count(request), 0, "{request}");
    }
    assert_eq!(hang.len(), 2);
}

#[tokio::test]
async fn sign_in_at_a_full_farm_reports_unavailable() {
    // CA-70
    let farm = ScriptedController::healthy().await;
    let env = TestEnvironment::start(Options {
        authentication: "credentials = \"SCRIPTED\"\ndomains = [\"DEMO\"]".to_owned(),
        more_sections: farm.farm_section("SCRIPTED", "SCRIPTED")
            + "concurrency = 1\nqueue = 0\n"
            + LONG,
        ..Options::default()
    })
    .await;
    let carol = sign_in(&env, "carol", "roam-demo").await;
    farm.set_script("ReconnectSessionData", Script::silence());
    let mut hang = JoinSet::new();
    hang.spawn(async move { list(&carol, "").await });
    soon(farm.wait_for_requests("ReconnectSessionData", 1)).await;
    let conversation = TokenService::discover(env.server).await.begin().await;
    let attempt = conversation.attempt("carol", "roam-demo", Some("DEMO"));
    let response = soon(attempt).await;
    assert_eq!(response.status, 200);
    assert!(
        response.text().contains("error-service-unavailable"),
        "{}",
        response.text()
    );
    assert_eq!(farm.request_count("ValidateCredentials"), 1);
}

#[tokio::test]
async fn farm_with_63_000_sessions_does_not_hold_up_others() {
    // SS-37; nearly as many as fit into a response.
    const SESSIONS: usize = 63_000;
    const LISTED: usize = 5_000;
    let farm = ScriptedController::healthy().await;
    let env = env_with_two_stores(&farm, LONG).await;
    let carol = sign_in_to(&env, OTHER, "carol", "roam-demo").await;
    let entry = |number| {
        format!(
            "<AppData><InName>Ledger</InName><HostId>9</HostId><SessionId>{number}</SessionId>\
             </AppData>"
        )
    };
    let entries: String = (0..SESSIONS).map(entry).collect();
    let content = format!("<AppDataSet>{entries}</AppDataSet>");
    farm.set_content("ReconnectSessionData", &content);
    let release = Arc::new(Semaphore::new(0));
    farm.hold("ReconnectSessionData", &release);
    let user = carol.clone();
    // The client is on another thread, because it also works long on such a list.
    let runtime = Handle::current();
    let listing = spawn_blocking(move || runtime.block_on(list(&user, "")));
    soon(farm.wait_for_requests("ReconnectSessionData", 1)).await;
    let begin = Instant::now();
    release.close();
    // The server of a test runs on one thread, like a worker. Meanwhile it serves another client.
    let mut connection = env.server.connect().await;
    let mut longest = Duration::ZERO;
    while !listing.is_finished() {
        let begin = Instant::now();
        let health = connection.exchange(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_eq!(health.await.status, 200);
        longest = longest.max(begin.elapsed());
    }
    let took = begin.elapsed();
    assert!(longest < took / 4, "{longest:?} of {took:?}");
    let listed = SessionState::from_xml(&listing.await.unwrap().body).unwrap();
    assert_eq!(listed.enumeration, EnumerationStatus::Partial);
    assert_eq!(listed.sessions.len(), LISTED);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousand_clients_of_a_hanging_farm_do_not_slow_others() {
    const CLIENTS: usize = 1000;
    const SERVED: usize = 4;
    const WAITING: usize = 16;
    let farm = ScriptedController::healthy().await;
    // The clients are one user, who gets half of the permits.
    let bound = format!("concurrency = {}\nqueue = {WAITING}\n{LONG}", 2 * SERVED);
    let env = env_with_two_stores(&farm, &bound).await;
    let here = sign_in(&env, "carol", "roam-demo").await;
    let there = sign_in_to(&env, OTHER, "carol", "roam-demo").await;
    for request in ["AppData", "ReconnectSessionData"] {
        farm.set_script(request, Script::silence());
    }
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        let there = there.clone();
        clients.spawn(async move { list(&there, "").await.status });
    }
    for _ in SERVED + WAITING..CLIENTS {
        let status = soon(clients.join_next()).await.unwrap().unwrap();
        assert_eq!(status, 503);
    }
    let listed = soon(state(&here, "")).await;
    assert_eq!(listed.enumeration, EnumerationStatus::Full);
    soon(sign_in(&env, "alice", "roam-demo")).await;
    assert_eq!(clients.len(), SERVED + WAITING);
    assert_eq!(farm.request_count("ReconnectSessionData"), SERVED);
    assert_eq!(farm.request_count("AppData"), 1);
    // Waiting clients leave the queue when they hang up, and new clients are served at once.
    clients.shutdown().await;
    farm.make_healthy();
    soon(until_served(&there)).await;
}

/// A user with ten times as many lists as the farm has permits, none of which the farm answers,
/// leaves permits of the same farm to others.
#[tokio::test]
async fn user_on_a_slow_farm_leaves_permits_to_others() {
    const PERMITS: usize = 8;
    let farm = ScriptedController::healthy().await;
    let bound = format!("concurrency = {PERMITS}\nqueue = 100\n{LONG}");
    let env = env_with_two_stores(&farm, &bound).await;
    let slow = sign_in_to(&env, OTHER, "carol", "roam-demo").await;
    let other = sign_in_to(&env, OTHER, "alice", "roam-demo").await;
    for request in ["AppData", "ReconnectSessionData"] {
        farm.set_script(request, Script::silence());
    }
    let mut lists = JoinSet::new();
    for _ in 0..10 * PERMITS {
        let slow = slow.clone();
        lists.spawn(async move { list(&slow, "").await.status });
    }
    soon(farm.wait_for_requests("ReconnectSessionData", PERMITS / 2)).await;
    farm.make_healthy();
    for _ in 0..3 {
        let listed = soon(state(&other, "")).await;
        assert_eq!(listed.enumeration, EnumerationStatus::Full);
    }
    assert_eq!(soon(other.end("disconnect", "DESK-C", "")).await, "success");
    assert!(
        lists.try_join_next().is_none(),
        "the lists of the user wait"
    );
    // Those of the user have not got the permits of the others either.
    assert_eq!(farm.request_count("ReconnectSessionData"), 3);
}

/// Lists until the server has capacity, as a client does after `503`.
async fn until_served(user: &SignedIn) {
    while list(user, "").await.status != 200 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn hang_up_cancels_a_read_and_lets_a_change_finish() {
    let farm = ScriptedController::healthy().await;
    let bound = format!("concurrency = 1\nqueue = 0\n{LONG}");
    let env = env_with_two_stores(&farm, &bound).await;
    let carol = sign_in_to(&env, OTHER, "carol", "roam-demo").await;
    farm.set_script("ReconnectSessionData", Script::silence());
    let user = carol.clone();
    let reads = tokio::spawn(async move { list(&user, "").await });
    soon(farm.wait_for_requests("ReconnectSessionData", 1)).await;
    reads.abort();
    farm.make_healthy();
    soon(until_served(&carol)).await;

    for (operation, request) in [
        ("disconnect", "DisconnectUserSessions"),
        ("logoff", "LogoffUserSessions"),
    ] {
        let release = Arc::new(Semaphore::new(0));
        farm.hold(request, &release);
        let user = carol.clone();
        let changes = tokio::spawn(async move { user.end(operation, "DESK-C", "").await });
        soon(farm.wait_for_requests(request, 1)).await;
        changes.abort();
        // The change still has the only permit of the farm, until the farm has responded.
        tokio::time::sleep(Duration::from_millis(100)).await;
        let busy = soon(list(&carol, "")).await;
        assert_eq!(busy.status, 503, "{}", busy.text());
        release.close();
        soon(until_served(&carol)).await;
        assert_eq!(farm.request_count(request), 1);
    }
}
