//! User farm mappings (SS-73, SI-14, SI-16).

use std::collections::BTreeSet;

use roamd_sessions::{
    EndAction, FarmAccess, FarmError, FarmId, FarmMapping, FarmSet, Generation, LaunchOrder,
    LaunchTarget, ListRequest, PlanReason, Refusal, ResourceError, ResourceId, ResourceIds,
    Roaming, Scope, SessionIds, SessionKey, Store, StoreRules, UserFarms,
};
use roamd_store_proto::{EnumerationStatus, SessionStatus};

use crate::scripted::{Call, ScriptedFarm, enumeration, here, keys, session, user};

const NURSES: &str = "S-1-5-21-10-20-30-1200";
const DOCTORS: &str = "S-1-5-21-10-20-30-1201";

fn ids(farms: &str) -> Vec<FarmId> {
    farms.split_whitespace().map(FarmId::new).collect()
}

fn set(primary: &str, backup: &str) -> FarmSet {
    FarmSet {
        primary: ids(primary),
        backup: ids(backup),
        ..FarmSet::default()
    }
}

fn mapping(name: &str, groups: &[&str], farm_sets: Vec<FarmSet>) -> FarmMapping {
    FarmMapping {
        name: name.to_owned(),
        groups: groups.iter().map(|sid| sid.parse().unwrap()).collect(),
        farm_sets,
    }
}

/// Farms `A` to `D`, which publish Word.
fn farms() -> Vec<ScriptedFarm> {
    let farm = |id| {
        let mut farm = ScriptedFarm::new(id, Generation::Cvad7);
        farm.applications = Ok(enumeration(&[("Word", "Word", false)]));
        farm.sessions = Ok(vec![session(1, "Word")]);
        farm
    };
    ["A", "B", "C", "D"].map(farm).into()
}

fn store(farms: Vec<ScriptedFarm>, mappings: Vec<FarmMapping>) -> Store<ScriptedFarm> {
    Store::new(farms, keys()).with_rules(StoreRules {
        mappings,
        ..StoreRules::default()
    })
}

fn unavailable() -> FarmError {
    FarmError::Unavailable("no response".to_owned())
}

/// The farms that got a call, by their ids in one word.
fn called(store: &Store<ScriptedFarm>, is_call: fn(&Call) -> bool) -> String {
    let farms = store.farms().iter();
    let called = farms.filter(|farm| farm.calls().iter().any(is_call));
    called.map(|farm| farm.description.id.to_string()).collect()
}

#[test]
fn user_has_the_farms_of_all_mappings_of_their_groups() {
    use FarmAccess::{Backup, NotMapped, Primary, Undecided};
    let everyone = || mapping("all", &[], vec![set("A", "D")]);
    let nurses = || mapping("nurses", &[NURSES], vec![set("B", "A"), set("C", "")]);
    let doctors = || mapping("doctors", &[DOCTORS, NURSES], vec![set("D", "")]);
    type Sids<'s> = Option<&'s [&'s str]>;
    let cases: [(Vec<FarmMapping>, Sids<'_>, [FarmAccess; 4]); 10] = [
        (vec![], None, [Primary; 4]),
        (vec![], Some(&[]), [Primary; 4]),
        (
            vec![everyone()],
            None,
            [Primary, NotMapped, NotMapped, Backup],
        ),
        (
            vec![everyone()],
            Some(&[]),
            [Primary, NotMapped, NotMapped, Backup],
        ),
        (vec![nurses()], Some(&[]), [NotMapped; 4]),
        (
            vec![nurses()],
            Some(&[NURSES]),
            [Backup, Primary, Primary, NotMapped],
        ),
        (
            vec![nurses()],
            None,
            [Undecided, Undecided, Undecided, NotMapped],
        ),
        (
            vec![everyone(), nurses()],
            Some(&[NURSES]),
            [Primary, Primary, Primary, Backup],
        ),
        (
            vec![everyone(), nurses()],
            None,
            [Primary, Undecided, Undecided, Backup],
        ),
        (
            vec![everyone(), doctors()],
            Some(&[NURSES]),
            [Primary, NotMapped, NotMapped, Primary],
        ),
    ];
    let farms = farms();
    for (mappings, sids, expected) in cases {
        let described = farms.iter().map(|farm| &farm.description);
        let of_user = UserFarms::new(&mappings, described, user("alice").key(), sids);
        let access = ["A", "B", "C", "D"].map(|id| of_user.access(&FarmId::new(id)));
        assert_eq!(access, expected, "{mappings:?} {sids:?}");
    }
}

/// SI-14: a farm that is busy or refuses the account works.
#[tokio::test]
async fn backup_farm_is_queried_only_if_all_primaries_fail() {
    let refused = |refusal: Refusal| FarmError::Refused(refusal.into());
    for (a, b, expected) in [
        (None, None, "AB"),
        (Some(unavailable()), None, "AB"),
        (
            Some(unavailable()),
            Some(FarmError::NotDone("down".to_owned())),
            "ABC",
        ),
        (
            Some(unavailable()),
            Some(refused(Refusal::NotTrusted)),
            "ABC",
        ),
        (
            Some(unavailable()),
            Some(refused(Refusal::Credentials)),
            "AB",
        ),
        (Some(unavailable()), Some(FarmError::Busy), "AB"),
    ] {
        let mut farms = farms();
        for (farm, error) in farms.iter_mut().zip([&a, &b]) {
            if let Some(error) = error {
                farm.applications = Err(error.clone());
            }
        }
        let mappings = vec![mapping("all", &[], vec![set("A B", "C"), set("D", "")])];
        let store = store(farms, mappings);
        let alice = user("alice");
        let of_user = store.farms_of(alice.key(), Some(&[]));
        let queried = store.query_resources(&of_user, &alice, Scope::Everything);
        let list = store.merge_resources(queried.await).unwrap();
        let asked = called(&store, |call| matches!(call, Call::Applications(_)));
        assert_eq!(asked, format!("{expected}D"), "{a:?} {b:?}");
        let farms: String = list
            .resources
            .iter()
            .map(|it| it.id.farm.as_str())
            .collect();
        let shown = [a.is_none().then_some("A"), b.is_none().then_some("B")];
        let backup = expected.contains('C').then_some("C");
        let shown = shown.into_iter().chain([backup, Some("D")]);
        assert_eq!(farms, shown.flatten().collect::<String>(), "{a:?} {b:?}");
        let is_full = list.enumeration == EnumerationStatus::Full;
        assert_eq!(is_full, a.is_none() && b.is_none());
    }
}

/// SI-14: sets of one aggregation group stand for each other.
#[tokio::test]
async fn backup_farm_waits_for_all_primaries_of_its_aggregation_group() {
    for (group, expected) in [(None, "ABC"), (Some("office".to_owned()), "AB")] {
        let mut farms = farms();
        farms[0].applications = Err(unavailable());
        let sets = [set("A", "C"), set("B", "")].map(|set| FarmSet {
            aggregation_group: group.clone(),
            ..set
        });
        let store = store(farms, vec![mapping("all", &[], sets.into())]);
        let alice = user("alice");
        let of_user = store.farms_of(alice.key(), Some(&[]));
        store
            .query_resources(&of_user, &alice, Scope::Everything)
            .await;
        let asked = called(&store, |call| matches!(call, Call::Applications(_)));
        assert_eq!(asked, expected, "{group:?}");
    }
}

/// SI-16: sessions on a backup farm remain after the primary farms have recovered.
#[tokio::test]
async fn sessions_are_asked_of_backup_farms_and_not_of_unmapped_ones() {
    let mappings = vec![
        mapping("all", &[], vec![set("A", "B")]),
        mapping("nurses", &[NURSES], vec![set("C", "")]),
    ];
    let alice = user("alice");
    for (sids, expected, reasons) in [
        (Some(&[][..]), "AB", [PlanReason::NotMapped; 2]),
        (
            Some(&[NURSES][..]),
            "ABC",
            [PlanReason::Always, PlanReason::NotMapped],
        ),
        // The user may have sessions there.
        (None, "ABC", [PlanReason::Always, PlanReason::NotMapped]),
    ] {
        let store = store(farms(), mappings.clone());
        let of_user = store.farms_of(alice.key(), sids);
        let plan = store.plan_list(ListRequest::DISCONNECTED, Roaming::Always, of_user.clone());
        let queried = store.query_sessions(&plan, &alice, &here()).await;
        let explained = store.explain_sessions(alice.key(), queried);
        let asked = called(&store, |call| matches!(call, Call::Sessions { .. }));
        assert_eq!(asked, expected, "{sids:?}");
        let found = [2, 3].map(|farm: usize| explained.farms[farm].reasons.disconnected);
        assert_eq!(found, reasons, "{sids:?}");
        assert_eq!(explained.enumeration, EnumerationStatus::Full);
        let named = explained.farms[2].mapping.as_ref().unwrap();
        let name = expected.contains('C').then(|| "nurses".to_owned());
        assert_eq!(named.name, name);
        let ended = store
            .end(&of_user, &alice, &here(), EndAction::Disconnect, &[])
            .await;
        assert_eq!(ended.unwrap().status, SessionStatus::Success);
        let asked = called(&store, |call| matches!(call, Call::End { .. }));
        assert_eq!(asked, expected, "{sids:?}");
    }
}

/// A list that may lack farms says so.
#[tokio::test]
async fn resources_are_partial_if_the_groups_of_a_user_are_not_known() {
    let mappings = vec![
        mapping("all", &[], vec![set("A", "")]),
        mapping("nurses", &[NURSES], vec![set("C", "")]),
    ];
    let alice = user("alice");
    let store = store(farms(), mappings);
    for (sids, expected, missing) in [
        (Some(&[][..]), EnumerationStatus::Full, &[][..]),
        (None, EnumerationStatus::Partial, &["C farm"][..]),
    ] {
        let of_user = store.farms_of(alice.key(), sids);
        let queried = store.query_resources(&of_user, &alice, Scope::Everything);
        let list = store.merge_resources(queried.await).unwrap();
        assert_eq!(list.enumeration, expected);
        assert_eq!(list.missing_farms, missing);
        let farms: Vec<_> = list
            .resources
            .iter()
            .map(|it| it.id.farm.as_str())
            .collect();
        assert_eq!(farms, ["A"]);
    }
}

/// A user sees, looks up and launches nothing of a farm that no mapping gives them.
#[tokio::test]
async fn resource_of_unmapped_farm_does_not_exist() {
    let mappings = vec![
        mapping("all", &[], vec![set("A", "B")]),
        mapping("nurses", &[NURSES], vec![set("C", "")]),
    ];
    let alice = user("alice");
    let store = store(farms(), mappings);
    let session = |farm: &str| {
        let key = SessionKey {
            host_kind: None,
            host_id: "1".to_owned(),
            session_id: "1".to_owned(),
            in_name: "Word".to_owned(),
        };
        SessionIds::new(keys()).seal(alice.key(), &FarmId::new(farm), &key)
    };
    for (sids, resources, sessions) in [
        (Some(&[][..]), "AB", "AB"),
        (Some(&[NURSES][..]), "ABC", "ABC"),
        (None, "AB", "ABC"),
    ] {
        let of_user = store.farms_of(alice.key(), sids);
        for farm in ["A", "B", "C", "D"] {
            let id = ResourceId::new(&FarmId::new(farm), "Word");
            let has = resources.contains(farm);
            let found = store.resource(&of_user, &alice, &id).await;
            assert_eq!(found.is_ok(), has, "{farm} {sids:?}");
            if !has {
                assert_eq!(found, Err(ResourceError::NotFound));
            }
            let is_launched = |target| {
                let plan = store.plan_launch(&alice, &target, Roaming::Always, &of_user);
                !plan.candidates().is_empty()
            };
            let application = LaunchTarget::Application(ResourceIds::new(id, []));
            assert_eq!(is_launched(application), has, "{farm} {sids:?}");
            let session = LaunchTarget::Session(session(farm));
            assert_eq!(
                is_launched(session),
                sessions.contains(farm),
                "{farm} {sids:?}"
            );
        }
    }
}

/// SI-14: sets of the same aggregation group publish one resource.
#[tokio::test]
async fn aggregation_group_of_a_set_is_that_of_its_users() {
    let grouped = |primary| FarmSet {
        aggregation_group: Some("office".to_owned()),
        ..set(primary, "")
    };
    let mappings = vec![
        mapping("nurses", &[NURSES], vec![grouped("A"), grouped("C")]),
        mapping("doctors", &[DOCTORS], vec![set("A C", "")]),
    ];
    let alice = user("alice");
    let store = store(farms(), mappings);
    for (group, expected) in [(NURSES, 1), (DOCTORS, 2)] {
        let of_user = store.farms_of(alice.key(), Some(&[group]));
        let queried = store.query_resources(&of_user, &alice, Scope::Everything);
        let list = store.merge_resources(queried.await).unwrap();
        assert_eq!(list.resources.len(), expected, "{group}");
    }
}

/// The farms in the order in which a launch of Word on all of them tries them.
fn launch_order(mappings: &[FarmMapping], name: &str) -> String {
    let store = store(farms(), mappings.to_vec());
    let user = user(name);
    let of_user = store.farms_of(user.key(), Some(&[]));
    let mut ids = ["A", "B", "C", "D"].map(|farm| ResourceId::new(&FarmId::new(farm), "Word"));
    ids.reverse();
    let [first, rest @ ..] = ids;
    let target = LaunchTarget::Application(ResourceIds::new(first, rest));
    let plan = store.plan_launch(&user, &target, Roaming::Always, &of_user);
    let farms = plan.candidates().iter();
    farms.map(|(farm, _)| farm.as_str()).collect()
}

#[test]
fn launch_tries_primary_farms_in_the_order_of_their_set() {
    for (sets, expected) in [
        (vec![set("B A", "D")], "BAD"),
        (vec![set("D", "A"), set("C B", "")], "DCBA"),
    ] {
        let order = launch_order(&[mapping("all", &[], sets)], "alice");
        assert_eq!(order, expected);
    }
    // Without mappings, the ids of the launch decide.
    assert_eq!(launch_order(&[], "alice"), "DCBA");
}

#[test]
fn balanced_launches_differ_between_users_and_not_between_launches() {
    let balanced = FarmSet {
        launch_order: LaunchOrder::Balanced,
        ..set("A B C", "D")
    };
    let mappings = [mapping("all", &[], vec![balanced])];
    let mut first = BTreeSet::new();
    for number in 0..60 {
        let name = format!("user{number}");
        let order = launch_order(&mappings, &name);
        assert!(order.ends_with('D'), "{order}");
        assert_eq!(order, launch_order(&mappings, &name.to_uppercase()));
        first.insert(order);
    }
    assert_eq!(first.len(), 6, "all orders of three farms");
}
