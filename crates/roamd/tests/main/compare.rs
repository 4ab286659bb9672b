//! `roamd compare`.

use roamd_store_client::{EnumerationStatus, Resource, ResourceType};
use roamd_testkit::{MockStore, StoreResponse, healthy_store};
use serde_json::Value;

use crate::support::{CommandOutput, Server, World, roamd, run};

fn compare(stores: [&str; 2], user: &str, password: &str, args: &[&str]) -> CommandOutput {
    let [first, second] = stores;
    let compare = ["compare", "--store", first, "--store", second];
    let mut command = roamd(&[&compare, &["--user", user][..], args].concat());
    CommandOutput::of(command.env("ROAMD_PASSWORD", password).output().unwrap())
}

/// Returns the items with an outcome, each as `KIND NAME`.
fn items(json: &Value, outcome: &str) -> Vec<String> {
    let items = json["items"].as_array().unwrap().iter();
    let items = items.filter(|item| item["outcome"] == outcome);
    let text = |item: &Value| {
        let shown = match item["first"].is_null() {
            true => &item["second"],
            false => &item["first"],
        };
        let field = |name: &str| shown[name].as_str().unwrap().to_owned();
        format!("{} {}", field("kind"), field("name"))
    };
    items.map(text).collect()
}

#[test]
fn equal_stores_exit_with_0_and_different_ones_with_5() {
    let worlds = [World::new(), World::new()];
    let demos = worlds.each_ref().map(Server::demo);
    let stores = demos.each_ref().map(Server::url);
    let compare = |args: &[&str]| compare(stores, r"DEMO\alice", "roam-demo", args);
    let before = worlds.each_ref().map(|world| world.sessions("alice"));
    let ran = compare(&[]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.contains("equal"), "{ran:?}");
    assert!(
        ran.err
            .contains(" equal, 0 different, 0 only at the first store, 0 only at the second."),
        "{ran:?}"
    );
    let json = compare(&["--json"]).json();
    assert_eq!(json["equal"], true);
    assert_eq!(json["stores"][0]["store"], stores[0]);
    assert_eq!(json["stores"][1]["store"], stores[1]);
    // The sessions that alice left disconnected, and the applications.
    let equal = items(&json, "equal");
    for expected in ["session MSPaint", "session Excel", "application Word"] {
        assert!(equal.contains(&expected.to_owned()), "{equal:?}");
    }

    let set = |args: &[&str]| {
        let data = ["--data", worlds[1].data()];
        let ran = run(&[&["farm"], args, &data].concat());
        assert_eq!(ran.code, 0, "{ran:?}");
    };
    let of_excel = ["--host", "71031", "--farm", "CVAD"];
    let list = [
        "farm",
        "session",
        "list",
        "--data",
        worlds[1].data(),
        "--json",
    ];
    let sessions = run(&list).json();
    let excel = sessions.as_array().unwrap().iter();
    let excel = excel
        .clone()
        .find(|it| it["app"] == "Excel" && it["user"] == "alice");
    let number = excel.unwrap()["session_id"].to_string();
    set(&[
        &["session", "logoff"],
        &of_excel[..],
        &["--session", &number],
    ]
    .concat());
    let start = [
        "session", "start", "--farm", "XA1", "--user", "alice", "--app", "Notepad",
    ];
    set(&[&start[..], &["--state", "disconnected"]].concat());

    let ran = compare(&["--json"]);
    assert_eq!(ran.code, 5, "{ran:?}");
    let json = ran.json();
    assert_eq!(json["equal"], false);
    assert_eq!(items(&json, "only-first"), ["session Excel"]);
    assert_eq!(items(&json, "only-second"), ["session Notepad"]);
    let ran = compare(&["-o", "csv", "--filter", "outcome=only"]);
    assert_eq!(ran.code, 5, "{ran:?}");
    let expected = "outcome,kind,name,first,second,differences\n\
                    only first,session,Excel,CVAD.Excel on Farm3,,\n\
                    only second,session,Notepad,,XA1.Notepad on Farm1,\n";
    assert_eq!(ran.out, expected);
    // Nothing of this has changed a session at the first store.
    assert_eq!(worlds[0].sessions("alice"), before[0]);
}

/// A store with one resource, and a list of this status.
fn store_with(resource: Resource, enumeration: EnumerationStatus) -> MockStore {
    MockStore::start(move |request| match request.path().split('?').next() {
        Some("/Store/endpoints/v1") => StoreResponse::all_endpoints(&request.base),
        Some("/resources") => StoreResponse::resources(vec![resource.clone()]),
        Some("/list") if !request.header("authorization").is_empty() => {
            StoreResponse::list(&request.base, enumeration, &[])
        }
        _ => healthy_store(request),
    })
}

fn word() -> Resource {
    Resource {
        id: "A.Word".to_owned(),
        title: "Word".to_owned(),
        resource_type: ResourceType::APPLICATION,
        publisher_name: "Farm1".to_owned(),
        enabled: true,
        ..Resource::default()
    }
}

#[test]
fn differences_of_a_resource_are_named() {
    let moved = Resource {
        id: "B.Word".to_owned(),
        path: r"\Office".to_owned(),
        enabled: false,
        ..word()
    };
    let full = EnumerationStatus::Full;
    let stores = [store_with(word(), full), store_with(moved, full)];
    let [first, second] = stores.each_ref().map(MockStore::url);
    let ran = compare([&first, &second], "ada", "s3cret!", &["--json"]);
    assert_eq!(ran.code, 5, "{ran:?}");
    let item = &ran.json()["items"][0];
    assert_eq!(item["outcome"], "different");
    let expected = serde_json::json!(["resource", "folder", "enabled"]);
    assert_eq!(item["differences"], expected);
    assert_eq!(item["second"]["details"]["folder"], r"\Office");
    for store in stores {
        let requests = store.requests();
        let lists = requests.iter().filter(|it| it.path() == "/list");
        let is_active = |body: &str| body.contains("<includeActiveSessions>true");
        assert!(lists.clone().all(|list| !is_active(&list.body)));
        // Signed in once, and signed out.
        let attempts = requests.iter().filter(|it| it.path() == "/attempt");
        assert_eq!(attempts.count(), 1);
        let destroy = "application/vnd.citrix.destroytoken+xml";
        let ended = requests
            .iter()
            .filter(|it| it.header("content-type") == destroy);
        assert_eq!(ended.count(), 1);
    }
}

#[test]
fn incomplete_list_exits_with_4() {
    let full = store_with(word(), EnumerationStatus::Full);
    let partial = store_with(word(), EnumerationStatus::Partial);
    let [full, partial] = [full, partial].map(|store| store.url());
    for stores in [[&*full, &*partial], [&*partial, &*full]] {
        let ran = compare(stores, "ada", "s3cret!", &["--json"]);
        assert_eq!(ran.code, 4, "{ran:?}");
        assert_eq!(ran.json()["equal"], false);
        assert!(ran.err.contains("comparison is not complete"), "{ran:?}");
    }
}

/// Two attempts with a wrong password may lock an account.
#[test]
fn wrong_password_is_sent_to_one_store() {
    let world = World::new();
    let demo = Server::demo(&world);
    let second = MockStore::start(healthy_store);
    let url = second.url();
    let ran = compare([demo.url(), &url], r"DEMO\alice", "wrong", &[]);
    assert_eq!((ran.code, ran.out.as_str()), (3, ""), "{ran:?}");
    assert_eq!(second.lines(), [""; 0]);
    let name = |url: &str| format!("roamd: the store {url}: ");
    assert!(ran.err.starts_with(&name(demo.url())), "{ran:?}");
    let other = World::new();
    let refusing = Server::demo(&other);
    let ran = compare([&url, refusing.url()], r"DEMO\alice", "wrong", &[]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.err.starts_with(&name(refusing.url())), "{ran:?}");
    for (args, expected) in [
        (&["--store", "a"][..], "--store <URL> twice"),
        (&["--store", "a", "--store", "b", "--store", "c"], "twice"),
        (&["--store", "a", "--store", "b"], "--user is missing"),
    ] {
        let ran = run(&[&["compare"], args].concat());
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{ran:?}");
        assert!(ran.err.contains(expected), "{args:?}: {ran:?}");
    }
}
