//! `roamd sessions list --watch`.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

use crate::sessions_store::{Store, list};
use crate::support::{Server, World, configuration, nobody_on, on_a_terminal, roamd, run, signal};

/// A list that is being watched.
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

    /// The next change, without the id.
    fn change(&mut self) -> String {
        let mut line = String::new();
        self.out.read_line(&mut line).unwrap();
        line.trim_end().rsplit_once('\t').unwrap().0.into()
    }

    /// The next line on stderr.
    fn note(&mut self) -> String {
        let mut line = String::new();
        self.err.read_line(&mut line).unwrap();
        line.trim_end().into()
    }

    /// Ends it by Ctrl-C; gives its exit code and what it said that nobody read.
    fn stop(mut self) -> (Option<i32>, String) {
        signal(&self.child, "INT");
        self.end()
    }

    fn end(&mut self) -> (Option<i32>, String) {
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).unwrap();
        self.err.read_to_string(&mut rest).unwrap();
        (self.child.wait().unwrap().code(), rest)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // It may have ended already.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// A watch of bob's sessions, who left Word behind.
fn bob(demo: &Server, args: &[&str]) -> Watch {
    let store = ["--store", demo.url(), "--user", r"DEMO\bob"];
    let list = ["sessions", "list", "--watch", "1", "--client-name", "KIOSK"];
    Watch::start(roamd(&[&list, args, &store[..]].concat()).env("ROAMD_PASSWORD", "roam-demo"))
}

#[test]
fn a_session_is_seen_to_come_and_go() {
    let world = World::new();
    let demo = Server::demo(&world);
    let mut watch = bob(&demo, &[]);
    assert_eq!(watch.change(), "+\tWord\tFarm3\tCVAD.Word");
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
    assert_eq!(watch.change(), "+\tNotepad\tFarm1\tXA1.Notepad");
    // Somebody goes on with Word elsewhere, so there is nothing to connect to.
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
    assert_eq!(watch.change(), "-\tWord\tFarm3\tCVAD.Word");
    assert_eq!(watch.stop(), (Some(0), String::new()));
}

#[test]
fn a_change_is_an_object_on_a_line_for_programs() {
    let world = World::new();
    let demo = Server::demo(&world);
    let mut watch = bob(&demo, &["--json"]);
    let mut line = String::new();
    watch.out.read_line(&mut line).unwrap();
    let change: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(change["change"], "added");
    let session = change["session"].as_object().unwrap();
    let fields: Vec<_> = session.keys().map(String::as_str).collect();
    let listed = [
        "aggregated",
        "app",
        "farm",
        "id",
        "launch_url",
        "resource_id",
        "server_type",
    ];
    assert_eq!(fields, listed);
    assert_eq!(session["resource_id"], "CVAD.Word");
    assert_eq!(watch.stop(), (Some(0), String::new()));
}

/// A gateway that comes back with other keys knows none of its tokens any more, and calls the session by
/// another id.
#[test]
fn a_watch_outlives_its_store_and_signs_in_again() {
    let world = World::new();
    let farm = Server::farm(&world, "CVAD");
    let farms = [("CVAD", "cvad-7", farm.address())];
    let config = configuration(&world, &nobody_on("127.0.0.4"), &farms);
    let serve = ["serve", "--config", &config];
    let gateway = Server::start(&mut roamd(&serve), 1);
    let mut watch = bob(&gateway, &[]);
    assert_eq!(watch.change(), "+\tWord\tCVAD\tCVAD.Word");
    gateway.stop();
    let note = watch.note();
    assert!(note.starts_with("cannot reach http://127.0.0.4:"), "{note}");
    std::fs::remove_dir_all(world.path("state")).unwrap();
    let gateway = Server::start(&mut roamd(&serve), 1);
    assert_eq!(watch.note(), "The list is whole again.");
    assert_eq!(watch.change(), "-\tWord\tCVAD\tCVAD.Word");
    assert_eq!(watch.change(), "+\tWord\tCVAD\tCVAD.Word");
    assert_eq!(watch.stop(), (Some(0), String::new()));
    gateway.stop();
}

/// Active sessions may be watched by those who say that they know what it does.
#[test]
fn active_sessions_are_watched_if_that_is_wanted() {
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
    let seen: Vec<_> = (0..6).map(|_| watch.change()).collect();
    assert_eq!(seen[1], "+\tNotepad\tFarm1\tXA1.Notepad");
    assert_eq!(watch.stop(), (Some(0), String::new()));
}

/// What a farm that did not answer has is not said to be gone.
#[test]
fn a_failure_is_told_once_and_the_watch_goes_on() {
    let listings = AtomicUsize::new(0);
    let store = Store::start(
        move |asked| match listings.fetch_add(1, Ordering::Relaxed) {
            0 => list(asked, "full", &["Word", "Excel"]),
            1 => (500, String::new()),
            2 => list(asked, "partial", &["Word"]),
            3 => list(asked, "partial", &["Word"]),
            _ => list(asked, "full", &["Word"]),
        },
    );
    let mut watch = Watch::start(&mut store.command(&["list", "--watch", "1"]));
    assert_eq!(watch.change(), "+\tWord\tFarm3\tCVAD.Word");
    assert_eq!(watch.change(), "+\tExcel\tFarm3\tCVAD.Excel");
    assert!(
        watch
            .note()
            .ends_with("/list answered 500 Internal Server Error")
    );
    assert!(watch.note().starts_with("Some farms did not answer"));
    assert_eq!(watch.note(), "The list is whole again.");
    assert_eq!(watch.change(), "-\tExcel\tFarm3\tCVAD.Excel");
    assert_eq!(watch.stop(), (Some(0), String::new()));
}

/// A wrong password that is sent again and again locks its user out, and what is no store will not
/// become one.
#[test]
fn a_refusal_and_a_bad_beginning_end_the_watch() {
    for (good, then, code) in [(1, 403, 3), (0, 500, 1)] {
        let listings = AtomicUsize::new(0);
        let store = Store::start(move |asked| {
            if listings.fetch_add(1, Ordering::Relaxed) < good {
                list(asked, "full", &[])
            } else {
                (then, String::new())
            }
        });
        let mut watch = Watch::start(&mut store.command(&["list", "--watch", "1"]));
        let (ended, said) = watch.end();
        assert_eq!(ended, Some(code), "{said}");
    }
}

#[test]
fn a_terminal_shows_the_whole_list() {
    let listings = AtomicUsize::new(0);
    let store = Store::start(
        move |asked| match listings.fetch_add(1, Ordering::Relaxed) {
            0 => list(asked, "full", &["Word"]),
            1 => list(asked, "partial", &[]),
            _ => (403, String::new()),
        },
    );
    let watch = store.command(&["list", "--watch", "1"]);
    let ran = on_a_terminal(&watch, "");
    assert_eq!(ran.code, 3, "{ran:?}");
    let pictures: Vec<_> = ran.out.split("\x1b[H").collect();
    assert_eq!(pictures.len(), 3, "{ran:?}");
    assert!(
        pictures[1].contains("\r\nWord  Farm3  CVAD.Word  win32\x1b[K"),
        "{ran:?}"
    );
    assert!(
        pictures[2].contains("\r\nWord  Farm3  CVAD.Word  win32\x1b[K"),
        "{ran:?}"
    );
    assert!(
        pictures[2].contains("\r\nSome farms did not answer"),
        "{ran:?}"
    );
}
