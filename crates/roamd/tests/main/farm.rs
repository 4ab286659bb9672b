//! Tests of `roamd farm`.

use std::net::TcpListener;

use serde_json::{Value, json};

use crate::support::{Server, World, roamd, run};

#[test]
fn farm_init_creates_demo_world_only_once() {
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
    assert!(
        again.err.contains("already contains a world"),
        "{}",
        again.err
    );
    assert_eq!(run(&list).out, sessions.out);
}

#[test]
fn invalid_world_file_creates_nothing() {
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
            .contains(&format!("{file} is not a valid world file: line 1")),
        "{}",
        ran.err
    );
    let ran = run(&["farm", "session", "list", "--data", data]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("roamd farm init --data"), "{}", ran.err);
}

/// The rule for requests of the user selects sessions by client (nfuse.md §4.2); an operator can
/// also name one session, whatever its state.
#[test]
fn operator_disconnects_and_logs_off_sessions() {
    let world = World::new();
    let data = world.data();
    let session = |args: &[&str]| {
        let common = ["--data", data, "--json"];
        run(&[&["farm", "session"], args, &common].concat())
    };
    let of_alice = || session(&["list", "--user", "alice", "--farm", "CVAD"]);
    let states = || of_alice().column("", "state");
    let active = states().iter().filter(|state| *state == "active").count();
    assert!(active > 0, "{:?}", of_alice());

    // Another client has none of them.
    let user = ["--user", r"DEMO\alice", "--farm", "CVAD"];
    let elsewhere = [&["disconnect"], &user[..], &["--client-name", "NOWHERE"]].concat();
    assert_eq!(session(&elsewhere).out.trim(), "[]");
    let ran = session(&[&["disconnect"], &user[..]].concat());
    assert_eq!(ran.column("", "state"), vec!["disconnected"; active]);
    assert!(!states().contains(&"active".to_owned()));
    assert_eq!(session(&[&["logoff"], &user[..]].concat()).out.trim(), "[]");

    // One disconnected session, first without doing it.
    let before = of_alice().json();
    let (host, number) = (&before[0]["host_id"], before[0]["session_id"].to_string());
    let host = host.as_str().unwrap();
    let one = [
        "logoff",
        "--farm",
        "CVAD",
        "--host",
        host,
        "--session",
        &number,
    ];
    let planned = session(&[&one[..], &["--dry-run"]].concat());
    assert_eq!(planned.json()[0], before[0]);
    assert_eq!(of_alice().json(), before);
    let reason = ["--reason", "hangs"];
    assert_eq!(session(&[&one[..], &reason].concat()).json()[0], before[0]);
    let audit = std::fs::read_to_string(format!("{data}/audit.jsonl")).unwrap();
    let lines: Vec<Value> = audit
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    // Each session of its own; neither the plan nor a command without a session.
    assert_eq!(lines.len(), active + 1, "{audit}");
    let last = lines.last().unwrap();
    for (field, expected) in [
        ("event", "operator-command"),
        ("command", "farm session logoff"),
        ("user", r"DEMO\alice"),
        ("farm", "CVAD"),
        ("note", "hangs"),
    ] {
        assert_eq!(last[field], expected, "{audit}");
    }
    let object = format!("session {number} on {host}: ");
    assert!(
        last["object"].as_str().unwrap().starts_with(&object),
        "{audit}"
    );
    let id = rustix::process::geteuid().as_raw();
    assert!(
        lines.iter().all(|line| line["operator_id"] == id),
        "{audit}"
    );
    let left = before.as_array().unwrap().len() - 1;
    assert_eq!(of_alice().json().as_array().unwrap().len(), left);
    let again = session(&one);
    assert_eq!(again.code, 2, "{again:?}");
    assert!(
        again.err.contains(&format!("no session {number} on host")),
        "{again:?}"
    );

    for (args, expected) in [
        (&["disconnect"][..], "--user <NAME>"),
        (
            &["logoff", "--session", "1", "--host", "40211"],
            "--farm <ID>",
        ),
        (&["logoff", "--user", "zoe"], "no user has the name zoe"),
        (
            &["disconnect", "--user", "alice", "--farm", "XX"],
            "no farm has the id XX",
        ),
    ] {
        let ran = session(args);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{args:?}");
        assert!(ran.err.contains(expected), "{args:?}: {}", ran.err);
    }
}

#[test]
fn farm_session_list_has_all_fields() {
    let world = World::new();
    let data = world.data();
    let ran = run(&[
        "farm", "session", "list", "--data", data, "--farm", "CVAD", "--user", "alice", "--json",
    ]);
    let sessions = ran.json();
    assert_eq!(
        sessions[1],
        json!({
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
        ["FARM", "USER", "APP", "HOST", "SESSION", "STATE", "CLIENT"]
    );
    assert_eq!(lines[1][..4], ["CVAD", r"DEMO\bob", "Word", "71031"]);
    assert_eq!(lines[1][5..], ["disconnected", "-"]);
}

#[test]
fn farm_session_start_creates_session() {
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
fn ica_file_without_valid_ticket_is_refused() {
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
fn controllers_serve_same_farm_until_stopped() {
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
    for (server, signal) in [(one, "TERM"), (two, "HUP")] {
        let (status, rest) = server.stop_by(signal);
        assert_eq!((status.code(), rest.as_str()), (Some(0), ""));
    }
}

#[test]
fn unknown_farm_is_not_served() {
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
    let expected =
        "roamd: no farm has the id XA9; known farms: XA1, XD5, CVAD (did you mean XA1?)\n";
    assert_eq!(ran.err, expected);
}

#[test]
fn similar_name_is_suggested_for_an_unknown_one() {
    let world = World::new();
    let data = ["--data", world.data()];
    let start = |farm, user, app| {
        let names = ["--farm", farm, "--user", user, "--app", app];
        run(&[&["farm", "session", "start"], &data[..], &names].concat())
    };
    let set = |args: &[&str]| run(&[&["farm"], args, &data[..]].concat());
    for (ran, similar) in [
        (start("CVD", "carol", "Word"), "CVAD"),
        (start("CVAD", "carl", "Word"), "carol"),
        (start("CVAD", r"DEMO\carl", "Word"), r"DEMO\carol"),
        (start("CVAD", "carol", "Wrd"), "Word"),
        (set(&["user", "set", "crol", "--unlock"]), "carol"),
        (
            set(&["app", "set", "--farm", "CVAD", "Wrd", "--enabled", "on"]),
            "Word",
        ),
        (
            set(&["session", "list", "--farm", "CVAD", "--user", "carl"]),
            "carol",
        ),
    ] {
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{ran:?}");
        let suggestion = format!(" (did you mean {similar}?)\n");
        assert!(ran.err.ends_with(&suggestion), "{similar}: {ran:?}");
    }
}

/// Each `set` command changes what the matching `list` command prints.
#[test]
fn farm_settings_are_listed_after_set() {
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = (folder.path().join("world"), folder.path().join("w.toml"));
    let (data, file) = (data.to_str().unwrap(), file.to_str().unwrap());
    let world = r#"
        password_hashing = { memory_kib = 8, passes = 1 }
        [[domain]]
        name = "DEMO"
        dns = "demo.test"
        user = [{ name = "alice", password = "roam-demo" }]
        [[farm]]
        id = "CVAD"
        name = "Farm3"
        generation = "cvad-7"
        licences = 5
        max_sessions = 7
        [[farm.group]]
        name = "Desktops"
        [[farm.host]]
        id = "1"
        name = "H1"
        address = "192.0.2.1"
        dns = "h1.test"
        group = "Desktops"
        capacity = 1
        power = "off"
        boot_seconds = 20
        [[farm.application]]
        name = "Win11"
        kind = "desktop"
        group = "desktops"
        max_instances_per_user = 1
    "#;
    std::fs::write(file, world).unwrap();
    assert_eq!(
        run(&["farm", "init", "--data", data, "--from", file]).code,
        0
    );
    let cases: [(&str, &str, Value, &str, Value); 5] = [
        (
            "host",
            "1 --maintenance on --refusing on --capacity 2 --boot-seconds 30 --power on",
            json!({
                "farm": "CVAD", "host_id": "1", "name": "H1", "group": "Desktops", "power": "off",
                "boot_seconds": 20, "sessions": 0, "capacity": 1, "maintenance": false,
                "refusing": false,
            }),
            "CVAD 1 H1 starting 0 on on",
            json!({
                "power": "starting", "boot_seconds": 30, "capacity": 2, "maintenance": true,
                "refusing": true,
            }),
        ),
        (
            "group",
            "desktops --maintenance on",
            json!({"farm": "CVAD", "group": "Desktops", "hosts": 1, "maintenance": false}),
            "CVAD Desktops 1 on",
            json!({"maintenance": true}),
        ),
        (
            "app",
            "win11 --enabled off --max-instances 3 --max-instances-per-user none",
            json!({
                "farm": "CVAD", "app": "Win11", "kind": "desktop", "group": "Desktops",
                "enabled": true, "instances": 0, "max_instances": null,
                "max_instances_per_user": 1, "file_types": [], "content": null,
            }),
            "CVAD Win11 desktop Desktops off 3 none",
            json!({"enabled": false, "max_instances": 3, "max_instances_per_user": null}),
        ),
        (
            "licence",
            "none",
            json!({
                "farm": "CVAD", "connected_users": 0, "licences": 5, "sessions": 0,
                "max_sessions": 7, "max_sessions_per_user": null,
            }),
            "CVAD 0 none",
            json!({"licences": null}),
        ),
        (
            "limit",
            "--max-sessions 0 --max-sessions-per-user 2",
            json!({
                "farm": "CVAD", "connected_users": 0, "licences": null, "sessions": 0,
                "max_sessions": 7, "max_sessions_per_user": null,
            }),
            "CVAD 0 0 2",
            json!({"max_sessions": 0, "max_sessions_per_user": 2}),
        ),
    ];
    for (noun, change, mut expected, line, changed) in cases {
        let list = ["farm", noun, "list", "--data", data, "--farm", "cvad"];
        let json = || run(&[&list[..], &["--json"]].concat()).json();
        assert_eq!(json(), json!([expected]), "{noun}");
        let set = ["farm", noun, "set", "--data", data, "--farm", "CVAD"];
        let change: Vec<_> = change.split_whitespace().collect();
        let ran = run(&[&set[..], &change].concat());
        assert_eq!(ran.code, 0, "{ran:?}");
        for (field, value) in changed.as_object().unwrap() {
            expected[field] = value.clone();
        }
        assert_eq!(json(), json!([expected]), "{noun}");
        let table = run(&list).out;
        assert_eq!(ran.out, table, "set prints the same table as list");
        let words: Vec<_> = table.lines().nth(1).unwrap().split_whitespace().collect();
        assert_eq!(words.join(" "), line);
    }
}

#[test]
fn accounts_and_policy_are_listed_and_set() {
    let world = World::new();
    let data = world.data();
    let user = |args: &[&str]| run(&[&["farm", "user"], args, &["--data", data]].concat());
    let listed = |user: &str| -> Value {
        let list = run(&["farm", "user", "list", "--data", data, "--json"]).json();
        let mut users = list.as_array().unwrap().iter();
        users.find(|it| it["user"] == user).unwrap().clone()
    };
    let alice = r"DEMO\alice";
    let mut expected = json!({"user": alice, "account": "enabled", "locked_until": null});
    assert_eq!(listed(alice), expected);
    for account in [
        "must-change",
        "expired",
        "disabled",
        "locked-out",
        "enabled",
    ] {
        let ran = user(&["set", "alice", "--account", account, "--json"]);
        assert_eq!(ran.code, 0, "{ran:?}");
        expected["account"] = account.into();
        assert_eq!(
            (ran.json(), listed(alice)),
            (expected.clone(), expected.clone())
        );
    }
    for (args, expected) in [
        (&["set", "alice"][..], "--account <STATE>|"),
        (
            &["set", "zoe", "--unlock"],
            "no user has the name zoe: `roamd farm user list` shows",
        ),
        (
            &["set", "alice", "--password-stdin"],
            "has no line with a password",
        ),
    ] {
        let ran = user(args);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{args:?}: {ran:?}");
        assert!(ran.err.contains(expected), "{args:?}: {}", ran.err);
    }

    let policy = |args: &[&str]| {
        let ran = run(&[&["farm", "policy"], args, &["--data", data, "--json"]].concat());
        assert_eq!(ran.code, 0, "{ran:?}");
        ran.json()
    };
    let mut rules = json!({"lockout_attempts": 10, "lockout_seconds": 900, "password_length": 8});
    assert_eq!(policy(&["list"]), rules);
    for (flag, value, kept) in [
        ("lockout_attempts", "none", Value::Null),
        ("lockout_attempts", "5", 5.into()),
        ("lockout_seconds", "60", 60.into()),
        ("password_length", "12", 12.into()),
    ] {
        let option = format!("--{}", flag.replace('_', "-"));
        rules[flag] = kept;
        assert_eq!(policy(&["set", &option, value]), rules);
        assert_eq!(policy(&["list"]), rules);
    }
}

/// A host checks the launch rules again at connect; a refused ticket can be used later.
#[test]
fn host_in_maintenance_refuses_connect_until_it_ends() {
    let world = World::new();
    let demo = Server::demo(&world);
    let output = world.path("ica");
    let launch = ["launch", "--app", "Excel", "--output"];
    let ran = demo.alice(&[&launch[..], &[output.to_str().unwrap()]].concat());
    let connect = ["farm", "connect", "--data", world.data(), ran.out.trim()];
    let set = |change: &str| {
        let args = format!(
            "farm host set --data {} --farm CVAD 71031 {change}",
            world.data()
        );
        let ran = run(&args.split_whitespace().collect::<Vec<_>>());
        assert_eq!(ran.code, 0, "{ran:?}");
    };
    set("--maintenance on --capacity 1");
    let refused = run(&connect);
    assert_eq!((refused.code, refused.out.as_str()), (3, ""));
    let expected = "launch refused: the machine of the session is in maintenance";
    assert!(refused.err.contains(expected), "{}", refused.err);
    set("--maintenance off");
    let connected = run(&connect);
    assert_eq!(connected.code, 0, "{connected:?}");
}

#[test]
fn farm_setting_of_unknown_name_is_wrong_usage() {
    let world = World::new();
    for (args, expected) in [
        ("host set --farm CVAD 9 --capacity 2", "has no host 9"),
        ("host set --farm CVAD 71031", "--capacity <N>|"),
        ("host set --farm CVAD 71031 --capacity 0", "--capacity"),
        ("host list --farm XA9", "no farm has the id XA9"),
        ("group set --farm CVAD a --maintenance on", "has no group a"),
        ("app set --farm CVAD Word", "--enabled <ENABLED>|"),
        (
            "app set --farm CVAD Paint --enabled on",
            "has no application Paint",
        ),
        (
            "app set --farm CVAD Word --file-types doc",
            "must be extensions such as .txt",
        ),
        (
            "app set --farm CVAD Word --content http://h/",
            "Word is of kind app",
        ),
        ("licence set --farm CVAD many", "must be a number, or none"),
        ("limit set --farm CVAD", "--max-sessions <N>|"),
    ] {
        let args: Vec<_> = args.split_whitespace().collect();
        let ran = run(&[&["farm"], &args[..], &["--data", world.data()]].concat());
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{args:?}: {ran:?}");
        assert!(ran.err.contains(expected), "{args:?}: {}", ran.err);
    }
    let ran = run(&["farm", "group", "list", "--data", world.data()]);
    assert_eq!(
        (ran.code, ran.out.as_str()),
        (0, ""),
        "the demo world has no groups"
    );
}
