//! Filters of a store (storefront-import.md §6).

use roamd_sessions::{
    Application, FilterType, Generation, Kind, Launch, LaunchOutcome, LaunchTarget, ListRequest,
    ResourceError, ResourceFilter, ResourceId, ResourceIds, Scope, Store, StoreRules, UserFarms,
};
use roamd_store_proto::{ErrorReason, LaunchParams};
use secrecy::ExposeSecret as _;

use crate::scripted::{self, ScriptedFarm, keys, session, user};

fn application(kind: Kind, description: &str) -> Application {
    Application {
        title: "Title".to_owned(),
        kind,
        description: description.to_owned(),
        ..Application::default()
    }
}

fn words(list: &[&str]) -> Vec<String> {
    list.iter().map(|word| (*word).to_owned()).collect()
}

fn filter(types: &[FilterType], include: &[&str], exclude: &[&str]) -> ResourceFilter {
    ResourceFilter {
        types: types.to_vec(),
        include_keywords: words(include),
        exclude_keywords: words(exclude),
    }
}

fn store(rules: StoreRules) -> Store<ScriptedFarm> {
    let mut farm = ScriptedFarm::new("CVAD", Generation::Cvad7);
    let resources = [
        (
            "Word",
            application(Kind::Application, "Text KEYWORDS:Office"),
        ),
        ("Ledger", application(Kind::Application, "KEYWORDS:Hidden")),
    ];
    let resources = resources.map(|(in_name, application)| (in_name.to_owned(), application));
    farm.applications = Ok(resources.into_iter().collect());
    farm.sessions = Ok(vec![session(1, "Ledger")]);
    Store::new(vec![farm], keys()).with_rules(rules)
}

fn launch() -> Launch {
    Launch {
        params: LaunchParams {
            client_name: Some("DESK-B".to_owned()),
            ..LaunchParams::default()
        },
        seen_address: None,
        via: Vec::new(),
        title: None,
    }
}

#[test]
fn filter_shows_types_and_keywords() {
    use FilterType::{Applications, Desktops, Documents};
    let document = || Kind::Document { location: None };
    let (office, both) = ("A KEYWORDS:Office", "B KEYWORDS: office Hidden");
    for (filter, kind, description, expected) in [
        (filter(&[], &[], &[]), Kind::Desktop, "", true),
        (
            filter(&[Applications], &[], &[]),
            Kind::Application,
            "",
            true,
        ),
        (filter(&[Applications], &[], &[]), Kind::Desktop, "", false),
        (filter(&[Applications], &[], &[]), document(), "", false),
        (
            filter(&[Desktops, Documents], &[], &[]),
            document(),
            "",
            true,
        ),
        (
            filter(&[], &["Office"], &[]),
            Kind::Application,
            office,
            true,
        ),
        (
            filter(&[], &["OFFICE"], &[]),
            Kind::Application,
            office,
            true,
        ),
        (filter(&[], &["Off"], &[]), Kind::Application, office, false),
        (filter(&[], &["A"], &[]), Kind::Application, office, false),
        (filter(&[], &["Office"], &[]), Kind::Application, "", false),
        (
            filter(&[], &["Red", "Office"], &[]),
            Kind::Application,
            office,
            true,
        ),
        (
            filter(&[], &[], &["hidden"]),
            Kind::Application,
            both,
            false,
        ),
        (
            filter(&[], &[], &["hidden"]),
            Kind::Application,
            office,
            true,
        ),
        (
            filter(&[], &["Office"], &["Hidden"]),
            Kind::Application,
            both,
            false,
        ),
        (
            filter(&[Desktops], &["Office"], &[]),
            Kind::Application,
            office,
            false,
        ),
    ] {
        let resource = application(kind, description);
        assert_eq!(filter.shows(&resource), expected, "{filter:?} {resource:?}");
    }
}

/// The farm publishes the application to the user, and the store does not.
#[tokio::test]
async fn hidden_resource_is_neither_listed_nor_launched() {
    let alice = user("alice");
    let shown = ResourceId::parse("CVAD.Word").unwrap();
    let hidden = ResourceId::parse("CVAD.Ledger").unwrap();
    let store = store(StoreRules {
        filter: filter(&[], &[], &["Hidden"]),
        ..StoreRules::default()
    });
    let list = scripted::resources(&store, &alice, Scope::Everything).await;
    let listed: Vec<_> = list
        .unwrap()
        .resources
        .into_iter()
        .map(|it| it.id)
        .collect();
    assert_eq!(listed, std::slice::from_ref(&shown));
    assert!(
        store
            .resource(&UserFarms::default(), &alice, &shown)
            .await
            .is_ok()
    );
    let looked_up = store.resource(&UserFarms::default(), &alice, &hidden).await;
    assert_eq!(looked_up, Err(ResourceError::NotFound));
    for (id, is_launched) in [(shown, true), (hidden, false)] {
        let target = LaunchTarget::Application(ResourceIds::new(id, []));
        let launched = scripted::launch(&store, &alice, &target, &launch()).await;
        match launched.unwrap() {
            LaunchOutcome::Ready { .. } => assert!(is_launched),
            LaunchOutcome::NotFound(ErrorReason::ResourceNotFound) => assert!(!is_launched),
            other => panic!("{other:?}"),
        }
    }
}

/// A filter hides no session: the user can reconnect to what runs.
#[tokio::test]
async fn session_of_hidden_resource_is_listed_and_launched() {
    let alice = user("alice");
    let store = store(StoreRules {
        filter: filter(&[FilterType::Desktops], &[], &["Hidden"]),
        ..StoreRules::default()
    });
    let list = scripted::list(&store, &alice, ListRequest::DISCONNECTED).await;
    let list = list.unwrap();
    let target = LaunchTarget::Session(list.sessions[0].id.clone());
    let launched = scripted::launch(&store, &alice, &target, &launch()).await;
    assert!(
        matches!(launched, Ok(LaunchOutcome::Ready { .. })),
        "{launched:?}"
    );
}

/// SI-19: the farm gets the name of the client in any case.
#[tokio::test]
async fn client_name_is_in_the_file_if_it_is_overridden() {
    let alice = user("alice");
    let word = ResourceId::parse("CVAD.Word").unwrap();
    let target = LaunchTarget::Application(ResourceIds::new(word, []));
    for override_client_name in [true, false] {
        let store = store(StoreRules {
            override_client_name,
            ..StoreRules::default()
        });
        let launched = scripted::launch(&store, &alice, &target, &launch()).await;
        let Ok(LaunchOutcome::Ready { ica, .. }) = launched else {
            panic!("{launched:?}")
        };
        let has_name = ica.text().expose_secret().contains("ClientName=DESK-B");
        assert_eq!(has_name, override_client_name);
        let connects = store.farms()[0]
            .calls()
            .into_iter()
            .filter_map(|call| match call {
                scripted::Call::Connect(connect) => connect.end_point.client_name,
                _ => None,
            });
        assert_eq!(connects.collect::<Vec<_>>(), ["DESK-B"]);
    }
}
