//! A resource of several farms of a group is launched on the first farm that can serve it
//! (store-services.md §4). Another farm is used only if nothing can be started twice.

use roamd_store_proto::{LaunchData, LaunchErrorId, Resources};
use roamd_testkit::{Script, ScriptedController};
use roamd_testsuite::{Options, SignedIn, TestEnvironment, sign_in};

use crate::support::{data, failure, line, success};

/// Returns the launch URL of the resource with this title.
async fn launch_url(user: &SignedIn, title: &str) -> String {
    let response = user.get("/Citrix/Store/resources/v2").await;
    let list = Resources::from_xml(&response.body).unwrap();
    let mut found = list.resources.into_iter();
    let resource = found.find(|resource| resource.title == title).unwrap();
    assert!(resource.aggregated);
    resource.launch_ica.unwrap()
}

/// Starts a test environment with two more farms, which are a group.
async fn two_farms() -> (TestEnvironment, [ScriptedController; 2], SignedIn) {
    let farms = [
        ScriptedController::healthy().await,
        ScriptedController::healthy().await,
    ];
    let section = |farm: &ScriptedController, id| {
        let group = "aggregation_group = \"books\"";
        format!("{}{group}\n", farm.farm_section(id, id))
    };
    let env = TestEnvironment::start(Options {
        more_sections: section(&farms[0], "ONE") + &section(&farms[1], "TWO"),
        ..Options::default()
    })
    .await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    (env, farms, alice)
}

#[tokio::test]
async fn launch_fails_over_when_the_first_farm_is_down() {
    let mut env = TestEnvironment::demo().await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let url = launch_url(&alice, "Notepad").await;
    let before = success(&alice.launch(&url, "DESK-C").await).0;
    assert!(line(&before, "Address").starts_with("xa1-"), "{before}");
    env.stop_farm("XA1").await;
    let after = success(&alice.launch(&url, "DESK-C").await).0;
    assert!(line(&after, "Address").starts_with("cvad-"), "{after}");
    // The list has one id for the resource, of a farm that responds.
    let list = alice.get("/Citrix/Store/resources/v2").await;
    assert!(list.text().contains("<id>CVAD.Notepad</id>"));
    // SS-55: without a farm the launch fails, but the resource exists.
    env.stop_farm("CVAD").await;
    let (id, _) = failure(&alice.launch(&url, "DESK-C").await);
    assert_eq!(id, LaunchErrorId::GENERAL_APP_LAUNCH_ERROR);
}

#[tokio::test]
async fn launch_with_lost_response_is_not_repeated_elsewhere() {
    let (_env, [one, two], alice) = two_farms().await;
    let url = launch_url(&alice, "Ledger").await;
    one.set_script("Address", Script::reset());
    let (id, _) = failure(&alice.launch(&url, "DESK-C").await);
    assert_eq!(id, LaunchErrorId::GENERAL_APP_LAUNCH_ERROR);
    assert_eq!(
        (one.request_count("Address"), two.request_count("Address")),
        (1, 0)
    );
}

#[tokio::test]
async fn launch_with_address_is_not_repeated_elsewhere() {
    // The address request may have started something, whatever the farm responds to the ticket
    // request.
    let (_env, [one, two], alice) = two_farms().await;
    let url = launch_url(&alice, "Ledger").await;
    for (error, expected) in [
        ("not-licensed", LaunchErrorId::NOT_LICENSED),
        ("no-server", LaunchErrorId::UNAVAILABLE_DESKTOP),
        ("not-trusted", LaunchErrorId::GENERAL_APP_LAUNCH_ERROR),
    ] {
        one.set_content("Ticket", &format!("<ErrorId>{error}</ErrorId>"));
        let (id, _) = failure(&alice.launch(&url, "DESK-C").await);
        assert_eq!(id, expected, "{error}");
    }
    assert_eq!(
        (one.request_count("Ticket"), two.request_count("Address")),
        (3, 0)
    );
}

#[tokio::test]
async fn retry_continues_at_the_farm_that_asked_for_it() {
    // ST-44, ST-46
    let (_env, [one, two], alice) = two_farms().await;
    let url = launch_url(&alice, "Ledger").await;
    one.set_content("Address", "<ErrorId>not-licensed</ErrorId>");
    two.set_content("Address", "<ErrorId>retry-required</ErrorId>");
    let LaunchData::Retry { url: next, .. } = data(&alice.launch(&url, "DESK-C").await) else {
        panic!("a machine has to start");
    };
    one.make_healthy();
    let again = alice.launch(&next, "DESK-C").await;
    let LaunchData::Retry { url: next, .. } = data(&again) else {
        panic!("{}", again.text());
    };
    two.make_healthy();
    success(&alice.launch(&next, "DESK-C").await);
    assert_eq!(
        (one.request_count("Address"), two.request_count("Address")),
        (0, 1)
    );
    // The key is valid only for the launch on that farm.
    let key = next.rsplit('/').next().unwrap();
    let elsewhere = format!("{url}/{key}");
    assert_eq!(alice.launch(&elsewhere, "DESK-C").await.status, 404);
}
