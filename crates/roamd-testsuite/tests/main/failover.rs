//! What several farms of a group publish is started on the first that can serve it (store-services.md
//! §4), and on another only where that is certain to start nothing twice.

use roamd_store_proto::{LaunchData, LaunchErrorId, Resources};
use roamd_testsuite::{Options, Script, ScriptedFarm, SignedIn, Site, sign_in};

use crate::launch::{data, failure, line, success};

/// The launch URL of what a user lists with this title.
async fn launch_url(user: &SignedIn, title: &str) -> String {
    let response = user.get("/Citrix/Store/resources/v2").await;
    let list = Resources::from_xml(&response.body).unwrap();
    let mut found = list.resources.into_iter();
    let resource = found.find(|resource| resource.title == title).unwrap();
    assert!(resource.aggregated);
    resource.launch_ica.unwrap()
}

/// A site with two farms of a group before which it does not know any other.
async fn two_farms() -> (Site, [ScriptedFarm; 2], SignedIn) {
    let farms = [
        ScriptedFarm::friendly().await,
        ScriptedFarm::friendly().await,
    ];
    let section = |farm: &ScriptedFarm, id| {
        let group = "aggregation_group = \"books\"";
        format!("{}{group}\n", farm.section(id, id))
    };
    let site = Site::start(Options {
        more_farms: section(&farms[0], "ONE") + &section(&farms[1], "TWO"),
        ..Options::default()
    })
    .await;
    let alice = sign_in(&site, "alice", "roam-demo").await;
    (site, farms, alice)
}

#[tokio::test]
async fn an_application_is_started_on_another_farm_when_the_first_is_down() {
    let mut site = Site::demo().await;
    let alice = sign_in(&site, "alice", "roam-demo").await;
    let url = launch_url(&alice, "Notepad").await;
    let before = success(&alice.launch(&url, "DESK-C").await).0;
    assert!(line(&before, "Address").starts_with("xa1-"), "{before}");
    site.stop_farm("XA1").await;
    let after = success(&alice.launch(&url, "DESK-C").await).0;
    assert!(line(&after, "Address").starts_with("cvad-"), "{after}");
    // The one that is down is not asked first each time by a list: there is one id, and it is enough.
    let list = alice.get("/Citrix/Store/resources/v2").await;
    assert!(list.text().contains("<id>CVAD.Notepad</id>"));
    // SS-55: with no farm left it has failed, and is not gone.
    site.stop_farm("CVAD").await;
    let (id, _) = failure(&alice.launch(&url, "DESK-C").await);
    assert_eq!(id, LaunchErrorId::GENERAL_APP_LAUNCH_ERROR);
}

#[tokio::test]
async fn a_launch_whose_answer_was_lost_is_made_nowhere_else() {
    let (_site, [one, two], alice) = two_farms().await;
    let url = launch_url(&alice, "Ledger").await;
    one.play("Address", Script::bytes("").then_reset());
    let (id, _) = failure(&alice.launch(&url, "DESK-C").await);
    assert_eq!(id, LaunchErrorId::GENERAL_APP_LAUNCH_ERROR);
    assert_eq!((one.received("Address"), two.received("Address")), (1, 0));
}

#[tokio::test]
async fn a_launch_that_has_its_address_is_made_nowhere_else() {
    // The address may have begun something, whatever the farm says of the ticket.
    let (_site, [one, two], alice) = two_farms().await;
    let url = launch_url(&alice, "Ledger").await;
    for (error, expected) in [
        ("not-licensed", LaunchErrorId::NOT_LICENSED),
        ("no-server", LaunchErrorId::UNAVAILABLE_DESKTOP),
        ("not-trusted", LaunchErrorId::GENERAL_APP_LAUNCH_ERROR),
    ] {
        one.answer("Ticket", &format!("<ErrorId>{error}</ErrorId>"));
        let (id, _) = failure(&alice.launch(&url, "DESK-C").await);
        assert_eq!(id, expected, "{error}");
    }
    assert_eq!((one.received("Ticket"), two.received("Address")), (3, 0));
}

#[tokio::test]
async fn a_retry_goes_on_at_the_farm_that_asked_for_it() {
    // ST-44, ST-46
    let (_site, [one, two], alice) = two_farms().await;
    let url = launch_url(&alice, "Ledger").await;
    one.answer("Address", "<ErrorId>not-licensed</ErrorId>");
    two.answer("Address", "<ErrorId>retry-required</ErrorId>");
    let LaunchData::Retry { url: next, .. } = data(&alice.launch(&url, "DESK-C").await) else {
        panic!("a machine has to start");
    };
    one.be_friendly();
    let again = alice.launch(&next, "DESK-C").await;
    let LaunchData::Retry { url: next, .. } = data(&again) else {
        panic!("{}", again.text());
    };
    two.be_friendly();
    success(&alice.launch(&next, "DESK-C").await);
    assert_eq!((one.received("Address"), two.received("Address")), (0, 1));
    // The key is for the launch on that farm alone.
    let key = next.rsplit('/').next().unwrap();
    let elsewhere = format!("{url}/{key}");
    assert_eq!(alice.launch(&elsewhere, "DESK-C").await.status, 404);
}
