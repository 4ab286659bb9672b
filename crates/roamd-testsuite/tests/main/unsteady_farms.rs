//! Farms that are slow together, and farms whose answers do not fit each other: roamd passes on what
//! each of them says, and holds no opinion of its own.

use std::time::{Duration, Instant};

use roamd_store_proto::{EnumerationStatus, LaunchErrorId};
use roamd_testsuite::{Options, Script, ScriptedFarm, SignedIn, Site, path_of, sign_in};

use crate::launch::failure;

const DEADLINE: Duration = Duration::from_millis(1_000);

/// A demo site with these scripted farms, called `F0` and so on.
async fn site_with(farms: &[ScriptedFarm]) -> (Site, SignedIn) {
    let section = |(number, farm): (usize, &ScriptedFarm)| {
        let id = format!("F{number}");
        format!(
            "{}timeout_ms = {}\n",
            farm.section(&id, &id),
            DEADLINE.as_millis()
        )
    };
    let site = Site::start(Options {
        authentication: "credentials = \"CVAD\"\ndomains = [\"DEMO\"]".to_owned(),
        more_farms: farms.iter().enumerate().map(section).collect(),
        ..Options::default()
    })
    .await;
    let carol = sign_in(&site, "carol", "roam-demo").await;
    (site, carol)
}

#[tokio::test]
async fn farms_that_are_slow_together_cost_one_deadline() {
    // SS-36, SS-37
    let farms = [
        ScriptedFarm::friendly().await,
        ScriptedFarm::friendly().await,
        ScriptedFarm::friendly().await,
        ScriptedFarm::friendly().await,
    ];
    let (site, carol) = site_with(&farms).await;
    // What they may start is known, so each is asked for sessions only.
    carol.state("DESK-C", "").await.unwrap();
    for farm in &farms {
        farm.play("ReconnectSessionData", Script::bytes(""));
    }
    let begin = Instant::now();
    let state = carol.state("DESK-C", "").await.unwrap();
    let took = begin.elapsed();
    assert_eq!(state.enumeration, EnumerationStatus::Partial);
    assert!((DEADLINE..2 * DEADLINE).contains(&took), "{took:?}");
    site.stop().await;
}

/// What operators call a ghost: a session that is listed and gone.
#[tokio::test]
async fn a_session_that_a_farm_lists_and_does_not_know_is_not_found_and_still_listed() {
    // SS-55
    let farm = ScriptedFarm::friendly().await;
    let (_site, carol) = site_with(std::slice::from_ref(&farm)).await;
    let url = carol.launch_url("DESK-C", "", "F0.Ledger").await;
    farm.answer(
        "Address",
        "<ErrorId>unspecified</ErrorId><MPSError type=\"IMA\">0x80060001</MPSError>",
    );
    let gone = carol.launch(&url, "DESK-C").await;
    assert_eq!(gone.status, 404, "{}", gone.text());
    // The farm says that it has the session, and so does the list.
    let again = carol.launch_url("DESK-C", "", "F0.Ledger").await;
    assert_eq!(path_of(&again), path_of(&url));
    // A farm that fails is told apart from a session that is gone.
    farm.play("Address", Script::bytes("").then_close());
    failure(&carol.launch(&url, "DESK-C").await);
}

/// Farms of 7 have one word for a session that they do not know and one that no machine serves.
#[tokio::test]
async fn a_session_without_a_machine_is_gone_only_when_its_farm_does_not_list_it_any_more() {
    // SS-55, nfuse.md §7, §11
    let farm = ScriptedFarm::friendly().await;
    let (_site, carol) = site_with(std::slice::from_ref(&farm)).await;
    let url = carol.launch_url("DESK-C", "", "F0.Ledger").await;
    farm.answer("Address", "<ErrorId>no-available-workstation</ErrorId>");
    let (id, _) = failure(&carol.launch(&url, "DESK-C").await);
    assert_eq!(id, LaunchErrorId::UNAVAILABLE_DESKTOP);
    let asked = farm.last("ReconnectSessionData");
    assert!(!asked.contains("active"), "SS-30: {asked}");
    farm.play("ReconnectSessionData", Script::bytes("").then_close());
    let (id, _) = failure(&carol.launch(&url, "DESK-C").await);
    assert_eq!(id, LaunchErrorId::UNAVAILABLE_DESKTOP, "nobody can tell");
    farm.answer("ReconnectSessionData", "");
    let gone = carol.launch(&url, "DESK-C").await;
    assert_eq!(gone.status, 404, "{}", gone.text());
}

#[tokio::test]
async fn a_farm_that_says_done_and_lists_the_session_all_the_same_is_believed_in_both() {
    // SS-50
    let farm = ScriptedFarm::friendly().await;
    let (_site, carol) = site_with(std::slice::from_ref(&farm)).await;
    for operation in ["disconnect", "logoff"] {
        assert_eq!(carol.end(operation, "DESK-C", "").await, "success");
        let listed = carol.resources("DESK-C", "").await;
        assert!(listed.contains(&"F0.Ledger".to_owned()), "{operation}");
    }
    assert_eq!(farm.received("DisconnectUserSessions"), 1);
    assert_eq!(farm.received("LogoffUserSessions"), 1);
}
