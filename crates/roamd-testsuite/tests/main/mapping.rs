//! User farm mappings (SS-73), on the demo world.

use roamd_store_proto::{EnumerationStatus, Resources};
use roamd_testsuite::{Options, SignedIn, TestEnvironment, sign_in};

use crate::explain::explain;
use crate::support::assert_rejected;

/// SID of the group of all users of the demo world.
const ALL_USERS: &str = "S-1-5-21-759580046-1024864471-3756456427-513";

/// SID of a group that has no members.
const NO_USERS: &str = "S-1-5-21-10-20-30-1200";

/// XA1 for all users, with XD5 as its backup, and CVAD for a group.
async fn env(group: &str) -> TestEnvironment {
    let store = format!(
        "[[store.mapping]]\nname = \"all\"\n[[store.mapping.farm_set]]\nprimary = [\"XA1\"]\n\
         backup = [\"XD5\"]\n[[store.mapping]]\nname = \"group\"\ngroups = [\"{group}\"]\n\
         [[store.mapping.farm_set]]\nprimary = [\"CVAD\"]"
    );
    TestEnvironment::start(Options {
        store,
        ..Options::default()
    })
    .await
}

async fn resources(user: &SignedIn) -> Resources {
    let accept = [("Accept", "application/vnd.citrix.resources+xml")];
    let response = user.get_with("/Citrix/Store/resources/v2", &accept).await;
    assert_eq!(response.status, 200, "{}", response.text());
    Resources::from_xml(&response.body).unwrap()
}

/// The farms of these ids of resources, each once.
fn farms<'i>(ids: impl Iterator<Item = &'i str>) -> Vec<&'i str> {
    let mut farms: Vec<_> = ids.filter_map(|id| id.split_once('.')).collect();
    farms.dedup_by_key(|(farm, _)| *farm);
    farms.into_iter().map(|(farm, _)| farm).collect()
}

/// SS-73
#[tokio::test]
async fn user_has_resources_and_sessions_of_mapped_farms() {
    for (group, resource_farms, session_farms) in [
        (ALL_USERS, &["XA1", "CVAD"][..], &["XA1", "XD5", "CVAD"][..]),
        (NO_USERS, &["XA1"], &["XA1", "XD5"]),
    ] {
        let env = env(group).await;
        let alice = sign_in(&env, "alice", "roam-demo").await;
        let list = resources(&alice).await;
        assert_eq!(list.enumeration, EnumerationStatus::Full);
        let ids = list.resources.iter().map(|resource| resource.id.as_str());
        assert_eq!(farms(ids), resource_farms, "{group}");
        let active = "<includeActiveSessions>true</includeActiveSessions>";
        let state = alice.state("DESK-C", active).await.unwrap();
        assert_eq!(state.enumeration, EnumerationStatus::Full);
        let ids = state.sessions.iter().map(|it| it.resource_id.as_str());
        assert_eq!(farms(ids), session_farms, "{group}");
    }
}

/// SS-73: another server of the same stores, without mappings, gives the URL.
#[tokio::test]
async fn resource_of_unmapped_farm_is_not_launched() {
    let open = TestEnvironment::demo().await;
    let all = resources(&sign_in(&open, "alice", "roam-demo").await).await;
    let excel = all.resources.iter().find(|it| it.id == "CVAD.Excel");
    let url = excel.unwrap().launch_ica.clone().unwrap();
    let env = env(NO_USERS).await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    assert_rejected(&alice.launch(&url, "DESK-C").await, 404, "not mapped");
}

/// SS-72, SS-73
#[tokio::test]
async fn explanation_names_the_mapping_of_each_farm() {
    let env = env(NO_USERS).await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let explained = explain(&alice, "clientName=DESK-C").await;
    let farms = explained.farms.iter().map(|farm| {
        let mapping = farm.mapping.as_ref().unwrap();
        let name = mapping.name.as_deref().unwrap_or("none");
        let reason = &farm.disconnected.reason;
        format!("{}: {} by {name}, {reason}", farm.id, mapping.access)
    });
    let expected = [
        "XA1: primary by all, always",
        "XD5: backup by all, always",
        "CVAD: not-mapped by none, not-mapped",
    ];
    assert_eq!(farms.collect::<Vec<_>>(), expected);
    assert_eq!(explained.enumeration, "full");
}
