//! Questions on terminals, dry runs, and the names of disconnected sessions.

use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use roamd_store_client::{EnumerationStatus, SessionStatus};
use roamd_testkit::{MockStore, StoreRequest, StoreResponse};

use crate::support::{CommandOutput, Server, World, on_a_terminal_of, roamd, run, store_command};

/// A store with a session of Word, and one of Excel once there was a disconnect.
fn store() -> MockStore {
    let is_disconnected = AtomicBool::new(false);
    MockStore::start(move |request: &StoreRequest| match request.path() {
        "/Store/endpoints/v1" => StoreResponse::all_endpoints(&request.base),
        "/list" => {
            let count = 1 + usize::from(is_disconnected.load(Ordering::Relaxed));
            let apps = &["Word", "Excel"][..count];
            StoreResponse::list(&request.base, EnumerationStatus::Full, apps)
        }
        "/disconnect" => {
            is_disconnected.store(true, Ordering::Relaxed);
            StoreResponse::session_result(SessionStatus::Success)
        }
        "/logoff" => StoreResponse::session_result(SessionStatus::Success),
        path if path.starts_with("/launch/") => StoreResponse::ica(),
        _ => StoreResponse::status(404),
    })
}

fn output(mut command: Command) -> CommandOutput {
    CommandOutput::of(command.output().unwrap())
}

/// Returns the requests that change something: launches, log offs, and lists of active sessions.
fn changes(store: &MockStore) -> Vec<String> {
    let requests = store.requests().into_iter();
    let is_change = |request: &StoreRequest| {
        request.line.starts_with("POST")
            && (request.line != "POST /list"
                || request.body.contains("<includeActiveSessions>true<"))
    };
    requests.filter(is_change).map(|it| it.line).collect()
}

const LOG_OFF_QUESTION: &str = "This logs off all sessions that are connected from client KIOSK: \
     their applications end, and unsaved work is lost. Continue? [y/N] ";

const ACTIVE_QUESTION: &str = "With --active, farms before version 7 disconnect the active \
     sessions that they list from their clients. Continue? [y/N] ";

const ROAM_QUESTION: &str = "This moves your sessions to this client, also those that are active \
     on other clients; farms before version 7 disconnect these even if a launch fails. Continue? \
     [y/N] ";

#[test]
fn terminal_is_asked_before_log_off_and_active_list() {
    let folder = tempfile::tempdir().unwrap();
    let files = folder.path().to_str().unwrap();
    for (args, question, change) in [
        (&["logoff"][..], LOG_OFF_QUESTION, "POST /logoff"),
        (&["list", "--active"], ACTIVE_QUESTION, "POST /list"),
        (
            &["list", "--active", "--watch", "1"],
            ACTIVE_QUESTION,
            "POST /list",
        ),
        (
            &["launch", "--app", "Word", "--active", "--output", files],
            ACTIVE_QUESTION,
            "POST /list",
        ),
        (&["roam", "--output", files], ROAM_QUESTION, "POST /list"),
    ] {
        for refusal in ["n\n", "\n", "x\n", "\x04"] {
            let store = store();
            let ran = on_a_terminal_of(200, &store_command(&store, args), refusal);
            let refused = "roamd: not confirmed; nothing was changed\n";
            assert_eq!(
                (ran.code, ran.out),
                (1, format!("{question}{refused}")),
                "{args:?}"
            );
            assert_eq!(store.lines(), [""; 0], "{args:?}");
        }
        if args.contains(&"--watch") {
            continue;
        }
        let store = store();
        let ran = on_a_terminal_of(200, &store_command(&store, args), "y\n");
        assert_eq!(ran.code, 0, "{args:?}: {ran:?}");
        assert!(ran.out.starts_with(question), "{args:?}: {ran:?}");
        assert_eq!(changes(&store)[0], change, "{args:?}");
    }
}

#[test]
fn nothing_is_asked_with_yes_or_without_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let files = folder.path().to_str().unwrap();
    for (args, count) in [
        (&["logoff"][..], 1),
        (&["list", "--active"], 1),
        // The list, and a launch.
        (&["roam", "--output", files], 2),
    ] {
        let store = store();
        let ran = output(store_command(&store, args));
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{args:?}");
        assert_eq!(changes(&store).len(), count, "{args:?}");
        for yes in ["--yes", "-y"] {
            let command = store_command(&store, &[args, &[yes]].concat());
            let ran = on_a_terminal_of(200, &command, "");
            assert_eq!(ran.code, 0, "{args:?}: {ran:?}");
            assert!(!ran.out.contains("Continue?"), "{args:?}: {ran:?}");
        }
    }
}

/// SS-29: a list of active sessions would change them.
#[test]
fn dry_run_shows_the_plan_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let files = folder.path().join("new");
    let output_dir = ["--output", files.to_str().unwrap()];
    for (args, out, err) in [
        (
            &["logoff"][..],
            "Would log off all sessions that are connected from client KIOSK; their applications \
             end, and unsaved work is lost.\n",
            "",
        ),
        (
            &["disconnect", "--device-id", "D7", "--ticket", "T"],
            "Would disconnect all sessions that are connected from device D7; their applications \
             keep running.\nWould invalidate 1 logon ticket(s).\n",
            "",
        ),
        (&["launch", "1"], "Would launch Word on Farm3.\n", ""),
        (
            &["launch", "--all", "--active"],
            "Would launch Word on Farm3.\n",
            "Without --dry-run, sessions that are active",
        ),
        (
            &["roam"],
            "Would launch Word on Farm3.\n",
            "Without --dry-run, sessions that are active on other clients move here too.\n",
        ),
        (
            &["list", "--active", "-o", "name"],
            "id-Word\n",
            "Without --dry-run, sessions that are active",
        ),
    ] {
        let store = store();
        let writes_files = matches!(args[0], "launch" | "roam");
        let more = if writes_files { &output_dir[..] } else { &[] };
        let command = store_command(&store, &[args, more, &["--dry-run"]].concat());
        let ran = output(command);
        assert_eq!((ran.code, ran.out.as_str()), (0, out), "{args:?}: {ran:?}");
        assert!(ran.err.starts_with(err), "{args:?}: {}", ran.err);
        assert_eq!(ran.err.is_empty(), err.is_empty(), "{args:?}: {}", ran.err);
        assert_eq!(changes(&store), [""; 0], "{args:?}");
        assert!(!files.exists());
    }
    let store = store();
    let ran = output(store_command(
        &store,
        &["launch", "1", "--dry-run", "--json"],
    ));
    assert_eq!(ran.column("", "outcome"), ["planned"]);
    let ran = output(store_command(
        &store,
        &["logoff", "--dry-run", "-o", "json"],
    ));
    assert_eq!(ran.json(), serde_json::json!({"status": "planned"}));
    assert_eq!(changes(&store), [""; 0]);
}

/// SS-29: farms before version 7 would disconnect the sessions that they name.
#[test]
fn dry_run_names_the_sessions_of_version_7() {
    let world = World::new();
    let demo = Server::demo(&world);
    let before = world.sessions("alice");
    for (args, out) in [
        (
            &["logoff", "--client-name", "DESK-A"],
            "Would log off all sessions that are connected from client DESK-A; their applications \
             end, and unsaved work is lost.\nwould log off: Word on Farm3\n",
        ),
        (
            &["disconnect", "--client-name", "DESK-B"],
            "Would disconnect all sessions that are connected from client DESK-B; their \
             applications keep running.\nwould disconnect: Win11Desktop on Farm3\n",
        ),
        (
            &["logoff", "--client-name", "NOSUCH"],
            "Nothing is connected from client NOSUCH, except possibly on Farm1, Farm2.\n",
        ),
    ] {
        let args = [&args[..], &["--dry-run"]].concat();
        let ran = demo.alice(&args);
        assert_eq!((ran.code, ran.out.as_str()), (0, out), "{args:?}: {ran:?}");
        let silent = "Sessions on Farm1, Farm2 are not named: ";
        assert!(ran.err.starts_with(silent), "{args:?}: {ran:?}");
        let json = demo.alice(&[&args[..], &["--json"]].concat()).json();
        assert_eq!(json["status"], "planned", "{args:?}");
        assert_eq!(json["silent_farms"], serde_json::json!(["Farm1", "Farm2"]));
        assert_eq!(world.sessions("alice"), before, "{args:?}");
    }
}

#[test]
fn dry_run_of_apps_launch_starts_nothing() {
    let world = World::new();
    let demo = Server::demo(&world);
    let before = world.sessions("alice");
    let ran = demo.alice_with("apps", &["launch", "Word", "XA1.Notepad", "--dry-run"]);
    assert_eq!(
        ran.out,
        "Would launch Word on Farm3.\nWould launch Notepad on Farm1.\n"
    );
    assert_eq!(world.sessions("alice"), before);
    let ran = demo.alice_with("apps", &["launch", "Nothing", "--dry-run"]);
    assert_eq!(ran.code, 1, "{ran:?}");
}

#[test]
fn dry_run_of_farm_session_disconnect_changes_nothing() {
    let world = World::new();
    let before = world.sessions("alice");
    let disconnect = ["farm", "session", "disconnect", "--data", world.data()];
    let ran = run(&[&disconnect[..], &["--user", "alice", "--dry-run"]].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.err.starts_with("Would disconnect "), "{ran:?}");
    assert_eq!(world.sessions("alice"), before);
}

#[test]
fn disconnect_names_the_sessions_or_says_that_there_were_none() {
    let world = World::new();
    let demo = Server::demo(&world);
    let ran = demo.alice(&["disconnect", "--client-name", "DESK-A"]);
    assert_eq!(
        (ran.code, ran.out.as_str()),
        (
            0,
            "disconnected: Notepad on Farm1\ndisconnected: Win7Desktop on Farm2\n\
             disconnected: Word on Farm3\nAll disconnected.\n"
        ),
        "{ran:?}"
    );
    let ran = demo.alice(&["disconnect", "--client-name", "DESK-A"]);
    assert_eq!(ran.out, "Nothing was connected from client DESK-A.\n");
    let ran = demo.alice(&["disconnect", "--client-name", "x", "--device-id", "D7"]);
    assert_eq!(ran.out, "Nothing was connected from device D7.\n");
    let ran = demo.alice(&["disconnect", "--client-name", "DESK-B", "--json"]);
    assert_eq!(
        ran.column("/sessions", "resource_id"),
        ["CVAD.Win11Desktop"],
        "{ran:?}"
    );
    let none = run(&[
        "farm",
        "session",
        "list",
        "--data",
        world.data(),
        "--user",
        "alice",
    ]);
    assert!(!none.out.contains(" active "), "{none:?}");
}

/// A store that cannot list can still disconnect.
#[test]
fn disconnect_works_without_a_list() {
    let store = MockStore::start(|request| match request.path() {
        "/Store/endpoints/v1" => StoreResponse::all_endpoints(&request.base),
        "/disconnect" => StoreResponse::session_result(SessionStatus::Success),
        _ => StoreResponse::status(503),
    });
    let ran = output(store_command(&store, &["disconnect"]));
    assert_eq!(
        (ran.code, ran.out.as_str()),
        (0, "No session is connected from client KIOSK any more.\n"),
        "{ran:?}"
    );
    let json = output(store_command(&store, &["disconnect", "-o", "json"]));
    assert_eq!(json.json(), serde_json::json!({"status": "success"}));
    assert_eq!(
        store
            .lines()
            .iter()
            .filter(|line| *line == "POST /list")
            .count(),
        2
    );
    let no_store = roamd(&[
        "sessions",
        "disconnect",
        "--store",
        "http://127.0.0.1:1/Store",
        "--user",
        "a",
    ]);
    let mut no_store = no_store;
    let ran = output({
        no_store.env("ROAMD_PASSWORD", "x");
        no_store
    });
    assert_eq!(ran.code, 1, "{ran:?}");
}

/// A launch URL needs no list, so that no active session is listed.
#[test]
fn launch_by_url_asks_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = store();
    let url = format!("http://{}/launch/Word", store.address());
    let output = folder.path().to_str().unwrap();
    let launch = ["launch", &url, "--active", "--output", output];
    let ran = on_a_terminal_of(200, &store_command(&store, &launch), "");
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(!ran.out.contains("Continue?"), "{ran:?}");
    assert_eq!(changes(&store), ["POST /launch/Word"]);
}
