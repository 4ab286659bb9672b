//! Tests of `roamd sessions` with a demo.

use std::io::ErrorKind;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use roamd_store_client::EnumerationStatus;
use roamd_testkit::{MockStore, StoreResponse, healthy_store};

use crate::support::{
    CommandOutput, Server, World, configuration, entries, roamd, run, run_with_line, store_command,
    unused_address,
};

#[test]
fn sessions_list_has_fields_that_scripts_use() {
    let world = World::new();
    let demo = Server::demo(&world);
    let ran = demo.alice(&["list", "--json", "--client-name", "DESK-Z"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let list = ran.json();
    assert_eq!(list["enumeration"], "full");
    assert_eq!(
        ran.column("/sessions", "resource_id"),
        ["XA1.MSPaint", "CVAD.Excel"]
    );
    let session = &list["sessions"][0];
    let id = session["id"].as_str().unwrap();
    assert_eq!(
        *session,
        serde_json::json!({
            "id": id, "app": "MSPaint", "farm": "Farm1", "resource_id": "XA1.MSPaint",
            "kind": "application", "server_type": session["server_type"], "aggregated": false,
            "launch_url": format!("{}/sessions/v1/{id}/launch/ica", demo.url()),
        })
    );
    assert!(session["server_type"].is_string());

    let table = demo.alice(&["list"]);
    assert_eq!(table.code, 0);
    assert!(table.out.starts_with("#  APP "), "{}", table.out);
    assert!(table.out.contains("\n1  MSPaint "), "{}", table.out);
}

#[test]
fn active_flag_lists_sessions_of_other_clients() {
    let world = World::new();
    let demo = Server::demo(&world);
    let apps = demo.alice(&[
        "list",
        "--json",
        "--active",
        "--apps-only",
        "--client-name",
        "DESK-B",
    ]);
    assert_eq!(
        apps.column("/sessions", "resource_id"),
        ["XA1.MSPaint", "XA1.Notepad", "CVAD.Excel", "CVAD.Word"]
    );
    let all = demo.alice(&[
        "list",
        "--json",
        "--active",
        "--client-name",
        "x",
        "--device-id",
        "DESK-B",
    ]);
    assert_eq!(
        all.column("/sessions", "resource_id"),
        [
            "XA1.MSPaint",
            "XA1.Notepad",
            "XD5.Win7Desktop",
            "CVAD.Excel",
            "CVAD.Word"
        ],
        "sessions of the same device are not listed"
    );
}

/// SS-72
#[test]
fn explanation_shows_reasons_and_disconnects_nothing() {
    let world = World::new();
    let demo = Server::demo(&world);
    let client = ["--client-name", "DESK-C"];
    let before = demo.alice(&["list", "--json", client[0], client[1]]).out;
    let json = demo.alice(&["explain", "--active", "--json", client[0], client[1]]);
    assert_eq!((json.code, json.err.as_str()), (0, ""));
    let reasons = json.column("/farms", "generation");
    assert_eq!(reasons, ["xenapp-6", "xendesktop-5", "cvad-7"]);
    assert_eq!(
        json.json()["farms"][0]["active"]["reason"],
        "would-disconnect"
    );

    let table = demo.alice(&["explain", "--active", "--apps-only", client[0], client[1]]);
    assert_eq!((table.code, table.err.as_str()), (0, ""));
    for expected in [
        "The roaming policy of the store offers disconnected and active sessions.",
        "FARM ",
        "session MSPaint",
        "asking would disconnect them",
        "the farm hosts desktops and only applications are wanted",
        "left out",
    ] {
        assert!(table.out.contains(expected), "{expected}: {}", table.out);
    }
    assert_eq!(
        demo.alice(&["list", "--json", client[0], client[1]]).out,
        before
    );
}

#[test]
fn store_that_cannot_explain_is_reported() {
    let store = MockStore::start(healthy_store);
    let ran = CommandOutput::of(store_command(&store, &["explain"]).output().unwrap());
    assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{ran:?}");
    assert!(ran.err.contains("does not offer explanations"), "{ran:?}");
}

#[test]
fn password_is_read_from_stdin_or_environment() {
    let world = World::new();
    let demo = Server::demo(&world);
    let args = [
        "sessions",
        "list",
        "--store",
        demo.url(),
        "--user",
        "bob@demo.test",
        "--json",
    ];
    let from_line = run_with_line(&[&args[..], &["--password-stdin"]].concat(), "roam-demo");
    assert_eq!(from_line.code, 0, "{from_line:?}");
    assert_eq!(from_line.column("/sessions", "app"), ["Word"]);
    let from_environment = roamd(&args)
        .env("ROAMD_PASSWORD", "roam-demo")
        .output()
        .unwrap();
    assert_eq!(CommandOutput::of(from_environment).json(), from_line.json());
    // Store and user can come from the environment too.
    let short = roamd(&["sessions", "list", "--json"])
        .env("ROAMD_STORE", demo.url())
        .env("ROAMD_USER", "bob@demo.test")
        .env("ROAMD_PASSWORD", "roam-demo")
        .output()
        .unwrap();
    assert_eq!(CommandOutput::of(short).json(), from_line.json());
    let nothing = run(&args);
    assert_eq!((nothing.code, nothing.out.as_str()), (2, ""));
}

/// The message is the same for an unknown user and for a wrong password.
#[test]
fn refused_sign_in_exits_with_3_and_message_of_store() {
    let world = World::new();
    let demo = Server::demo(&world);
    let refused =
        [(r"DEMO\alice", "wrong"), (r"DEMO\nobody", "roam-demo")].map(|(user, password)| {
            let args = ["sessions", "list", "--store", demo.url(), "--user", user];
            let ran = CommandOutput::of(
                roamd(&args)
                    .env("ROAMD_PASSWORD", password)
                    .output()
                    .unwrap(),
            );
            assert_eq!((ran.code, ran.out.as_str()), (3, ""), "{ran:?}");
            ran.err
        });
    assert!(
        refused[0].starts_with("roamd: the store refused the sign-in: "),
        "{}",
        refused[0]
    );
    assert_eq!(refused[0], refused[1]);
}

/// The message differs from that of a wrong password, also for the right one and an unknown user.
#[test]
fn early_sign_in_exits_with_3_and_the_time_to_wait() {
    let world = World::new();
    let demo = Server::demo(&world);
    let sign_in = |user: &str, password: &str| {
        let args = ["sessions", "list", "--store", demo.url(), "--user", user];
        let mut command = roamd(&args);
        let ran = CommandOutput::of(command.env("ROAMD_PASSWORD", password).output().unwrap());
        assert_eq!((ran.code, ran.out.as_str()), (3, ""), "{ran:?}");
        ran.err
    };
    let is_wait = |text: &str| {
        text.starts_with("roamd: the store refused the sign-in: Too many attempts. Wait ")
            && text.contains("Until then, no password is checked.")
    };
    let users = [r"DEMO\alice", r"DEMO\mallory"];
    for user in users {
        // After five guesses the delay is 16 seconds, which no command takes.
        let mut checked = 0;
        while checked < 5 {
            checked += u32::from(!is_wait(&sign_in(user, "wrong")));
        }
        let text = sign_in(user, "roam-demo");
        assert!(is_wait(&text), "{user}: {text}");
    }
}

#[test]
fn sign_in_without_any_farm_exits_with_1() {
    let world = World::new();
    let config = configuration(
        &world,
        &unused_address(),
        &[("XA1", "xenapp-6", &unused_address())],
    );
    let server = Server::start(&mut roamd(&["serve", "--config", &config]), 1);
    let ran = server.alice(&["list"]);
    assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{ran:?}");
    let expected = "roamd: the store cannot sign in any user now: ";
    assert!(ran.err.starts_with(expected), "{}", ran.err);
}

#[test]
fn wrong_store_address_exits_with_1() {
    let world = World::new();
    let demo = Server::demo(&world);
    for (store, expected) in [
        (format!("{}/None", demo.url()), "there is no store at"),
        (
            "http://127.0.0.1:1/Citrix/Store".into(),
            "cannot reach http://127.0.0.1:1: ",
        ),
    ] {
        let args = ["sessions", "list", "--store", &store, "--user", "alice"];
        let ran = CommandOutput::of(
            roamd(&args)
                .env("ROAMD_PASSWORD", "roam-demo")
                .output()
                .unwrap(),
        );
        assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{ran:?}");
        assert!(ran.err.contains(expected), "{}", ran.err);
    }
}

#[test]
fn disconnect_and_logoff_affect_only_this_client() {
    let world = World::new();
    let demo = Server::demo(&world);
    let ran = demo.alice(&["disconnect", "--client-name", "DESK-A", "--json"]);
    assert_eq!(
        (ran.code, ran.json()["status"].as_str()),
        (0, Some("success")),
        "{ran:?}"
    );
    assert_eq!(
        world.sessions("alice"),
        [
            "MSPaint disconnected -",
            "Notepad disconnected -",
            "Win7Desktop disconnected -",
            "Excel disconnected -",
            "Word disconnected -",
            "Win11Desktop active DESK-B",
        ]
    );
    let ran = demo.alice(&["logoff", "--client-name", "DESK-B"]);
    assert_eq!(
        (ran.code, ran.out.as_str()),
        (
            0,
            "logged off: Win11Desktop on Farm3\n\
             No session is connected from client DESK-B any more.\n"
        ),
        "{ran:?}"
    );
    let silent = "Sessions on Farm1, Farm2 are not named: farms before version 7 do not list";
    assert!(ran.err.starts_with(silent), "{ran:?}");
    let ran = demo.alice(&["logoff", "--client-name", "NEVERSEEN"]);
    let nothing = "Nothing was connected from client NEVERSEEN, except possibly on Farm1, Farm2.\n";
    assert_eq!((ran.code, ran.out.as_str()), (0, nothing), "{ran:?}");
    assert_eq!(world.sessions("alice").len(), 5);
    assert_eq!(world.sessions("bob"), ["Word disconnected -"]);
}

#[test]
fn launched_session_moves_to_this_client() {
    let world = World::new();
    let demo = Server::demo(&world);
    let folder = world.path("ica");
    let output = folder.to_str().unwrap();
    let launch = [
        "launch",
        "--app",
        "excel",
        "--client-name",
        "KIOSK",
        "--output",
        output,
    ];
    let ran = demo.alice(&launch);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let file = ran.out.trim();
    assert!(file.starts_with(&format!("{output}/CVAD.Excel-")), "{file}");
    // The file gives access to a session, so only its owner may read it.
    let mode = std::fs::metadata(file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let connect = ["farm", "connect", "--data", world.data(), file, "--json"];
    let connected = run(&connect);
    assert_eq!(connected.code, 0, "{connected:?}");
    assert_eq!(connected.json()["client_name"], "KIOSK");
    assert!(
        world
            .sessions("alice")
            .contains(&"Excel active KIOSK".into())
    );
    let again = run(&connect);
    assert_eq!((again.code, again.out.as_str()), (3, ""));
    let expected = "roamd: logon ticket refused: the ticket was used before\n";
    assert_eq!(again.err, expected);
}

#[test]
fn ticket_invalidated_by_disconnect_is_refused() {
    let world = World::new();
    let demo = Server::demo(&world);
    let folder = world.path("ica");
    let output = folder.to_str().unwrap();
    let ran = demo.alice(&["launch", "--app", "Excel", "--output", output]);
    let file = ran.out.trim();
    let ica = std::fs::read_to_string(file).unwrap();
    let ticket = ica
        .lines()
        .find_map(|line| line.strip_prefix("LogonTicket="))
        .unwrap();
    let ran = demo.alice(&["disconnect", "--ticket", ticket]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let connect = run(&["farm", "connect", "--data", world.data(), file]);
    assert_eq!(connect.code, 3, "{connect:?}");
    assert!(
        connect.err.contains("the ticket was invalidated"),
        "{}",
        connect.err
    );
}

#[test]
fn sessions_are_launched_by_id_url_or_all() {
    let world = World::new();
    let demo = Server::demo(&world);
    let folder = world.path("ica");
    let output = ["--output", folder.to_str().unwrap()];
    let list = demo.alice(&["list", "--json"]);
    let (ids, urls) = (
        list.column("/sessions", "id"),
        list.column("/sessions", "launch_url"),
    );
    for (wanted, files) in [(ids[0].as_str(), 1), (&urls[1], 2), ("--all", 4)] {
        let ran = demo.alice(&[&["launch", wanted], &output[..]].concat());
        assert_eq!(ran.code, 0, "{wanted}: {ran:?}");
        assert_eq!(entries(&folder).len(), files, "{wanted}");
        assert!(
            ran.out.lines().all(|path| Path::new(path).is_file()),
            "{}",
            ran.out
        );
    }
    let ran = demo.alice(&[&["launch", "--all", "--json"], &output[..]].concat());
    assert_eq!(ran.column("", "app"), ["MSPaint", "Excel"]);
    assert!(
        ran.column("", "file")
            .iter()
            .all(|path| Path::new(path).is_file())
    );
}

/// The password goes to the store only, not to a server that a URL names.
#[test]
fn launch_url_of_another_server_is_refused() {
    let world = World::new();
    let demo = Server::demo(&world);
    let folder = world.path("ica");
    let output = ["--output", folder.to_str().unwrap()];
    let trap = TcpListener::bind("127.0.0.1:0").unwrap();
    trap.set_nonblocking(true).unwrap();
    let other = trap.local_addr().unwrap();
    let own = demo.address();
    for origin in [
        format!("http://{other}"),
        format!("https://{own}"),
        format!("http://localhost:{}", own.rsplit(':').next().unwrap()),
        format!("ftp://{own}"),
    ] {
        let url = format!("{origin}/Citrix/Store/sessions/v1/AkspU0FsrusrK4J6/launch/ica");
        let ran = demo.alice(&[&["launch", &url], &output[..]].concat());
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{ran:?}");
        assert!(ran.err.contains("is not a URL of the store"), "{}", ran.err);
        // It never would: each request goes to the store, or nowhere.
        assert!(!ran.err.contains("sign in"), "{}", ran.err);
    }
    let reached = trap.accept().map(drop).map_err(|error| error.kind());
    assert_eq!(reached, Err(ErrorKind::WouldBlock));
}

/// A hostile store leads to another server, which would sign the user in.
#[test]
fn listed_launch_url_of_another_server_is_refused() {
    let world = World::new();
    let folder = world.path("ica");
    let other = MockStore::start(healthy_store);
    let trap = format!("http://{}", other.address());
    let store = MockStore::start(move |request| match request.path() {
        "/list" => StoreResponse::list(&trap, EnumerationStatus::Full, &["Word"]),
        _ => healthy_store(request),
    });
    let output = ["--output", folder.to_str().unwrap()];
    let launch = [&["launch", "--app", "Word"], &output[..]].concat();
    let ran = CommandOutput::of(store_command(&store, &launch).output().unwrap());
    assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{ran:?}");
    let (called, named) = (store.address(), other.address());
    let expected = format!(
        "the store at http://{called} leads to http://{named}, but passwords and tokens go to \
         http://{called} only"
    );
    assert!(ran.err.contains(&expected), "{}", ran.err);
    assert_eq!(other.lines(), [""; 0]);
}

#[test]
fn session_missing_from_list_is_not_launched() {
    let world = World::new();
    let demo = Server::demo(&world);
    let folder = world.path("ica");
    let output = [
        "--client-name",
        "KIOSK",
        "--output",
        folder.to_str().unwrap(),
    ];
    // Word is active on DESK-A.
    for wanted in [&["--app", "Word"][..], &["AkspU0FsrusrK4J6"]] {
        let ran = demo.alice(&[&["launch"], wanted, &output[..]].concat());
        assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{ran:?}");
        assert!(ran.err.contains("add --active"), "{}", ran.err);
        assert!(ran.err.contains(wanted.last().unwrap()), "{}", ran.err);
    }
    let ran = demo.alice(&[&["launch", "Excel"], &output[..]].concat());
    assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{ran:?}");
    assert!(ran.err.contains("`--app Excel`"), "{}", ran.err);
    let url = format!("{}/sessions/v1/AkspU0FsrusrK4J6/launch/ica", demo.url());
    let ran = demo.alice(&[&["launch", &url], &output[..]].concat());
    assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{ran:?}");
    assert!(ran.err.contains("nothing to launch"), "{}", ran.err);
    assert_eq!(entries(&folder), [""; 0]);
    let ran = demo.alice(&[&["launch", "--app", "Word", "--active"], &output[..]].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
}

#[test]
fn each_command_destroys_its_token() {
    let world = World::new();
    let farm = Server::farm(&world, "CVAD");
    let config = configuration(
        &world,
        &unused_address(),
        &[("CVAD", "cvad-7", farm.address())],
    );
    let server = Server::start(&mut roamd(&["serve", "--config", &config]), 1);
    let commands: [&[&str]; 4] = [
        &["list"],
        &["list", "--active"],
        &["disconnect"],
        &["logoff", "--json"],
    ];
    for command in commands {
        assert_eq!(server.alice(command).code, 0, "{command:?}");
    }
    server.stop();
    farm.stop();
    let audit = std::fs::read_to_string(world.path("state").join("audit.jsonl")).unwrap();
    let count = |event: &str| audit.matches(&format!("\"event\":\"{event}\"")).count();
    let events = (count("sign-in"), count("token-destroyed"));
    assert_eq!(events, (commands.len(), commands.len()), "{audit}");
}
