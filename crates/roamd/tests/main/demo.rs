//! Tests of `roamd demo`.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;

use crate::support::{CommandOutput, Server, World, entries, roamd, run, wrapped_in};

/// Runs a printed line in a shell.
fn run_in_shell(line: &str) -> CommandOutput {
    CommandOutput::of(Command::new("sh").args(["-c", line]).output().unwrap())
}

#[test]
fn demo_prints_farms_users_and_usable_examples() {
    let temporary = tempfile::tempdir().unwrap();
    let mut command = roamd(&["demo", "--listen", "127.0.0.1:0"]);
    let demo = Server::start(command.env("TMPDIR", temporary.path()), 1);
    assert_eq!(entries(temporary.path()).len(), 1);
    let store = demo.url().to_owned();
    let base = store.strip_suffix("/Citrix/Store").unwrap();

    let [farms @ .., try_curl, try_sessions, try_page, ready] = &demo.lines[..] else {
        panic!("{:?}", demo.lines);
    };
    let (farms, users) = farms.split_at(6);
    for (line, expected) in farms.iter().zip([
        "farm XA1 Farm1",
        "farm XA1 Farm1",
        "farm XD5 Farm2",
        "farm XD5 Farm2",
        "farm CVAD Farm3",
        "farm CVAD Farm3",
    ]) {
        let service = line.strip_prefix(expected).unwrap();
        assert!(service.starts_with(" http://127.0.0.1:"), "{line}");
        assert!(service.ends_with("/scripts/wpnbr.dll"), "{line}");
    }
    let expected = ["alice", "bob", "carol"].map(|name| format!(r"user DEMO\{name} roam-demo"));
    assert_eq!(users, expected);
    assert_eq!(*ready, format!("ready {store}"));

    // Each line can be pasted into a shell.
    let ran = run_in_shell(try_curl);
    assert!(ran.code == 0 && ran.out.contains("ListSessions"), "{ran:?}");
    let ran = run_in_shell(try_sessions);
    assert_eq!(ran.code, 0, "{ran:?}");
    for session in ["XA1.MSPaint", "CVAD.Excel"] {
        assert!(ran.out.contains(session), "{session} is not in {}", ran.out);
    }
    assert_eq!(*try_page, format!("{base}/"));
    assert!(get(demo.address(), "/").starts_with("HTTP/1.1 200 OK\r\n"));

    let (status, rest) = demo.stop();
    assert_eq!((status.code(), rest.as_str()), (Some(0), ""));
    assert_eq!(
        entries(temporary.path()),
        [""; 0],
        "the temporary folder is removed"
    );
}

/// The terminal sends SIGHUP when it closes.
#[test]
fn demo_on_closed_terminal_removes_temporary_folder() {
    let temporary = tempfile::tempdir().unwrap();
    let mut command = roamd(&["demo", "--listen", "127.0.0.1:0"]);
    let demo = Server::start(command.env("TMPDIR", temporary.path()), 1);
    let (status, _) = demo.stop_by("HUP");
    assert_eq!(status.code(), Some(0));
    assert_eq!(entries(temporary.path()), [""; 0]);
}

#[test]
fn demo_under_nohup_ignores_sighup() {
    let world = World::new();
    let args = ["demo", "--listen", "127.0.0.1:0", "--data", world.data()];
    let demo = Server::start(&mut wrapped_in(&["nohup"], &args), 1);
    let status = std::fs::read_to_string(format!("/proc/{}/status", demo.pid())).unwrap();
    let caught = status
        .lines()
        .find_map(|line| line.strip_prefix("SigCgt:"))
        .unwrap();
    let caught = u64::from_str_radix(caught.trim(), 16).unwrap();
    // The lowest bit is signal 1, SIGHUP; signal 15 is SIGTERM.
    assert_eq!((caught & 1, caught >> 14 & 1), (0, 1));
    assert_eq!(demo.stop().0.code(), Some(0));
}

fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    response
}

#[test]
fn demo_on_busy_port_fails_and_creates_nothing() {
    let world = World::new();
    let demo = Server::demo(&world);
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("second");
    let ran = run(&[
        "demo",
        "--listen",
        demo.address(),
        "--data",
        data.to_str().unwrap(),
    ]);
    assert_eq!((ran.code, ran.out.as_str()), (1, ""));
    let expected = format!(
        "roamd: {} is in use by another program; stop it, or pick another port, \
         such as --listen 127.0.0.1:0\n",
        demo.address()
    );
    assert_eq!(ran.err, expected);
    assert!(!Path::new(&data).exists());
}

#[test]
fn demo_data_folder_keeps_sessions_across_runs() {
    let world = World::new();
    let demo = Server::demo(&world);
    let ran = demo.alice(&["logoff", "--client-name", "DESK-B"]);
    assert_eq!(
        (ran.code, ran.out.as_str()),
        (0, "All logged off.\n"),
        "{ran:?}"
    );
    demo.stop();
    let demo = Server::demo(&world);
    assert!(
        !world
            .sessions("alice")
            .contains(&"Win11Desktop active DESK-B".into())
    );
    let (status, _) = demo.stop();
    assert_eq!(status.code(), Some(0));
    assert_eq!(world.sessions("alice").len(), 5);
}

#[test]
fn damaged_data_folder_is_refused_and_not_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    assert_eq!(run(&["farm", "init", "--data", data]).code, 0);
    let database = entries(folder.path())
        .into_iter()
        .map(|name| folder.path().join(name))
        .find(|path| path.is_file() && std::fs::read(path).unwrap().starts_with(b"SQLite format"))
        .unwrap();
    std::fs::write(&database, "not a database at all").unwrap();
    let ran = run(&["demo", "--listen", "127.0.0.1:0", "--data", data]);
    assert_eq!((ran.code, ran.out.as_str()), (1, ""));
    assert!(ran.err.contains(database.to_str().unwrap()), "{}", ran.err);
    assert_eq!(std::fs::read(&database).unwrap(), b"not a database at all");
}

#[test]
fn logs_without_terminal_are_json_without_secrets() {
    let world = World::new();
    let path = world.path("log");
    let log = std::fs::File::create(&path).unwrap();
    let args = ["demo", "--listen", "127.0.0.1:0", "--data", world.data()];
    let demo = Server::start_with_logs(roamd(&args).env("ROAMD_LOG", "trace"), 1, log);
    assert_eq!(
        demo.alice(&["launch", "--app", "Excel", "--output", world.data()])
            .code,
        0
    );
    demo.stop();
    let log = std::fs::read_to_string(path).unwrap();
    let responses = log.lines().filter(|line| {
        let entry: serde_json::Value = serde_json::from_str(line).unwrap();
        entry["level"].is_string() && entry["message"] == "Request served"
    });
    assert!(responses.count() > 5);
    for secret in ["roam-demo", "CitrixAuth ", "LogonTicket"] {
        assert!(!log.contains(secret), "{secret}");
    }
}
