//! Several farms at once: one deadline, one catalogue, no password carried further than it has to
//! be, and no farm that takes more than its part.

use std::sync::Arc;
use std::time::{Duration, Instant};

use roamd_store_proto::{EnumerationStatus, SessionState};
use roamd_testsuite::{
    Options, Response, Script, ScriptedFarm, SignedIn, Site, TokenService, challenged,
    session_params, sign_in, sign_in_to,
};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;

const ACTIVE: &str = "<includeActiveSessions>true</includeActiveSessions>";

/// A second store, whose only farm is to follow.
const OTHER_STORE: &str = "[[store]]\npath = \"/Citrix/Other\"\n";
const OTHER: &str = "/Citrix/Other";

/// A deadline that no test waits for.
const LONG: &str = "timeout_ms = 600000\n";

/// Far less than [`LONG`], and more than a busy machine needs.
const SOON: Duration = Duration::from_secs(20);

/// The demo site, and three scripted farms of which the first checks passwords. Lines for each of
/// the farms may follow.
async fn site_of_three(more: &str) -> (Site, [ScriptedFarm; 3]) {
    let farms = [
        ScriptedFarm::friendly().await,
        ScriptedFarm::friendly().await,
        ScriptedFarm::friendly().await,
    ];
    let sections = ["ONE", "TWO", "THREE"].iter().zip(&farms);
    let more_farms = sections
        .map(|(id, farm)| farm.section(id, id) + more)
        .collect();
    let site = Site::start(Options {
        authentication: "credentials = \"ONE\"\ndomains = [\"DEMO\"]".to_owned(),
        more_farms,
        ..Options::default()
    })
    .await;
    (site, farms)
}

/// The demo site, and a second store with one farm.
async fn site_of_two_stores(farm: &ScriptedFarm, more: &str) -> Site {
    Site::start(Options {
        // All clients of these tests come from one address.
        front: "[limits]\nconnections_per_client = 2000\nrequests_per_client = 2000".to_owned(),
        more_farms: format!("{OTHER_STORE}{}{more}", farm.section("GATE", "GATE")),
        ..Options::default()
    })
    .await
}

async fn soon<T>(answer: impl Future<Output = T>) -> T {
    timeout(SOON, answer).await.unwrap()
}

async fn list(user: &SignedIn, extra: &str) -> Response {
    let accept = "application/vnd.citrix.sessionstate+xml";
    let body = session_params("DESK-C", extra);
    user.post("available", accept, &body).await
}

async fn state(user: &SignedIn, extra: &str) -> SessionState {
    user.state("DESK-C", extra).await.unwrap()
}

fn count(farms: &[ScriptedFarm; 3]) -> [usize; 3] {
    farms.each_ref().map(ScriptedFarm::received_at_all)
}

#[tokio::test]
async fn a_password_that_is_not_good_any_more_reaches_one_farm() {
    // CA-12: and the client is told to drop it only if that is true.
    for (error, reason) in [
        ("failed-credentials", "badpassword"),
        ("expired-credentials", "badpassword"),
        ("must-change-credentials", "badpassword"),
        ("account-disabled", "badaccount"),
        ("account-locked-out", "badaccount"),
        ("invalid-logon-hours", "badaccount"),
    ] {
        let (mut site, farms) = site_of_three("").await;
        let carol = sign_in(&site, "carol", "roam-demo").await;
        let launch = carol.launch_url("DESK-C", "", "ONE.Ledger").await;
        // So that nothing is known of the password.
        site.restart_gateway().await;
        let refusal = format!("<ErrorId>{error}</ErrorId>");
        for farm in &farms {
            farm.be_friendly();
            farm.answer("ValidateCredentials", &refusal);
        }
        let answers = tokio::join!(list(&carol, ACTIVE), list(&carol, ""));
        for answer in [answers.0, answers.1] {
            assert_eq!(challenged(&answer).reason, reason, "{error}");
        }
        assert_eq!(count(&farms), [1, 0, 0], "{error}");
        // The next requests do not go to any farm, whatever they are.
        let accept = "application/vnd.citrix.sessionresults+xml";
        for operation in ["disconnect", "logoff"] {
            let body = session_params("DESK-C", "");
            let ended = carol.post(operation, accept, &body).await;
            assert_eq!(challenged(&ended).reason, reason, "{error}");
        }
        let launched = carol.launch(&launch, "DESK-C").await;
        assert_eq!(challenged(&launched).reason, reason, "{error}");
        assert_eq!(count(&farms), [1, 0, 0], "{error}");
        // A sign-in is asked for anew, and what it says counts.
        for farm in &farms {
            farm.be_friendly();
        }
        let carol = sign_in(&site, "carol", "roam-demo").await;
        assert_eq!(state(&carol, "").await.enumeration, EnumerationStatus::Full);
    }
}

#[tokio::test]
async fn a_farm_that_hangs_does_not_keep_the_next_one_from_being_asked_about_a_password() {
    let [one, two] = [
        ScriptedFarm::friendly().await,
        ScriptedFarm::friendly().await,
    ];
    let mut site = Site::start(Options {
        store: one.section("ONE", "One") + &two.section("TWO", "Two"),
        ..Options::default()
    })
    .await;
    let carol = sign_in(&site, "carol", "roam-demo").await;
    // So that nothing is known of the password.
    site.restart_gateway().await;
    one.hold("ValidateCredentials", &Arc::new(Semaphore::new(0)));
    two.answer(
        "ValidateCredentials",
        "<ErrorId>failed-credentials</ErrorId>",
    );
    let answer = list(&carol, "").await;
    assert_eq!(challenged(&answer).reason, "badpassword");
}

#[tokio::test]
async fn a_good_password_costs_one_request_in_a_while() {
    let (mut site, [one, ..]) = site_of_three("").await;
    let carol = sign_in(&site, "carol", "roam-demo").await;
    assert_eq!(one.received("ValidateCredentials"), 1);
    state(&carol, "").await;
    carol.end("disconnect", "DESK-C", "").await;
    assert_eq!(one.received("ValidateCredentials"), 1);
    // A process that knows nothing yet asks once.
    site.restart_gateway().await;
    one.be_friendly();
    for _ in 0..3 {
        state(&carol, "").await;
        carol.end("disconnect", "DESK-C", "").await;
    }
    assert_eq!(one.received("ValidateCredentials"), 1);
}

#[tokio::test]
async fn a_farm_that_refuses_a_password_has_it_checked_before_it_goes_on() {
    let (site, farms) = site_of_three("").await;
    let carol = sign_in(&site, "carol", "roam-demo").await;
    let [one, two, three] = &farms;
    two.answer("AppData", "<ErrorId>failed-credentials</ErrorId>");
    two.answer(
        "ReconnectSessionData",
        "<ErrorId>failed-credentials</ErrorId>",
    );
    let listed = state(&carol, "").await;
    assert_eq!(listed.enumeration, EnumerationStatus::Partial);
    assert_eq!(one.received("ValidateCredentials"), 1);
    // The password was changed: nobody else hears of it.
    one.answer(
        "ValidateCredentials",
        "<ErrorId>failed-credentials</ErrorId>",
    );
    let before = count(&farms);
    assert_eq!(challenged(&list(&carol, "").await).reason, "badpassword");
    assert_eq!(count(&farms), [before[0] + 1, before[1], before[2]]);
    assert!(three.received("ReconnectSessionData") > 0);
}

#[tokio::test]
async fn where_nobody_can_check_a_password_the_farms_are_asked_all_the_same() {
    for script in [
        Script::bytes(""),
        Script::bytes("").then_reset(),
        Script::body(roamd_testsuite::document(
            "ValidateCredentials",
            "<ErrorId>unspecified</ErrorId>",
        )),
    ] {
        let (mut site, [one, ..]) = site_of_three("timeout_ms = 1000\n").await;
        let carol = sign_in(&site, "carol", "roam-demo").await;
        site.restart_gateway().await;
        one.be_friendly();
        one.play("ValidateCredentials", script);
        for _ in 0..2 {
            let listed = soon(state(&carol, "")).await;
            assert_eq!(listed.enumeration, EnumerationStatus::Full);
        }
        assert_eq!(one.received("ValidateCredentials"), 1);
    }
}

#[tokio::test]
async fn an_operation_on_one_farm_is_its_own_check() {
    let farm = ScriptedFarm::friendly().await;
    let mut site = site_of_two_stores(&farm, "").await;
    let carol = sign_in_to(&site, OTHER, "carol", "roam-demo").await;
    site.restart_gateway().await;
    assert_eq!(state(&carol, "").await.enumeration, EnumerationStatus::Full);
    assert_eq!(farm.received("ValidateCredentials"), 0);
    let refusal = "<ErrorId>failed-credentials</ErrorId>";
    farm.answer("ReconnectSessionData", refusal);
    farm.answer("AppData", refusal);
    assert_eq!(
        state(&carol, "").await.enumeration,
        EnumerationStatus::Failed
    );
    let received = farm.received("ReconnectSessionData");
    // Its refusal counts: a farm that checks passwords is asked, and says that this one is good.
    assert_eq!(
        state(&carol, "").await.enumeration,
        EnumerationStatus::Failed
    );
    assert_eq!(farm.received("ReconnectSessionData"), received + 1);
}

#[tokio::test]
async fn a_listing_is_made_again_only_where_it_changes_nothing() {
    // SS-29, nfuse.md §3.3
    // Once more as the only controller, and before that once more on a connection of its own.
    let harmless = 2..=3;
    for (generation, extra, expected) in [
        ("cvad-7", "", &harmless),
        ("cvad-7", ACTIVE, &harmless),
        ("xendesktop-5", "", &harmless),
        ("xendesktop-5", ACTIVE, &(1..=1)),
        ("xenapp-6", "", &harmless),
        ("xenapp-6", ACTIVE, &(1..=1)),
    ] {
        let farm = ScriptedFarm::friendly().await;
        let options = Options {
            more_farms: farm.section_of(generation, "GATE", "GATE"),
            ..Options::default()
        };
        let site = Site::start(options).await;
        let carol = sign_in(&site, "carol", "roam-demo").await;
        farm.play("ReconnectSessionData", Script::bytes("").then_close());
        let listed = state(&carol, extra).await;
        assert_eq!(
            listed.enumeration,
            EnumerationStatus::Partial,
            "{generation}"
        );
        let received = farm.received("ReconnectSessionData");
        assert!(
            expected.contains(&received),
            "{generation} {extra}: {received}"
        );
    }
}

#[tokio::test]
async fn everything_that_a_listing_asks_of_a_farm_has_one_deadline() {
    tokio::join!(list_in_time("xenapp-6"), list_in_time("cvad-7"));
}

async fn list_in_time(generation: &str) {
    let farm = ScriptedFarm::friendly().await;
    let options = Options {
        more_farms: farm.section_of(generation, "GATE", "GATE") + "timeout_ms = 3000\n",
        ..Options::default()
    };
    let site = Site::start(options).await;
    let carol = sign_in(&site, "carol", "roam-demo").await;
    // A catalogue that does not come leaves the listing its time.
    farm.play("AppData", Script::bytes(""));
    let listed = state(&carol, ACTIVE).await;
    assert_eq!(listed.enumeration, EnumerationStatus::Full, "{generation}");
    // With both silent, the client waits for the one deadline, and not for one and a half.
    farm.play("ReconnectSessionData", Script::bytes(""));
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
async fn a_sign_in_forgets_what_the_user_may_start_at_every_farm() {
    let (site, farms) = site_of_three("").await;
    let mut carol = sign_in(&site, "carol", "roam-demo").await;
    for fetched in 1..=2 {
        for _ in 0..2 {
            state(&carol, "").await;
            for farm in &farms {
                assert_eq!(farm.received("AppData"), fetched);
            }
        }
        carol = sign_in(&site, "carol", "roam-demo").await;
    }
}

#[tokio::test]
async fn who_goes_while_others_wait_for_the_same_catalogue_does_not_fail_them() {
    let farm = ScriptedFarm::friendly().await;
    let site = site_of_two_stores(&farm, LONG).await;
    let carol = sign_in_to(&site, OTHER, "carol", "roam-demo").await;
    farm.answer(
        "AppData",
        "<AppDataSet><AppData><InName>Ledger</InName><FName>Big Ledger</FName></AppData></AppDataSet>",
    );
    let told = Arc::new(Semaphore::new(0));
    farm.hold("AppData", &told);
    let client = |user: &SignedIn| {
        let user = user.clone();
        tokio::spawn(async move { state(&user, "").await })
    };
    let gone = client(&carol);
    soon(farm.reached("AppData", 1)).await;
    let waits = client(&carol);
    soon(farm.reached("ReconnectSessionData", 2)).await;
    assert_eq!(farm.received("AppData"), 1, "one asks for both");
    gone.abort();
    soon(farm.reached("AppData", 2)).await;
    told.close();
    let listed = soon(waits).await.unwrap();
    assert_eq!(listed.enumeration, EnumerationStatus::Full);
    assert_eq!(listed.sessions[0].initial_app, "Big Ledger");
}

#[tokio::test]
async fn a_full_farm_is_left_out_and_a_full_store_says_when_to_come_again() {
    // SS-37, SS-64
    let farm = ScriptedFarm::friendly().await;
    let bound = "concurrency = 1\nqueue = 0\n";
    let options = Options {
        more_farms: [
            &farm.section("GATE", "GATE"),
            bound,
            LONG,
            OTHER_STORE,
            &farm.section("GATE2", "GATE2"),
            bound,
            LONG,
        ]
        .concat(),
        ..Options::default()
    };
    let site = Site::start(options).await;
    let here = sign_in(&site, "carol", "roam-demo").await;
    let there = sign_in_to(&site, OTHER, "carol", "roam-demo").await;
    let launch = there.launch_url("DESK-C", "", "GATE2.Ledger").await;
    farm.play("ReconnectSessionData", Script::bytes(""));
    let mut hang = JoinSet::new();
    for (user, received) in [(&here, 2), (&there, 3)] {
        let user = user.clone();
        hang.spawn(async move { list(&user, "").await });
        soon(farm.reached("ReconnectSessionData", received)).await;
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
        assert_eq!(farm.received(request), 0, "{request}");
    }
    assert_eq!(hang.len(), 2);
}

#[tokio::test]
async fn a_sign_in_at_a_full_farm_is_told_to_come_again_and_not_that_it_is_wrong() {
    // CA-70
    let farm = ScriptedFarm::friendly().await;
    let site = Site::start(Options {
        authentication: "credentials = \"GATE\"\ndomains = [\"DEMO\"]".to_owned(),
        more_farms: farm.section("GATE", "GATE") + "concurrency = 1\nqueue = 0\n" + LONG,
        ..Options::default()
    })
    .await;
    let carol = sign_in(&site, "carol", "roam-demo").await;
    farm.play("ReconnectSessionData", Script::bytes(""));
    let mut hang = JoinSet::new();
    hang.spawn(async move { list(&carol, "").await });
    soon(farm.reached("ReconnectSessionData", 1)).await;
    let conversation = TokenService::discover(site.gateway).await.begin().await;
    let attempt = conversation.attempt("carol", "roam-demo", Some("DEMO"));
    let answer = soon(attempt).await;
    assert_eq!(answer.status, 200);
    assert!(
        answer.text().contains("error-service-unavailable"),
        "{}",
        answer.text()
    );
    assert_eq!(farm.received("ValidateCredentials"), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_clients_of_a_farm_that_hangs_cost_the_others_nothing() {
    const CLIENTS: usize = 1000;
    const SERVED: usize = 4;
    const WAITING: usize = 16;
    let farm = ScriptedFarm::friendly().await;
    let bound = format!("concurrency = {SERVED}\nqueue = {WAITING}\n{LONG}");
    let site = site_of_two_stores(&farm, &bound).await;
    let here = sign_in(&site, "carol", "roam-demo").await;
    let there = sign_in_to(&site, OTHER, "carol", "roam-demo").await;
    for request in ["AppData", "ReconnectSessionData"] {
        farm.play(request, Script::bytes(""));
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
    soon(sign_in(&site, "alice", "roam-demo")).await;
    assert_eq!(clients.len(), SERVED + WAITING);
    assert_eq!(farm.received("ReconnectSessionData"), SERVED);
    assert_eq!(farm.received("AppData"), 1);
    // Those who still wait leave when they hang up, and whoever comes is served at once.
    clients.shutdown().await;
    farm.be_friendly();
    soon(until_served(&there)).await;
}

/// Lists again and again, as a client does that is told to come again.
async fn until_served(user: &SignedIn) {
    while list(user, "").await.status != 200 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn who_hangs_up_gives_a_read_up_and_lets_a_change_finish() {
    let farm = ScriptedFarm::friendly().await;
    let bound = format!("concurrency = 1\nqueue = 0\n{LONG}");
    let site = site_of_two_stores(&farm, &bound).await;
    let carol = sign_in_to(&site, OTHER, "carol", "roam-demo").await;
    farm.play("ReconnectSessionData", Script::bytes(""));
    let user = carol.clone();
    let reads = tokio::spawn(async move { list(&user, "").await });
    soon(farm.reached("ReconnectSessionData", 1)).await;
    reads.abort();
    farm.be_friendly();
    soon(until_served(&carol)).await;

    for (operation, request) in [
        ("disconnect", "DisconnectUserSessions"),
        ("logoff", "LogoffUserSessions"),
    ] {
        let told = Arc::new(Semaphore::new(0));
        farm.hold(request, &told);
        let user = carol.clone();
        let changes = tokio::spawn(async move { user.end(operation, "DESK-C", "").await });
        soon(farm.reached(request, 1)).await;
        changes.abort();
        // It still has the farm's only turn, and keeps it until the farm has answered.
        tokio::time::sleep(Duration::from_millis(100)).await;
        let busy = soon(list(&carol, "")).await;
        assert_eq!(busy.status, 503, "{}", busy.text());
        told.close();
        soon(until_served(&carol)).await;
        assert_eq!(farm.received(request), 1);
    }
}
