//! What a user may start on all farms together (store-services.md §5).

use std::sync::Arc;

use roamd_sessions::{
    Busy, DeadlineShare, FarmDescription, FarmEnumeration, FarmError, FarmId, FarmListResult,
    Generation, Icon, IconSize, Launch, LaunchOutcome, LaunchTarget, ListOutcome, ListRequest,
    Refusal, ResourceEnumeration, ResourceError, ResourceId, ResourceList, Scope, SessionIds,
    Store, UserKey, merge_list, merge_resources,
    plan::{self, FarmPlan},
};
use roamd_store_proto::{EnumerationStatus, LaunchParams};

use crate::scripted::{Call, ScriptedFarm, catalogue, description, down, keys, session, user};

fn grouped(id: &str) -> FarmDescription {
    FarmDescription {
        aggregation_group: Some("office".to_owned()),
        ..description(id, Generation::Cvad7)
    }
}

fn answered<'a>(farm: &'a FarmDescription, entries: &[(&str, &str, bool)]) -> FarmEnumeration<'a> {
    FarmEnumeration {
        farm,
        catalogue: Ok(Arc::new(catalogue(entries))),
    }
}

fn failed(farm: &FarmDescription, error: FarmError) -> FarmEnumeration<'_> {
    FarmEnumeration {
        farm,
        catalogue: Err(error),
    }
}

/// Each resource as its ids and its title.
fn shown(list: &ResourceList) -> Vec<String> {
    let resources = list.resources.iter();
    resources
        .map(|resource| {
            let elsewhere = resource.elsewhere.iter();
            let ids: Vec<_> = [&resource.id]
                .into_iter()
                .chain(elsewhere)
                .map(ToString::to_string)
                .collect();
            format!("{}: {}", ids.join(" "), resource.application.title)
        })
        .collect()
}

fn id(farm: &str, in_name: &str) -> ResourceId {
    ResourceId::new(&FarmId::new(farm), in_name)
}

#[test]
fn enumeration_says_how_many_farms_answered() {
    // ST-60
    let (a, b) = (
        description("A", Generation::XenApp6),
        description("B", Generation::XenDesktop5),
    );
    let table = [
        (vec![answered(&a, &[])], EnumerationStatus::Full),
        (vec![], EnumerationStatus::Full),
        (
            vec![answered(&a, &[]), failed(&b, down())],
            EnumerationStatus::Partial,
        ),
        (
            vec![answered(&a, &[]), failed(&b, FarmError::Busy)],
            EnumerationStatus::Partial,
        ),
        (
            vec![failed(&a, FarmError::Busy), failed(&b, down())],
            EnumerationStatus::Failed,
        ),
    ];
    for (answers, expected) in table {
        let list = merge_resources(&answers).unwrap();
        assert_eq!(list.enumeration, expected, "{answers:?}");
    }
    let busy = [failed(&a, FarmError::Busy), failed(&b, FarmError::Busy)];
    assert_eq!(merge_resources(&busy), Err(Busy));
}

#[test]
fn farms_of_a_group_publish_the_same_application_once() {
    let (one, two, alone) = (
        grouped("ONE"),
        grouped("TWO"),
        description("ALONE", Generation::Cvad7),
    );
    let list = merge_resources(&[
        answered(
            &one,
            &[
                ("Word", "Word", false),
                ("Pad-2", "Notepad", false),
                ("Pad-1", "Notepad", false),
            ],
        ),
        answered(
            &alone,
            &[("Pad-2", "Notepad", false), ("Pad-1", "Notepad", false)],
        ),
        answered(
            &two,
            &[
                ("pad", "Notepad", false),
                ("Desk", "Notepad", true),
                ("Excel", "Excel", false),
            ],
        ),
    ])
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
fn a_session_has_the_id_of_a_resource_of_the_list() {
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
    let resources = merge_resources(&farms.map(|farm| answered(farm, &entries))).unwrap();
    let everything = ListRequest {
        include_active_sessions: false,
        app_sessions_only: false,
    };
    let sessions = farms.map(|farm| {
        let FarmPlan::ListQuery(ask) = plan::list(farm, everything) else {
            panic!("every farm is asked");
        };
        let sessions = entries.iter().zip(1..);
        let outcome = ListOutcome::Answered {
            ask,
            sessions: sessions.map(|((name, ..), n)| session(n, name)).collect(),
            catalogue: Some(Arc::new(catalogue(&entries))),
            pre_launch: None,
        };
        FarmListResult { farm, outcome }
    });
    let ids = SessionIds::new(keys());
    let list = merge_list(&ids, &UserKey::new("DEMO", "alice"), &sessions).unwrap();
    assert_eq!(list.sessions.len(), 9);
    for session in list.sessions {
        let mut resources = resources.resources.iter();
        let resource = resources.find(|r| r.id.to_string() == session.resource_id);
        let resource = resource.unwrap_or_else(|| panic!("{}", session.resource_id));
        assert_eq!(session.aggregated, !resource.elsewhere.is_empty());
        assert_eq!(session.initial_app, resource.application.title);
    }
}

fn farm(id: &str, group: Option<&str>, entries: &[(&str, &str, bool)]) -> ScriptedFarm {
    let mut farm = ScriptedFarm::new(id, Generation::Cvad7);
    farm.description.aggregation_group = group.map(str::to_owned);
    farm.applications = Ok(catalogue(entries));
    farm
}

#[tokio::test]
async fn a_list_asks_every_farm_for_what_the_user_may_start() {
    let mut farms = vec![
        farm("A", None, &[("Word", "Word", false)]),
        farm("B", None, &[("Desk", "Desk", true)]),
    ];
    let store = Store::new(farms.clone(), keys());
    let list = store
        .resources(&user("alice"), Scope::Everything)
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
    let list = store
        .resources(&user("alice"), Scope::Everything)
        .await
        .unwrap();
    assert_eq!(list.enumeration, EnumerationStatus::Failed);
    farms[0].begin = Err(FarmError::Busy);
    let store = Store::new(farms, keys());
    assert_eq!(
        store.resources(&user("alice"), Scope::Everything).await,
        Err(Busy)
    );
}

#[tokio::test]
async fn what_is_started_before_anybody_asks_is_a_list_of_its_own() {
    // ST-57, nfuse.md §6.1
    let mut knows = farm("A", None, &[("Word", "Word", false)]);
    knows.pre_launch = Ok(catalogue(&[("Warm", "Warm-up", false)]));
    let mut refuses = farm("B", None, &[("Paint", "Paint", false)]);
    refuses.pre_launch = Err(FarmError::Refused(Refusal::Unsupported));
    let store = Store::new(vec![knows, refuses], keys());
    let alice = user("alice");
    let list = store.resources(&alice, Scope::PreLaunch).await.unwrap();
    assert_eq!(shown(&list), ["A.Warm: Warm-up"]);
    assert_eq!(list.enumeration, EnumerationStatus::Partial);
    for farm in store.farms() {
        assert_eq!(farm.calls(), [Call::PreLaunchApplications]);
    }
    let list = store.resources(&alice, Scope::Everything).await.unwrap();
    assert_eq!(shown(&list), ["A.Word: Word", "B.Paint: Paint"]);

    let found = store.resource(&alice, &id("A", "Warm")).await.unwrap();
    assert_eq!(found.id, id("A", "Warm"));
    let picture = store.picture(&alice, &found.id, IconSize::DEFAULT).await;
    assert_eq!(picture, Ok(Icon::None { desktop: false }));
    let launch = Launch {
        params: LaunchParams::default(),
        seen_address: None,
    };
    let target = LaunchTarget::Application(found.ids());
    let launched = store.launch(&alice, &target, &launch).await;
    assert!(
        matches!(launched, Ok(LaunchOutcome::Ready { .. })),
        "{launched:?}"
    );
    for none in [id("A", "Other"), id("B", "Warm")] {
        let found = store.resource(&alice, &none).await;
        assert_eq!(found, Err(ResourceError::NotFound), "{none}");
    }
}

#[tokio::test]
async fn one_resource_asks_its_farm_and_those_of_its_group() {
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
        let found = store.resource(&alice, &name).await.unwrap();
        assert_eq!(
            (found.id, found.elsewhere),
            (id("ONE", "Word"), vec![id("TWO", "WinWord")])
        );
    }
    let found = store.resource(&alice, &id("ALONE", "Word")).await.unwrap();
    assert_eq!((found.id, found.elsewhere), (id("ALONE", "Word"), vec![]));
    for name in [id("ONE", "WinWord"), id("NONE", "Word"), id("ALONE", "")] {
        let found = store.resource(&alice, &name).await;
        assert_eq!(found, Err(ResourceError::NotFound), "{name}");
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
async fn a_farm_that_does_not_answer_is_not_a_resource_that_is_gone() {
    // ST-54
    let mut farms = vec![
        farm("ONE", Some("office"), &[]),
        farm("TWO", Some("office"), &[("WinWord", "Word", false)]),
    ];
    farms[0].applications = Err(down());
    let store = Store::new(farms, keys());
    let alice = user("alice");
    let word = id("ONE", "Word");
    let found = store.resource(&alice, &word).await;
    assert_eq!(found, Err(ResourceError::Farm(down())));
    let picture = store.picture(&alice, &word, IconSize::DEFAULT).await;
    assert_eq!(picture, Err(ResourceError::Farm(down())));
    // The other farm of the group is enough for what it publishes itself.
    let found = store.resource(&alice, &id("TWO", "WinWord")).await.unwrap();
    assert_eq!(found.id, id("TWO", "WinWord"));
}

#[tokio::test]
async fn a_picture_is_shown_to_who_may_see_the_application() {
    let mut one = farm(
        "ONE",
        None,
        &[("Word", "Word", false), ("Desk", "Desk", true)],
    );
    let png: Arc<[u8]> = Arc::from(*b"png");
    one.picture = Ok(Some(Arc::clone(&png)));
    let store = Store::new(vec![one.clone()], keys());
    let alice = user("alice");
    let size = IconSize::fitting(33);
    let picture = store.picture(&alice, &id("ONE", "Word"), size).await;
    assert_eq!(picture, Ok(Icon::OfFarm(png)));
    let calls = [
        Call::Applications(DeadlineShare::Half),
        Call::Icon("Word".to_owned(), size),
    ];
    assert_eq!(one.calls(), calls);
    for hidden in [id("ONE", "Excel"), id("TWO", "Word")] {
        let picture = store.picture(&alice, &hidden, size).await;
        assert_eq!(picture, Err(ResourceError::NotFound));
    }
    one.picture = Ok(None);
    let store = Store::new(vec![one], keys());
    for (name, desktop) in [("Word", false), ("Desk", true)] {
        let picture = store.picture(&alice, &id("ONE", name), size).await;
        assert_eq!(picture, Ok(Icon::None { desktop }));
    }
}

#[test]
fn a_picture_has_the_wished_size_or_the_next_one_that_farms_have() {
    let table = [
        (0, 16),
        (16, 16),
        (17, 32),
        (64, 128),
        (256, 256),
        (9999, 256),
    ];
    for (wished, expected) in table {
        assert_eq!(IconSize::fitting(wished).pixels(), expected);
    }
}

#[test]
fn an_empty_catalogue_gives_an_empty_list() {
    let farm = description("A", Generation::Cvad7);
    let answer = FarmEnumeration {
        farm: &farm,
        catalogue: Ok(Arc::new(ResourceEnumeration::default())),
    };
    assert_eq!(merge_resources(&[answer]).unwrap().resources, []);
}
