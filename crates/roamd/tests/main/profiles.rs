//! `roamd profiles`.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use roamd_testkit::{MockStore, StoreResponse, healthy_store};
use serde_json::Value;

use crate::home::Home;
use crate::support::{CommandOutput, Server, World, eventually, on_a_terminal_of, run};

/// Returns one field of the profile with a name.
fn field(list: &CommandOutput, name: &str, field: &str) -> Value {
    let list = list.json();
    let mut profiles = list.as_array().unwrap().iter();
    let profile = profiles.find(|it| it["name"] == name).expect(name);
    profile[field].clone()
}

#[test]
fn list_shows_each_profile_with_the_state_of_its_sign_in() {
    let world = World::new();
    let demo = Server::demo(&world);
    let home = Home::new();
    let none = home.run(&["profiles", "list"]);
    assert_eq!((none.code, none.out.as_str()), (0, ""));
    assert!(none.err.contains("roamd login --store URL"), "{none:?}");
    assert_eq!(home.run(&["profiles", "list", "--json"]).out.trim(), "[]");

    for (user, name) in [("alice", "gone"), ("bob", "old"), ("carol", "now")] {
        let user = format!(r"DEMO\{user}");
        home.sign_in(demo.url(), &user, "roam-demo", &["--profile", name]);
    }
    assert_eq!(home.run(&["logout", "--profile", "gone"]).code, 0);
    let old = home.sign_ins().join("old.json");
    let text = fs::read_to_string(&old).unwrap();
    let mut saved: Value = serde_json::from_str(&text).unwrap();
    saved["expiry"] = "2020-01-01T00:00:00Z".into();
    fs::write(&old, saved.to_string()).unwrap();

    let list = home.run(&["profiles", "list", "--json"]);
    assert_eq!((list.code, list.err.as_str()), (0, ""), "{list:?}");
    assert_eq!(list.column("", "name"), ["now", "old", "gone"]);
    for (name, user, is_current, state) in [
        ("now", r"DEMO\carol", true, "not-checked"),
        ("old", r"DEMO\bob", false, "expired"),
        ("gone", r"DEMO\alice", false, "signed-out"),
    ] {
        assert_eq!(field(&list, name, "user"), user);
        assert_eq!(field(&list, name, "store"), demo.url());
        assert_eq!(field(&list, name, "current"), is_current, "{name}");
        assert_eq!(field(&list, name, "state"), state, "{name}");
        let is_known = state != "signed-out";
        assert_eq!(field(&list, name, "since").is_string(), is_known, "{name}");
        assert_eq!(field(&list, name, "until").is_string(), is_known, "{name}");
    }
    let token = home.run(&["token"]).out;
    let saved = fs::read_to_string(home.sign_ins().join("now.json")).unwrap();
    let saved: Value = serde_json::from_str(&saved).unwrap();
    for secret in [token.trim(), saved["token"].as_str().unwrap()] {
        assert!(secret.len() > 20 && !list.out.contains(secret));
    }

    let table = home.run(&["profiles", "list"]);
    let rows: Vec<Vec<&str>> = table
        .out
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(rows[0][..4], ["CURRENT", "NAME", "STORE", "USER"]);
    assert_eq!(
        rows[1][..6],
        ["yes", "now", demo.url(), r"DEMO\carol", "not", "checked"]
    );
    assert_eq!(rows[2][..2], ["no", "old"]);
    assert_eq!(rows[3].last(), Some(&"-"));
    let csv = home.run(&["profiles", "list", "-o", "csv", "--filter", "name=gone"]);
    let expected = format!("no,gone,{},DEMO\\alice,signed out,,,\n", demo.url());
    assert!(csv.out.ends_with(&expected), "{csv:?}");
    // The name is an argument of other commands: it is whole on any terminal.
    let narrow = on_a_terminal_of(40, &home.command(&["profiles", "list"]), "");
    assert!(narrow.out.contains(" now "), "{narrow:?}");
    let names = home.run(&["profiles", "list", "-o", "name", "--filter", "state=signed"]);
    assert_eq!(names.out, "gone\n");
}

/// A token that the store has ended looks good on this machine.
#[test]
fn check_asks_each_store() {
    let ended = MockStore::start(|request| match request.path() {
        "/token" if request.header("authorization").is_empty() => healthy_store(request),
        "/token" => StoreResponse::challenge(&request.base, "tokens", "protocols", "/token"),
        _ => healthy_store(request),
    });
    let busy = MockStore::start(|request| match request.path() {
        "/Store/endpoints/v1" => StoreResponse::status(503),
        _ => healthy_store(request),
    });
    let good = MockStore::start(healthy_store);
    let home = Home::new();
    for name in ["good", "ended", "busy", "exposed"] {
        home.sign_in_at(&good, &["--profile", name]);
    }
    // Their stores do not let the user sign in any more.
    let profiles = home.path().join("config/roamd/profiles.json");
    let mut json: Value = serde_json::from_slice(&fs::read(&profiles).unwrap()).unwrap();
    for profile in json["profiles"].as_array_mut().unwrap() {
        let store = match profile["name"].as_str().unwrap() {
            "ended" => &ended,
            "busy" => &busy,
            _ => &good,
        };
        profile["store"] = store.url().into();
        let file = format!("{}.json", profile["name"].as_str().unwrap());
        let file = home.sign_ins().join(file);
        let text = fs::read_to_string(&file).unwrap();
        let text = text.replace(&good.address().to_string(), &store.address().to_string());
        let text = text.replace("2026-03-02", "2126-03-02");
        fs::write(&file, text).unwrap();
    }
    fs::write(&profiles, json.to_string()).unwrap();
    let exposed = home.sign_ins().join("exposed.json");
    fs::set_permissions(exposed, Permissions::from_mode(0o644)).unwrap();

    let requests = good.lines().len();
    let local = home.run(&["profiles", "list", "--json"]);
    assert_eq!(local.code, 0, "{local:?}");
    assert_eq!(field(&local, "ended", "state"), "not-checked");
    assert_eq!(good.lines().len(), requests, "a store was asked");

    let checked = home.run(&["profiles", "list", "--check", "--json"]);
    assert_eq!(checked.code, 4, "{checked:?}");
    for (name, state) in [
        ("good", "signed-in"),
        ("ended", "ended"),
        ("busy", "unknown"),
        ("exposed", "unusable"),
    ] {
        assert_eq!(field(&checked, name, "state"), state, "{checked:?}");
    }
    let expected = "busy: http://";
    assert!(checked.err.contains(expected), "{checked:?}");
    assert!(checked.err.contains("responded with 503"), "{checked:?}");
    let ended = home.run(&["profiles", "list", "--check", "--filter", "state=ended"]);
    assert!(ended.out.contains("ended"), "{ended:?}");
    // What a store has said is known from then on.
    let local = home.run(&["profiles", "list", "--json"]);
    for (name, state) in [("good", "not-checked"), ("ended", "ended")] {
        assert_eq!(field(&local, name, "state"), state, "{local:?}");
    }
}

/// An operator may end all sign-ins of a user.
#[test]
fn refused_token_marks_its_profile_until_the_next_login() {
    let world = World::new();
    let demo = Server::demo(&world);
    let home = Home::new();
    let login = || home.sign_in(demo.url(), r"DEMO\alice", "roam-demo", &["--profile", "a"]);
    let state = || field(&home.run(&["profiles", "list", "--json"]), "a", "state");
    login();
    assert_eq!(state(), "not-checked");
    let revoke = [
        "tokens",
        "revoke",
        "--user",
        r"DEMO\alice",
        "--data",
        world.data(),
    ];
    assert_eq!(run(&revoke).code, 0);
    // A list during which the sign-in ends may be refused without another request for a token.
    eventually("the tokens are not revoked", || {
        let ran = home.run(&["sessions", "list"]);
        (ran.code == 3 && state() == "ended").then_some(())
    });
    login();
    assert_eq!(state(), "not-checked");
    assert_eq!(home.run(&["sessions", "list"]).code, 0);
}

#[test]
fn removed_profile_is_signed_out_and_forgotten() {
    let store = MockStore::start(healthy_store);
    let home = Home::new();
    home.sign_in_at(&store, &["--profile", "one"]);
    home.sign_in_at(&store, &["--profile", "two"]);
    let ran = home.run(&["profiles", "remove", "one", "twoo"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.err.contains("did you mean two?"), "{ran:?}");
    let names = || home.run(&["profiles", "list", "-o", "name"]).out;
    assert_eq!(names(), "two\none\n");

    let ran = home.run(&["profiles", "remove", "two"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.err.contains("Signed out of http://"), "{ran:?}");
    assert!(ran.err.contains("Removed the profile two."), "{ran:?}");
    assert_eq!(names(), "one\n");
    assert!(!home.sign_ins().join("two.json").exists());
    assert!(home.sign_ins().join("one.json").exists());
}

/// A profile of another user could name another store for the next password.
#[test]
fn profiles_that_other_users_can_change_are_refused() {
    let world = World::new();
    let demo = Server::demo(&world);
    let home = Home::new();
    home.sign_in(demo.url(), r"DEMO\alice", "roam-demo", &[]);
    let file = home.path().join("config/roamd/profiles.json");
    for (mode, code) in [(0o666, 1), (0o620, 1), (0o644, 0)] {
        fs::set_permissions(&file, Permissions::from_mode(mode)).unwrap();
        let ran = home.run(&["sessions", "list"]);
        assert_eq!(ran.code, code, "{mode:o}: {ran:?}");
        let is_named = ran.err.contains("other users can change");
        assert_eq!(is_named, code == 1, "{mode:o}: {ran:?}");
    }
}
