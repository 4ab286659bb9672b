//! Tests of `roamd sessions list --watch`.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

use roamd_store_client::EnumerationStatus;
use roamd_testkit::{MockStore, StoreResponse};

use crate::support::{
    Server, World, configuration, on_a_terminal, roamd, run, signal, store_command,
    unused_address_on,
};

/// A running `roamd sessions list --watch`.
struct Watch {
    child: Child,
    out: BufReader<ChildStdout>,
    err: BufReader<ChildStderr>,
}

impl Watch {
    fn start(command: &mut Command) -> Self {
        let pipe = Stdio::piped;
        let mut child = command.stdout(pipe()).stderr(pipe()).spawn().unwrap();
        Self {
            out: BufReader::new(child.stdout.take().unwrap()),
            err: BufReader::new(child.stderr.take().unwrap()),
            child,
        }
    }

    /// Returns the next change, without the id.
    fn next_change(&mut self) -> String {
        let mut line = String::new();
        self.out.read_line(&mut line).unwrap();
        line.trim_end().rsplit_once('\t').unwrap().0.into()
    }

    /// Returns the next line on stderr.
    fn next_message(&mut self) -> String {
        let mut line = String::new();
        self.err.read_line(&mut line).unwrap();
        line.trim_end().into()
    }

    /// Sends Ctrl-C, and returns the exit code and the unread output.
    fn stop(mut self) -> (Option<i32>, String) {
        signal(&self.child, "INT");
        self.end()
    }

    /// Waits for the end, and returns the exit code and the unread output.
    fn end(&mut self) -> (Option<i32>, String) {
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).unwrap();
        self.err.read_to_string(&mut rest).unwrap();
        (self.child.wait().unwrap().code(), rest)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // The process may have ended already.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Watches the sessions of user bob, who has a disconnected session of Word.
fn bob(demo: &Server, args: &[&str]) -> Watch {
    let store = ["--store", demo.url(), "--user", r"DEMO\bob"];
    let list = ["sessions", "list", "--watch", "1", "--client-name", "KIOSK"];
    Watch::start(roamd(&[&list, args, &store[..]].concat()).env("ROAMD_PASSWORD", "roam-demo"))
}

#[test]
fn watch_prints_added_and_removed_sessions() {
    let world = World::new();
    let demo = Server::demo(&world);
    let mut watch = bob(&demo, &[]);
    assert_eq!(watch.next_change(), "+\tWord\tFarm3\tCVAD.Word");
    let start = ["farm", "session", "start", "--data", world.data()];
    let left = [
        "--farm",
        "XA1",
        "--user",
        "bob",
        "--app",
        "Notepad",
        "--state",
        "disconnected",
    ];
    let ran = run(&[&start[..], &left].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(watch.next_change(), "+\tNotepad\tFarm1\tXA1.Notepad");
    // Connecting Word on another client removes it from the list.
    let output = world.path("ica");
    let launch = [
        "sessions",
        "launch",
        "--app",
        "Word",
        "--output",
        output.to_str().unwrap(),
    ];
    let store = [
        "--store",
        demo.url(),
        "--user",
        r"DEMO\bob",
        "--client-name",
        "DESK-Q",
    ];
    let launched = roamd(&[&launch[..], &store].concat())
        .env("ROAMD_PASSWORD", "roam-demo")
        .output()
        .unwrap();
    let file = String::from_utf8(launched.stdout).unwrap();
    let ran = run(&["farm", "connect", "--data", world.data(), file.trim()]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(watch.next_change(), "-\tWord\tFarm3\tCVAD.Word");
    assert_eq!(watch.stop(), (Some(0), String::new()));
}

#[test]
fn watch_json_prints_one_object_per_line() {
    let world = World::new();
    let demo = Server::demo(&world);
    let mut watch = bob(&demo, &["--json"]);
    let mut line = String::new();
    watch.out.read_line(&mut line).unwrap();
    let change: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(change["change"], "added");
    let session = change["session"].as_object().unwrap();
    let mut fields: Vec<_> = session.keys().map(String::as_str).collect();
    fields.sort_unstable();
    let listed = [
        "aggregated",
        "app",
        "farm",
        "id",
        "kind",
        "launch_url",
        "resource_id",
        "server_type",
    ];
    assert_eq!(fields, listed);
    assert_eq!(session["resource_id"], "CVAD.Word");
    assert_eq!(watch.stop(), (Some(0), String::new()));
}

/// The restarted server has new keys, so tokens and session ids of the old one are not valid.
#[test]
fn watch_survives_server_restart_and_signs_in_again() {
    let world = World::new();
    let farm = Server::farm(&world, "CVAD");
    let farms = [("CVAD", "cvad-7", farm.address())];
    let config = configuration(&world, &unused_address_on("127.0.0.4"), &farms);
    let serve = ["serve", "--config", &config];
    let server = Server::start(&mut roamd(&serve), 1);
    let mut watch = bob(&server, &[]);
    assert_eq!(watch.next_change(), "+\tWord\tCVAD\tCVAD.Word");
    server.stop();
    let message = watch.next_message();
    assert!(
        message.starts_with("cannot reach http://127.0.0.4:"),
        "{message}"
    );
    std::fs::remove_dir_all(world.path("state")).unwrap();
    let server = Server::start(&mut roamd(&serve), 1);
    assert_eq!(watch.next_message(), "The list is complete again.");
    assert_eq!(watch.next_change(), "-\tWord\tCVAD\tCVAD.Word");
    assert_eq!(watch.next_change(), "+\tWord\tCVAD\tCVAD.Word");
    assert_eq!(watch.stop(), (Some(0), String::new()));
    server.stop();
}

/// `--yes-disconnect` is the confirmation.
#[test]
fn watch_of_active_sessions_requires_confirmation() {
    let world = World::new();
    let demo = Server::demo(&world);
    let store = [
        "--store",
        demo.url(),
        "--user",
        r"DEMO\alice",
        "--client-name",
        "KIOSK",
    ];
    let args = [
        "sessions",
        "list",
        "--watch",
        "--active",
        "--yes-disconnect",
    ];
    let mut command = roamd(&[&args[..], &store].concat());
    let mut watch = Watch::start(command.env("ROAMD_PASSWORD", "roam-demo"));
    let changes: Vec<_> = (0..6).map(|_| watch.next_change()).collect();
    assert_eq!(changes[1], "+\tNotepad\tFarm1\tXA1.Notepad");
    assert_eq!(watch.stop(), (Some(0), String::new()));
}

/// Sessions on a farm that does not respond are not reported as removed.
#[test]
fn watch_reports_failure_once_and_continues() {
    let listings = AtomicUsize::new(0);
    let store = MockStore::with_endpoints(move |request| {
        let number = listings.fetch_add(1, Ordering::Relaxed);
        match number {
            0 => StoreResponse::list(&request.base, EnumerationStatus::Full, &["Word", "Excel"]),
            1 => StoreResponse::status(500),
            2 => StoreResponse::list(&request.base, EnumerationStatus::Partial, &["Word"]),
            3 => StoreResponse::list(&request.base, EnumerationStatus::Partial, &["Word"]),
            _ => StoreResponse::list(&request.base, EnumerationStatus::Full, &["Word"]),
        }
    });
    let mut watch = Watch::start(&mut store_command(&store, &["list", "--watch", "1"]));
    assert_eq!(watch.next_change(), "+\tWord\tFarm3\tCVAD.Word");
    assert_eq!(watch.next_change(), "+\tExcel\tFarm3\tCVAD.Excel");
    assert!(
        watch
            .next_message()
            .ends_with("/list responded with 500 Internal Server Error")
    );
    assert!(
        watch
            .next_message()
            .starts_with("Some farms did not respond")
    );
    assert_eq!(watch.next_message(), "The list is complete again.");
    assert_eq!(watch.next_change(), "-\tExcel\tFarm3\tCVAD.Excel");
    assert_eq!(watch.stop(), (Some(0), String::new()));
}

/// A repeated wrong password would lock the account; a wrong store address stays wrong.
#[test]
fn watch_ends_on_refusal_or_failed_first_list() {
    for (good, then, code) in [(1, 403, 3), (0, 500, 1)] {
        let listings = AtomicUsize::new(0);
        let store = MockStore::with_endpoints(move |request| {
            if listings.fetch_add(1, Ordering::Relaxed) < good {
                StoreResponse::list(&request.base, EnumerationStatus::Full, &[])
            } else {
                StoreResponse::status(then)
            }
        });
        let mut watch = Watch::start(&mut store_command(&store, &["list", "--watch", "1"]));
        let (code_of_end, output) = watch.end();
        assert_eq!(code_of_end, Some(code), "{output}");
    }
}

#[test]
fn watch_on_terminal_shows_whole_list() {
    let listings = AtomicUsize::new(0);
    let store = MockStore::with_endpoints(move |request| {
        let number = listings.fetch_add(1, Ordering::Relaxed);
        match number {
            0 => StoreResponse::list(&request.base, EnumerationStatus::Full, &["Word"]),
            1 => StoreResponse::list(&request.base, EnumerationStatus::Partial, &[]),
            _ => StoreResponse::status(403),
        }
    });
    let watch = store_command(&store, &["list", "--watch", "1"]);
    let ran = on_a_terminal(&watch, "");
    assert_eq!(ran.code, 3, "{ran:?}");
    let screens: Vec<_> = ran.out.split("\x1b[H").collect();
    assert_eq!(screens.len(), 3, "{ran:?}");
    assert!(
        screens[1].contains("\r\n1  Word  Farm3  CVAD.Word  -     id-Word\x1b[K"),
        "{ran:?}"
    );
    assert!(
        screens[2].contains("\r\n1  Word  Farm3  CVAD.Word  -     id-Word\x1b[K"),
        "{ran:?}"
    );
    assert!(
        screens[2].contains("\r\nSome farms did not respond"),
        "{ran:?}"
    );
}

/// `sessions launch` counts the sessions of the list without a filter.
#[test]
fn watch_on_terminal_keeps_numbers_of_whole_list() {
    let listings = AtomicUsize::new(0);
    let store = MockStore::with_endpoints(move |request| {
        if listings.fetch_add(1, Ordering::Relaxed) > 0 {
            return StoreResponse::status(403);
        }
        let apps = ["Word", "Excel", "Paint"];
        StoreResponse::list(&request.base, EnumerationStatus::Full, &apps)
    });
    let watch = [
        "list", "--watch", "1", "--filter", "app=p", "--filter", "app=a",
    ];
    let ran = on_a_terminal(&store_command(&store, &watch), "");
    assert!(
        ran.out
            .contains("\r\n3  Paint  Farm3  CVAD.Paint  -     id-Paint\x1b[K"),
        "{ran:?}"
    );
    assert!(!ran.out.contains("Word"), "{ran:?}");
}

/// Returns a store with one session of Word, which refuses the second list.
fn store_with_one_list() -> MockStore {
    let listings = AtomicUsize::new(0);
    MockStore::start(move |request| match request.path() {
        "/Store/endpoints/v1" => StoreResponse::all_endpoints(&request.base),
        "/list" if listings.fetch_add(1, Ordering::Relaxed) == 0 => {
            StoreResponse::list(&request.base, EnumerationStatus::Full, &["Word"])
        }
        "/list" => StoreResponse::status(403),
        _ => StoreResponse::resources(Vec::new()),
    })
}

/// Lines of changes have no kind.
#[test]
fn watch_in_lines_requests_no_kinds() {
    for (args, expected) in [(&[][..], 0), (&["--filter", "kind=-"], 1), (&["--json"], 1)] {
        let store = store_with_one_list();
        let list = [&["list", "--watch", "1"], args].concat();
        let mut watch = Watch::start(&mut store_command(&store, &list));
        let (code, output) = watch.end();
        assert_eq!(code, Some(3), "{args:?}: {output}");
        assert!(output.contains("Word"), "{args:?}: {output}");
        let requests = store.lines().into_iter();
        let requests = requests.filter(|line| line.starts_with("GET /resources"));
        assert_eq!(requests.count(), expected, "{args:?}");
    }
}

#[test]
fn dry_run_of_active_watch_needs_no_confirmation() {
    let store = store_with_one_list();
    let list = ["list", "--watch", "1", "--active", "--dry-run"];
    let mut watch = Watch::start(&mut store_command(&store, &list));
    let (code, output) = watch.end();
    assert_eq!(code, Some(3), "{output}");
    assert!(output.contains("Without --dry-run, "), "{output}");
    let is_active = |body: &str| body.contains("<includeActiveSessions>true<");
    assert!(!store.requests().iter().any(|it| is_active(&it.body)));
}
