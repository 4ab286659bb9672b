//! Tests of `roamd sessions roam`, and of `--open`.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};

use roamd_store_client::EnumerationStatus;
use roamd_testkit::{MockStore, StoreResponse};

use crate::support::{
    CommandOutput, Server, World, configuration, entries, on_a_terminal, roamd, run, signal,
    store_command, unused_address,
};

#[test]
fn roam_reconnects_sessions_of_all_generations() {
    let world = World::new();
    let demo = Server::demo(&world);
    let folder = world.path("ica");
    let output = folder.to_str().unwrap();
    let ran = demo.alice(&["roam", "--client-name", "KIOSK", "--output", output]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let resources: Vec<_> = ran
        .out
        .lines()
        .map(|path| {
            path.strip_prefix(output)
                .unwrap()
                .split_once('-')
                .unwrap()
                .0
        })
        .collect();
    assert_eq!(
        resources,
        [
            "/XA1.MSPaint",
            "/XA1.Notepad",
            "/XD5.Win7Desktop",
            "/CVAD.Excel",
            "/CVAD.Word",
            "/CVAD.Win11Desktop"
        ]
    );
    for file in ran.out.lines() {
        let ran = run(&["farm", "connect", "--data", world.data(), file]);
        assert_eq!(ran.code, 0, "{ran:?}");
    }
    let here = world.sessions("alice");
    assert_eq!(here.len(), 6, "{here:?}");
    assert!(
        here.iter()
            .all(|session| session.ends_with(" active KIOSK")),
        "{here:?}"
    );
    let again = demo.alice(&["roam", "--client-name", "KIOSK", "--output", output]);
    assert_eq!((again.code, again.out.as_str()), (0, ""));
    assert_eq!(again.err, "No sessions to connect to.\n");
}

#[test]
fn no_active_flag_leaves_active_sessions_in_place() {
    let world = World::new();
    let demo = Server::demo(&world);
    let before = world.sessions("alice");
    let folder = world.path("ica");
    let output = folder.to_str().unwrap();
    let roam = [
        "roam",
        "--no-active",
        "--apps-only",
        "--json",
        "--output",
        output,
    ];
    let ran = demo.alice(&roam);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let json = ran.json();
    let (ids, files) = (ran.column("", "id"), ran.column("", "file"));
    assert_eq!(
        json,
        serde_json::json!([
            {
                "id": ids[0], "app": "MSPaint", "farm": "Farm1", "resource_id": "XA1.MSPaint",
                "outcome": "ready", "file": files[0], "error": null,
            },
            {
                "id": ids[1], "app": "Excel", "farm": "Farm3", "resource_id": "CVAD.Excel",
                "outcome": "ready", "file": files[1], "error": null,
            },
        ])
    );
    assert!(files.iter().all(|file| Path::new(file).is_file()));
    assert_eq!(world.sessions("alice"), before);
}

/// Sessions of the other farms are reconnected.
#[test]
fn roam_with_farm_down_exits_with_4() {
    let world = World::new();
    let (xa1, cvad) = (Server::farm(&world, "XA1"), Server::farm(&world, "CVAD"));
    let farms = [
        ("XA1", "xenapp-6", xa1.address()),
        ("XD5", "xendesktop-5", &unused_address()),
        ("CVAD", "cvad-7", cvad.address()),
    ];
    let config = configuration(&world, &unused_address(), &farms);
    let serve = ["serve", "--config", &config];
    let server = Server::start(&mut roamd(&serve), 1);
    let folder = world.path("ica");
    let output = folder.to_str().unwrap();
    let ran = server.alice(&[
        "roam",
        "--json",
        "--client-name",
        "KIOSK",
        "--output",
        output,
    ]);
    assert_eq!(ran.code, 4, "{ran:?}");
    assert!(
        ran.err.starts_with("Some farms did not respond"),
        "{}",
        ran.err
    );
    assert_eq!(
        ran.column("", "resource_id"),
        [
            "XA1.MSPaint",
            "XA1.Notepad",
            "CVAD.Excel",
            "CVAD.Word",
            "CVAD.Win11Desktop"
        ]
    );
    assert!(
        ran.column("", "outcome")
            .iter()
            .all(|outcome| outcome == "ready")
    );
}

/// The store responds to the first launch only after the second request. The first is still printed
/// first.
#[test]
fn concurrent_launches_are_printed_in_list_order() {
    let both = Barrier::new(2);
    let store = MockStore::with_endpoints(move |request| match request.path() {
        "/list" => StoreResponse::list(&request.base, EnumerationStatus::Full, &["Word", "Excel"]),
        _ => {
            both.wait();
            StoreResponse::ica()
        }
    });
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().to_str().unwrap();
    let ran = CommandOutput::of(
        store_command(&store, &["roam", "--output", output, "--json"])
            .output()
            .unwrap(),
    );
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    assert_eq!(ran.column("", "app"), ["Word", "Excel"]);
}

#[test]
fn roam_prints_each_failure_and_sets_exit_code() {
    let cases = [
        (&["Word", "Gone"][..], EnumerationStatus::Full, 4),
        (&["Word"], EnumerationStatus::Full, 0),
        (&["Word"], EnumerationStatus::Partial, 4),
        (&["Gone"], EnumerationStatus::Full, 1),
        (&["Forbidden"], EnumerationStatus::Full, 3),
        (&[], EnumerationStatus::Full, 0),
        (&[], EnumerationStatus::Failed, 1),
    ];
    for (apps, enumeration, code) in cases {
        let store = MockStore::with_endpoints(move |request| match request.path() {
            "/list" => StoreResponse::list(&request.base, enumeration, apps),
            "/launch/Word" => StoreResponse::ica(),
            "/launch/Gone" => StoreResponse::status(404),
            _ => StoreResponse::status(403),
        });
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().to_str().unwrap();
        let roam = ["roam", "--output", output];
        let ran = CommandOutput::of(store_command(&store, &roam).output().unwrap());
        assert_eq!(ran.code, code, "{apps:?} {enumeration:?}: {ran:?}");
        let lines: Vec<_> = ran.out.lines().collect();
        assert_eq!(lines.len(), apps.len());
        for (app, line) in apps.iter().zip(lines) {
            let expected = match *app {
                "Word" => format!("{output}/CVAD.Word-"),
                "Gone" => "Gone on Farm3: there is nothing to launch any more; list again".into(),
                _ => "Forbidden on Farm3: the store does not allow it".into(),
            };
            assert!(line.starts_with(&expected), "{line}");
        }
    }
}

#[test]
fn session_not_ready_is_retried_with_progress_message() {
    let is_repeated = AtomicBool::new(false);
    let store = MockStore::with_endpoints(move |request| match request.path() {
        "/list" => StoreResponse::list(&request.base, EnumerationStatus::Full, &["Word"]),
        _ if is_repeated.swap(true, Ordering::Relaxed) => StoreResponse::ica(),
        _ => StoreResponse::retry(&request.base, "Word", 0),
    });
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().to_str().unwrap();
    let ran = CommandOutput::of(
        store_command(&store, &["roam", "--output", output])
            .output()
            .unwrap(),
    );
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(
        ran.err,
        "Word on Farm3: the machine is resuming; next attempt in 0 s\n"
    );
}

/// Live lines go to the terminal, and results to stdout.
#[test]
fn roam_on_terminal_shows_live_progress() {
    let is_repeated = AtomicBool::new(false);
    let store = MockStore::with_endpoints(move |request| match request.path() {
        "/list" => StoreResponse::list(&request.base, EnumerationStatus::Full, &["Word"]),
        _ if is_repeated.swap(true, Ordering::Relaxed) => StoreResponse::ica(),
        _ => StoreResponse::retry(&request.base, "Word", 1),
    });
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().to_str().unwrap();
    let roam = store_command(&store, &["roam", "--yes", "--output", output]);
    let results = folder.path().join("results");
    let ran = on_a_terminal(&roam, &format!("> {}", results.display()));
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(
        ran.out
            .contains("Word on Farm3: the machine is resuming; next attempt in 1 s"),
        "{ran:?}"
    );
    let results = fs::read_to_string(results).unwrap();
    assert!(
        results.starts_with(&format!("{output}/CVAD.Word-")),
        "{results}"
    );
}

#[test]
fn ctrl_c_keeps_written_files_and_stops_other_launches() {
    let store = MockStore::with_endpoints(|request| match request.path() {
        "/list" => StoreResponse::list(&request.base, EnumerationStatus::Full, &["Excel", "Word"]),
        "/launch/Excel" => StoreResponse::ica(),
        _ => StoreResponse::retry(&request.base, "Word", 300),
    });
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().to_str().unwrap();
    let mut child = store_command(&store, &["roam", "--output", output])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut first = String::new();
    out.read_line(&mut first).unwrap();
    assert!(Path::new(first.trim()).is_file(), "{first}");
    let mut err = BufReader::new(child.stderr.take().unwrap());
    let mut waiting = String::new();
    err.read_line(&mut waiting).unwrap();
    assert_eq!(
        waiting,
        "Word on Farm3: the machine is resuming; next attempt in 300 s\n"
    );
    signal(&child, "INT");
    let mut rest = String::new();
    out.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "Word on Farm3: stopped before it was ready\n");
    assert_eq!(child.wait().unwrap().code(), Some(4));
    assert_eq!(entries(folder.path()).len(), 1);
}

/// Returns a program that writes its arguments to a pipe, and the reading end of the pipe.
fn recorder(folder: &Path) -> (String, BufReader<File>) {
    let (pipe, script) = (folder.join("pipe"), folder.join("open it.sh"));
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    fs::write(&script, format!("echo \"$#:$1:$2\" > {}\n", pipe.display())).unwrap();
    // Open for writing too, so that the reader gets no end of file between two programs.
    let pipe = File::options().read(true).write(true).open(pipe).unwrap();
    (
        format!("sh '{}' -x", script.display()),
        BufReader::new(pipe),
    )
}

#[test]
fn open_flag_starts_program_with_ica_file() {
    let folder = tempfile::tempdir().unwrap();
    let (program, mut pipe) = recorder(folder.path());
    let output = folder.path().join("ica");
    let output = output.to_str().unwrap();
    let store = MockStore::with_endpoints(|request| match request.path() {
        "/list" => StoreResponse::list(&request.base, EnumerationStatus::Full, &["Word"]),
        _ => StoreResponse::ica(),
    });
    let mut opened = |args: &[&str]| {
        let mut command = store_command(&store, &[args, &["--output", output]].concat());
        let ran = CommandOutput::of(command.env("ROAMD_OPEN", &program).output().unwrap());
        assert_eq!((ran.code, ran.err.as_str()), (0, ""));
        let mut line = String::new();
        pipe.read_line(&mut line).unwrap();
        (ran, line.trim_end().to_owned())
    };
    let (roamed, line) = opened(&["roam", "--open"]);
    assert_eq!(line, format!("2:-x:{}", roamed.out.trim_end()));
    let named = format!("--open={program} ");
    let (roamed, line) = opened(&["roam", "--json", &named]);
    assert_eq!(roamed.column("", "outcome"), ["opened"]);
    assert_eq!(line, format!("2:-x:{}", roamed.column("", "file")[0]));
    let (launched, line) = opened(&["launch", "--app", "Word", "--open"]);
    assert_eq!(line, format!("2:-x:{}", launched.out.trim_end()));
}

/// Old farms disconnect the sessions that they list, so the program is checked first.
#[test]
fn missing_open_program_fails_before_sessions_move() {
    let world = World::new();
    let demo = Server::demo(&world);
    let before = world.sessions("alice");
    let folder = world.path("ica");
    let output = folder.to_str().unwrap();
    let ran = demo.alice(&["roam", "--open=no-such-program", "--output", output]);
    assert_eq!((ran.code, ran.out.as_str()), (2, ""));
    assert_eq!(
        ran.err,
        "roamd: there is no program no-such-program to open ICA files; \
         name one with --open=PROGRAM or ROAMD_OPEN\n"
    );
    assert_eq!(world.sessions("alice"), before);
}
