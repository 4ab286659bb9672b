//! Farms that are slow at the same time, and farms with contradictory responses, which the server
//! passes on as they are.

use std::time::{Duration, Instant};

use roamd_store_proto::{EnumerationStatus, LaunchErrorId};
use roamd_testkit::{Script, ScriptedController};
use roamd_testsuite::{Options, SignedIn, TestEnvironment, path_of, sign_in};

use crate::support::failure;

const DEADLINE: Duration = Duration::from_millis(1_000);

/// Starts the demo environment with these scripted farms, named `F0` and so on.
async fn env_with(farms: &[ScriptedController]) -> (TestEnvironment, SignedIn) {
    let section = |(number, farm): (usize, &ScriptedController)| {
        let id = format!("F{number}");
        format!(
            "{}timeout_ms = {}\n",
            farm.farm_section(&id, &id),
            DEADLINE.as_millis()
        )
    };
    let env = TestEnvironment::start(Options {
        authentication: "credentials = \"CVAD\"\ndomains = [\"DEMO\"]".to_owned(),
        more_sections: farms.iter().enumerate().map(section).collect(),
        ..Options::default()
    })
    .await;
    let carol = sign_in(&env, "carol", "roam-demo").await;
    (env, carol)
}

#[tokio::test]
async fn slow_farms_together_cost_one_deadline() {
    // SS-36, SS-37
    let farms = [
        ScriptedController::healthy().await,
        ScriptedController::healthy().await,
        ScriptedController::healthy().await,
        ScriptedController::healthy().await,
    ];
    let (env, carol) = env_with(&farms).await;
    // The enumerations are cached, so that each farm gets only a request for sessions.
    carol.state("DESK-C", "").await.unwrap();
    for farm in &farms {
        farm.set_script("ReconnectSessionData", Script::silence());
    }
    let begin = Instant::now();
    let state = carol.state("DESK-C", "").await.unwrap();
    let took = begin.elapsed();
    assert_eq!(state.enumeration, EnumerationStatus::Partial);
    assert!((DEADLINE..2 * DEADLINE).contains(&took), "{took:?}");
    env.stop().await;
}

/// Such a session is known as a ghost session.
#[tokio::test]
async fn listed_but_unknown_session_gets_404_and_stays_listed() {
    // SS-55
    let farm = ScriptedController::healthy().await;
    let (_env, carol) = env_with(std::slice::from_ref(&farm)).await;
    let url = carol.launch_url("DESK-C", "", "F0.Ledger").await;
    farm.set_content(
        "Address",
        "<ErrorId>unspecified</ErrorId><MPSError type=\"IMA\">0x80060001</MPSError>",
    );
    let gone = carol.launch(&url, "DESK-C").await;
    assert_eq!(gone.status, 404, "{}", gone.text());
    // The farm still lists the session, and so does the server.
    let again = carol.launch_url("DESK-C", "", "F0.Ledger").await;
    assert_eq!(path_of(&again), path_of(&url));
    // A failure of the farm is distinguished from a missing session.
    farm.set_script("Address", Script::close());
    failure(&carol.launch(&url, "DESK-C").await);
}

/// Farms of generation 7 use the same error for an unknown session and for one without a machine.
#[tokio::test]
async fn session_without_a_machine_is_gone_only_when_unlisted() {
    // SS-55, nfuse.md §7, §11
    let farm = ScriptedController::healthy().await;
    let (_env, carol) = env_with(std::slice::from_ref(&farm)).await;
    let url = carol.launch_url("DESK-C", "", "F0.Ledger").await;
    farm.set_content("Address", "<ErrorId>no-available-workstation</ErrorId>");
    let (id, _) = failure(&carol.launch(&url, "DESK-C").await);
    assert_eq!(id, LaunchErrorId::UNAVAILABLE_DESKTOP);
    let asked = farm.last_request("ReconnectSessionData");
    assert!(!asked.contains("active"), "SS-30: {asked}");
    farm.set_script("ReconnectSessionData", Script::close());
    let (id, _) = failure(&carol.launch(&url, "DESK-C").await);
    assert_eq!(
        id,
        LaunchErrorId::UNAVAILABLE_DESKTOP,
        "the sessions are unknown"
    );
    farm.set_content("ReconnectSessionData", "");
    let gone = carol.launch(&url, "DESK-C").await;
    assert_eq!(gone.status, 404, "{}", gone.text());
}

#[tokio::test]
async fn session_beyond_max_sessions_is_not_reported_gone() {
    // SS-55: the farm may list the session among those that are left out.
    let farm = ScriptedController::healthy().await;
    let env = TestEnvironment::start(Options {
        more_sections: farm.farm_section("F0", "F0") + "max_sessions = 1\n",
        ..Options::default()
    })
    .await;
    let carol = sign_in(&env, "carol", "roam-demo").await;
    let url = carol.launch_url("DESK-C", "", "F0.Ledger").await;
    farm.set_content("Address", "<ErrorId>no-available-workstation</ErrorId>");
    let other = "<AppData><HostId>9</HostId><SessionId>1</SessionId></AppData>";
    for (others, status) in [(1, 404), (2, 200)] {
        let sessions = format!("<AppDataSet>{}</AppDataSet>", other.repeat(others));
        farm.set_content("ReconnectSessionData", &sessions);
        let response = carol.launch(&url, "DESK-C").await;
        assert_eq!(response.status, status, "{}", response.text());
    }
    let (id, _) = failure(&carol.launch(&url, "DESK-C").await);
    assert_eq!(id, LaunchErrorId::UNAVAILABLE_DESKTOP);
}

#[tokio::test]
async fn farm_is_trusted_about_success_and_its_sessions() {
    // SS-50
    let farm = ScriptedController::healthy().await;
    let (_env, carol) = env_with(std::slice::from_ref(&farm)).await;
    for operation in ["disconnect", "logoff"] {
        assert_eq!(carol.end(operation, "DESK-C", "").await, "success");
        let listed = carol.resources("DESK-C", "").await;
        assert!(listed.contains(&"F0.Ledger".to_owned()), "{operation}");
    }
    assert_eq!(farm.request_count("DisconnectUserSessions"), 1);
    assert_eq!(farm.request_count("LogoffUserSessions"), 1);
}
