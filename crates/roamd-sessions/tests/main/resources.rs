//! Resources of a user on all farms (store-services.md §5).

use std::sync::Arc;

use roamd_sessions::{
    Application, Busy, DeadlineShare, FarmDescription, FarmEnumeration, FarmError, FarmId,
    FarmListResult, FarmPlan, Generation, Icon, IconSize, Launch, LaunchOutcome, LaunchTarget,
    ListOutcome, ListRequest, Refusal, ResourceEnumeration, ResourceError, ResourceFilter,
    ResourceId, ResourceList, Roaming, Scope, SessionIds, Store, UserFarms, UserKey, merge_list,
    merge_resources,
};
use roamd_store_proto::{EnumerationStatus, LaunchParams};

use crate::scripted::{
    self, Call, ScriptedFarm, description, down, enumeration, keys, session, user,
};

/// Shows all resources.
const ALL: ResourceFilter = ResourceFilter {
    types: Vec::new(),
    include_keywords: Vec::new(),
    exclude_keywords: Vec::new(),
};

fn grouped(id: &str) -> FarmDescription {
    FarmDescription {
        aggregation_group: Some("office".to_owned()),
        ..description(id, Generation::Cvad7)
    }
}

fn listed<'a>(farm: &'a FarmDescription, entries: &[(&str, &str, bool)]) -> FarmEnumeration<'a> {
    FarmEnumeration {
        farm,
        enumeration: Ok(Arc::new(enumeration(entries))),
    }
}

fn failed(farm: &FarmDescription, error: FarmError) -> FarmEnumeration<'_> {
    FarmEnumeration {
        farm,
        enumeration: Err(error),
    }
}

/// Each resource as its ids and its title.
fn shown(list: &ResourceList) -> Vec<String> {
    let resources = list.resources.iter();
    resources
        .map(|resource| {
            let elsewhere = resource.other_ids.iter();
            let ids: Vec<_> = [&resource.id]
                .into_iter()
                .chain(elsewhere)
                .map(ResourceId::to_text)
                .collect();
            format!("{}: {}", ids.join(" "), resource.application.title)
        })
        .collect()
}

fn id(farm: &str, in_name: &str) -> ResourceId {
    ResourceId::new(&FarmId::new(farm), in_name)
}

#[test]
fn list_of_truncated_resources_is_partial() {
    // ST-60: the farm has resources that are not in the list.
    let (one, two) = (grouped("ONE"), grouped("TWO"));
    let truncated = |max| {
        let entries = ["Word", "Excel"].map(|name| (name.to_owned(), Application::default()));
        FarmEnumeration {
            farm: &one,
            enumeration: Ok(Arc::new(ResourceEnumeration::truncated(entries, max))),
        }
    };
    let whole = || listed(&two, &[("Word", "Word", false)]);
    for (farms, expected) in [
        (vec![truncated(2)], EnumerationStatus::Full),
        (vec![truncated(1)], EnumerationStatus::Partial),
        (vec![truncated(1), whole()], EnumerationStatus::Partial),
        (
            vec![truncated(1), failed(&two, down())],
            EnumerationStatus::Partial,
        ),
        (
            vec![truncated(1), failed(&two, FarmError::Busy)],
            EnumerationStatus::Partial,
        ),
    ] {
        let list = merge_resources(&farms, &ALL).unwrap();
        assert_eq!(list.enumeration, expected, "{farms:?}");
    }
}

#[test]
fn resource_enumeration_counts_failed_farms() {
    // ST-60
    let (a, b) = (
        description("A", Generation::XenApp6),
        description("B", Generation::XenDesktop5),
    );
    let table = [
        (vec![listed(&a, &[])], EnumerationStatus::Full),
        (vec![], EnumerationStatus::Full),
        (
            vec![listed(&a, &[]), failed(&b, down())],
            EnumerationStatus::Partial,
        ),
        (
            vec![listed(&a, &[]), failed(&b, FarmError::Busy)],
            EnumerationStatus::Partial,
        ),
        (
            vec![failed(&a, FarmError::Busy), failed(&b, down())],
            EnumerationStatus::Failed,
        ),
    ];
    for (results, expected) in table {
        let list = merge_resources(&results, &ALL).unwrap();
        assert_eq!(list.enumeration, expected, "{results:?}");
    }
    let busy = [failed(&a, FarmError::Busy), failed(&b, FarmError::Busy)];
    assert_eq!(merge_resources(&busy, &ALL), Err(Busy));
}

#[test]
fn application_of_grouped_farms_is_listed_once() {
    let (one, two, alone) = (
        grouped("ONE"),
        grouped("TWO"),
        description("ALONE", Generation::Cvad7),
    );
    let list = merge_resources(
        &[
            listed(
                &one,
                &[
                    ("Word", "Word", false),
                    ("Pad-2", "Notepad", false),
                    ("Pad-1", "Notepad", false),
                ],
            ),
            listed(
                &alone,
                &[("Pad-2", "Notepad", false), ("Pad-1", "Notepad", false)],
            ),
            listed(
                &two,
                &[
                    ("pad", "Notepad", false),
                    ("Desk", "Notepad", true),
                    ("Excel", "Excel", false),
                ],
            ),
        ],
        &ALL,
    )
    .unwrap();
    assert_eq!(
        shown(&list),
        [
            "ONE.Word: Word",
            "ONE.Pad-1 TWO.pad: Notepad",
            "ALONE.Pad-2: Notepad",
            "ALONE.Pad-1: Notepad",
            "TWO.Desk: Notepad",
            "TWO.Excel: Excel",
        ]
    );
    assert_eq!(list.resources[1].publisher_name, "ONE farm");
}

#[test]
fn session_has_id_of_listed_resource() {
    // SS-39
    let (one, two, alone) = (
        grouped("ONE"),
        grouped("TWO"),
        description("ALONE", Generation::Cvad7),
    );
    let entries = [
        ("Pad-2", "Notepad", false),
        ("Pad-1", "Notepad", false),
        ("Desk", "Desk", true),
    ];
    let farms = [&one, &two, &alone];
    let resources = merge_resources(&farms.map(|farm| listed(farm, &entries)), &ALL).unwrap();
    let everything = ListRequest::DISCONNECTED;
    let sessions = farms.map(|farm| {
        let FarmPlan::Query(query) = FarmPlan::new(farm, everything, Roaming::Always) else {
            panic!("every farm is asked");
        };
        let sessions = entries.iter().zip(1..);
        let outcome = ListOutcome::Listed {
            query,
            sessions: sessions
                .map(|((name, ..), n)| session(n, name))
                .collect::<Vec<_>>()
                .into(),
            enumeration: Some(Arc::new(enumeration(&entries))),
            pre_launch: None,
        };
        FarmListResult { farm, outcome }
    });
    let ids = SessionIds::new(keys());
    let list = merge_list(&ids, &UserKey::new("DEMO", "alice"), &sessions).unwrap();
    assert_eq!(list.sessions.len(), 9);
    for session in list.sessions {
        let mut resources = resources.resources.iter();
        let resource = resources.find(|r| r.id.to_text() == session.resource_id);
        let resource = resource.unwrap_or_else(|| panic!("{}", session.resource_id));
        assert_eq!(session.aggregated, !resource.other_ids.is_empty());
        assert_eq!(session.initial_app, resource.application.title);
    }
}

fn farm(id: &str, group: Option<&str>, entries: &[(&str, &str, bool)]) -> ScriptedFarm {
    let mut farm = ScriptedFarm::new(id, Generation::Cvad7);
    farm.description.aggregation_group = group.map(str::to_owned);
    farm.applications = Ok(enumeration(entries));
    farm
}

#[tokio::test]
async fn resource_list_asks_every_farm() {
    let mut farms = vec![
        farm("A", None, &[("Word", "Word", false)]),
        farm("B", None, &[("Desk", "Desk", true)]),
    ];
    let store = Store::new(farms.clone(), keys());
    let list = scripted::resources(&store, &user("alice"), Scope::Everything)
        .await
        .unwrap();
    assert_eq!(list.enumeration, EnumerationStatus::Full);
    assert_eq!(shown(&list), ["A.Word: Word", "B.Desk: Desk"]);
    for farm in store.farms() {
        assert_eq!(
            farm.calls(),
            [
                Call::ForgetApplications,
                Call::Applications(DeadlineShare::Whole)
            ]
        );
    }
    farms[0].applications = Err(down());
    farms[1].begin = Err(FarmError::Busy);
    let store = Store::new(farms.clone(), keys());
    let list = scripted::resources(&store, &user("alice"), Scope::Everything)
        .await
        .unwrap();
    assert_eq!(list.enumeration, EnumerationStatus::Failed);
    farms[0].begin = Err(FarmError::Busy);
    let store = Store::new(farms, keys());
    assert_eq!(
        scripted::resources(&store, &user("alice"), Scope::Everything).await,
        Err(Busy)
    );
}

#[tokio::test]
async fn pre_launch_resources_are_listed_separately() {
    // ST-57, nfuse.md §6.1
    let mut knows = farm("A", None, &[("Word", "Word", false)]);
    knows.pre_launch = Ok(enumeration(&[("Warm", "Warm-up", false)]));
    let mut refuses = farm("B", None, &[("Paint", "Paint", false)]);
    refuses.pre_launch = Err(FarmError::Refused(Refusal::Unsupported.into()));
    let store = Store::new(vec![knows, refuses], keys());
    let alice = user("alice");
    let list = scripted::resources(&store, &alice, Scope::PreLaunch)
        .await
        .unwrap();
    assert_eq!(shown(&list), ["A.Warm: Warm-up"]);
    assert_eq!(list.enumeration, EnumerationStatus::Partial);
    for farm in store.farms() {
        assert_eq!(farm.calls(), [Call::PreLaunchApplications]);
    }
    let list = scripted::resources(&store, &alice, Scope::Everything)
        .await
        .unwrap();
    assert_eq!(shown(&list), ["A.Word: Word", "B.Paint: Paint"]);

    let found = store
        .resource(&UserFarms::default(), &alice, &id("A", "Warm"))
        .await
        .unwrap();
    assert_eq!(found.id, id("A", "Warm"));
    let icon = store
        .icon(&UserFarms::default(), &alice, &found.id, IconSize::DEFAULT)
        .await;
    assert_eq!(icon, Ok(Icon::None { desktop: false }));
    let launch = Launch {
        params: LaunchParams::default(),
        seen_address: None,
        via: Vec::new(),
        title: None,
    };
    let target = LaunchTarget::Application(found.ids());
    let launched = scripted::launch(&store, &alice, &target, &launch).await;
    assert!(
        matches!(launched, Ok(LaunchOutcome::Ready { .. })),
        "{launched:?}"
    );
    for none in [id("A", "Other"), id("B", "Warm")] {
        let found = store.resource(&UserFarms::default(), &alice, &none).await;
        assert_eq!(found, Err(ResourceError::NotFound), "{none:?}");
    }
}

#[tokio::test]
async fn resource_lookup_asks_farms_of_group_only() {
    // ST-59
    let farms = vec![
        farm("ONE", Some("office"), &[("Word", "Word", false)]),
        farm("ALONE", None, &[("Word", "Word", false)]),
        farm("TWO", Some("office"), &[("WinWord", "Word", false)]),
        farm("OTHER", Some("lab"), &[("Word", "Word", false)]),
    ];
    let store = Store::new(farms, keys());
    let alice = user("alice");
    for name in [id("ONE", "Word"), id("TWO", "WinWord")] {
        let found = store
            .resource(&UserFarms::default(), &alice, &name)
            .await
            .unwrap();
        assert_eq!(
            (found.id, found.other_ids),
            (id("ONE", "Word"), vec![id("TWO", "WinWord")])
        );
    }
    let found = store
        .resource(&UserFarms::default(), &alice, &id("ALONE", "Word"))
        .await
        .unwrap();
    assert_eq!((found.id, found.other_ids), (id("ALONE", "Word"), vec![]));
    for name in [id("ONE", "WinWord"), id("NONE", "Word"), id("ALONE", "")] {
        let found = store.resource(&UserFarms::default(), &alice, &name).await;
        assert_eq!(found, Err(ResourceError::NotFound), "{name:?}");
    }
    let asked = |farm: &ScriptedFarm| {
        let calls = farm.calls().into_iter();
        calls
            .filter(|call| matches!(call, Call::Applications(_)))
            .count()
    };
    let asked: Vec<_> = store.farms().iter().map(asked).collect();
    assert_eq!(asked, [3, 2, 3, 0]);
}

#[tokio::test]
async fn resource_on_failed_farm_is_not_reported_missing() {
    // ST-54
    let mut farms = vec![
        farm("ONE", Some("office"), &[]),
        farm("TWO", Some("office"), &[("WinWord", "Word", false)]),
    ];
    farms[0].applications = Err(down());
    let store = Store::new(farms, keys());
    let alice = user("alice");
    let word = id("ONE", "Word");
    let found = store.resource(&UserFarms::default(), &alice, &word).await;
    assert_eq!(found, Err(ResourceError::Farm(down())));
    let icon = store
        .icon(&UserFarms::default(), &alice, &word, IconSize::DEFAULT)
        .await;
    assert_eq!(icon, Err(ResourceError::Farm(down())));
    // A farm of the group is enough for its own resources.
    let found = store
        .resource(&UserFarms::default(), &alice, &id("TWO", "WinWord"))
        .await
        .unwrap();
    assert_eq!(found.id, id("TWO", "WinWord"));
}

#[tokio::test]
async fn icon_is_shown_only_for_own_applications() {
    let mut one = farm(
        "ONE",
        None,
        &[("Word", "Word", false), ("Desk", "Desk", true)],
    );
    let png: Arc<[u8]> = Arc::from(*b"png");
    one.icon = Ok(Some(Arc::clone(&png)));
    let store = Store::new(vec![one.clone()], keys());
    let alice = user("alice");
    let size = IconSize::fitting(33);
    let icon = store
        .icon(&UserFarms::default(), &alice, &id("ONE", "Word"), size)
        .await;
    assert_eq!(icon, Ok(Icon::OfFarm(png)));
    let calls = [
        Call::Applications(DeadlineShare::Half),
        Call::Icon("Word".to_owned(), size),
    ];
    assert_eq!(one.calls(), calls);
    for hidden in [id("ONE", "Excel"), id("TWO", "Word")] {
        let icon = store
            .icon(&UserFarms::default(), &alice, &hidden, size)
            .await;
        assert_eq!(icon, Err(ResourceError::NotFound));
    }
    one.icon = Ok(None);
    let store = Store::new(vec![one], keys());
    for (name, desktop) in [("Word", false), ("Desk", true)] {
        let icon = store
            .icon(&UserFarms::default(), &alice, &id("ONE", name), size)
            .await;
        assert_eq!(icon, Ok(Icon::None { desktop }));
    }
}

#[test]
fn icon_size_is_rounded_up() {
    let table = [
        (0, 16),
        (16, 16),
        (17, 32),
        (64, 128),
        (256, 256),
        (9999, 256),
    ];
    for (requested, expected) in table {
        assert_eq!(IconSize::fitting(requested).pixels(), expected);
    }
}

#[test]
fn empty_enumeration_gives_empty_list() {
    let farm = description("A", Generation::Cvad7);
    let result = FarmEnumeration {
        farm: &farm,
        enumeration: Ok(Arc::new(ResourceEnumeration::default())),
    };
    assert_eq!(merge_resources(&[result], &ALL).unwrap().resources, []);
}
