//! `roamd farm`.

use std::net::TcpListener;

use crate::support::{Server, World, roamd, run};

#[test]
fn init_makes_the_demo_world_once() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("world");
    let data = data.to_str().unwrap();
    assert_eq!(run(&["farm", "init", "--data", data]).code, 0);
    let list = ["farm", "session", "list", "--data", data, "--json"];
    let sessions = run(&list);
    assert_eq!(
        sessions.column("", "app"),
        [
            "MSPaint",
            "Notepad",
            "Win7Desktop",
            "Excel",
            "Word",
            "Win11Desktop",
            "Word"
        ]
    );
    let again = run(&["farm", "init", "--data", data]);
    assert_eq!((again.code, again.out.as_str()), (1, ""));
    assert!(again.err.contains("holds a world already"), "{}", again.err);
    assert_eq!(run(&list).out, sessions.out);
}

#[test]
fn a_world_file_with_faults_makes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = (
        folder.path().join("world"),
        folder.path().join("world.toml"),
    );
    let (data, file) = (data.to_str().unwrap(), file.to_str().unwrap());
    std::fs::write(file, "[[farm]]\nid = \"XA1\"\n").unwrap();
    let ran = run(&["farm", "init", "--data", data, "--from", file]);
    assert_eq!((ran.code, ran.out.as_str()), (2, ""));
    assert!(
        ran.err
            .contains(&format!("{file} describes no world: line 1")),
        "{}",
        ran.err
    );
    let ran = run(&["farm", "session", "list", "--data", data]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("roamd farm init --data"), "{}", ran.err);
}

#[test]
fn sessions_are_listed_with_all_their_fields() {
    let world = World::new();
    let data = world.data();
    let ran = run(&[
        "farm", "session", "list", "--data", data, "--farm", "CVAD", "--user", "alice", "--json",
    ]);
    let sessions = ran.json();
    assert_eq!(
        sessions[1],
        serde_json::json!({
            "farm": "CVAD", "domain": "DEMO", "user": "alice", "app": "Word", "apps": ["Word"],
            "host_id": "71031",
            "session_id": sessions[1]["session_id"], "state": "active", "client_name": "DESK-A",
            "device_id": "DESK-A",
        })
    );
    assert!(sessions[1]["session_id"].is_number());
    assert_eq!(sessions.as_array().map(Vec::len), Some(3));
    let table = run(&["farm", "session", "list", "--data", data, "--user", "bob"]);
    let lines: Vec<Vec<_>> = table
        .out
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(
        lines[0],
        [
            "FARM", "USER", "APP", "HOST", "SESSION", "STATE", "CLIENT", "DEVICE"
        ]
    );
    assert_eq!(lines[1][..4], ["CVAD", r"DEMO\bob", "Word", "71031"]);
    assert_eq!(lines[1][5..], ["disconnected", "-", "-"]);
}

#[test]
fn a_session_can_be_started() {
    let world = World::new();
    let start = ["farm", "session", "start", "--data", world.data()];
    let carol = [
        "--farm",
        "CVAD",
        "--user",
        "carol",
        "--app",
        "Word",
        "--client-name",
        "DESK-C",
    ];
    let ran = run(&[&start[..], &carol, &["--device-id", "d-1", "--json"]].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(ran.json()["device_id"], "d-1");
    let gone = ["--farm", "XA1", "--user", r"DEMO\carol", "--app", "Notepad"];
    assert_eq!(
        run(&[&start[..], &gone, &["--state", "disconnected"]].concat()).code,
        0
    );
    let sessions = world.sessions("carol");
    assert_eq!(sessions, ["Notepad disconnected -", "Word active DESK-C"]);

    for (farm, user, app) in [
        ("NONE", "carol", "Word"),
        ("CVAD", "dave", "Word"),
        ("XA1", "carol", "Word"),
    ] {
        let ran = run(&[&start[..], &["--farm", farm, "--user", user, "--app", app]].concat());
        assert_eq!(
            (ran.code, ran.out.as_str()),
            (2, ""),
            "{farm} {user} {app}: {ran:?}"
        );
    }
    assert_eq!(world.sessions("carol"), sessions);
}

#[test]
fn an_ica_file_without_a_good_ticket_connects_nobody() {
    let world = World::new();
    let file = world.path("bad.ica");
    let file = file.to_str().unwrap();
    let before = world.sessions("alice");
    for (text, code, expected) in [
        ("[WFClient]\n", 1, "no LogonTicket"),
        (
            "LogonTicket=0F51C2D9A8B74E60B1\n",
            3,
            "logon ticket refused",
        ),
    ] {
        std::fs::write(file, text).unwrap();
        let ran = run(&["farm", "connect", "--data", world.data(), file]);
        assert_eq!((ran.code, ran.out.as_str()), (code, ""), "{ran:?}");
        assert!(ran.err.contains(expected), "{}", ran.err);
    }
    assert_eq!(world.sessions("alice"), before);
}

#[test]
fn several_controllers_serve_one_farm_until_they_are_stopped() {
    let world = World::new();
    let serve = ["farm", "serve", "--data", world.data(), "--farm", "XA1"];
    let args = [&serve[..], &["--listen", "127.0.0.1:0"]].concat();
    let (one, two) = (
        Server::start(&mut roamd(&args), 1),
        Server::start(&mut roamd(&args), 1),
    );
    assert_ne!(one.url(), two.url());
    for server in [&one, &two] {
        assert!(
            server.url().ends_with("/scripts/wpnbr.dll"),
            "{}",
            server.url()
        );
    }
    let busy = run(&[&serve[..], &["--listen", one.address()]].concat());
    assert_eq!((busy.code, busy.out.as_str()), (1, ""));
    assert!(
        busy.err
            .contains("is in use by another program; stop it, or"),
        "{}",
        busy.err
    );
    for server in [one, two] {
        let (status, rest) = server.stop();
        assert_eq!((status.code(), rest.as_str()), (Some(0), ""));
    }
}

#[test]
fn a_farm_that_does_not_exist_is_not_served() {
    let world = World::new();
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .to_string();
    let ran = run(&[
        "farm",
        "serve",
        "--data",
        world.data(),
        "--farm",
        "XA9",
        "--listen",
        &free,
    ]);
    assert_eq!((ran.code, ran.out.as_str()), (2, ""));
    assert!(ran.err.contains("no farm has the id XA9"), "{}", ran.err);
}
