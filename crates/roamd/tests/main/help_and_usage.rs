//! Tests of help, version, completions, manual pages and wrong usage.

use std::process::Stdio;

use crate::support::{CommandOutput, roamd, run};

const COMMANDS: [&str; 33] = [
    "",
    "demo",
    "serve",
    "farm",
    "farm serve",
    "farm init",
    "farm session",
    "farm session list",
    "farm session start",
    "farm connect",
    "farm probe",
    "sessions",
    "sessions list",
    "sessions disconnect",
    "sessions logoff",
    "sessions launch",
    "sessions roam",
    "apps",
    "apps list",
    "apps launch",
    "config",
    "config check",
    "config init",
    "keys",
    "keys new",
    "keys rotate",
    "keys list",
    "tokens",
    "tokens revoke",
    "completions",
    "completions bash",
    "man",
    "man --output x",
];

#[test]
fn help_of_every_command_has_an_example() {
    for command in COMMANDS {
        let args: Vec<_> = command.split_whitespace().chain(["--help"]).collect();
        let ran = run(&args);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{command}");
        let (_, example) = ran.out.split_once("Example").expect(command);
        assert!(example.contains("\n  roamd "), "{command}: {example}");
    }
}

#[test]
fn wrong_usage_exits_with_2_and_prints_no_result() {
    let cases = [
        ("", "Usage: roamd <COMMAND>"),
        ("deme", "similar subcommand exists: 'demo'"),
        ("serve --config", "--config <FILE>"),
        ("demo --listen localhost", "must be an address and a port"),
        (
            "farm serve --data x --farm XA1 --listen 127.0.0.1:70000",
            "must be an address and a port",
        ),
        (
            "farm session start --data x --farm XA1 --user a --app b --state gone",
            "disconnected",
        ),
        ("sessions list --user a", "--store <URL>"),
        (
            "sessions list --store store.example.net --user a",
            "has to be a URL such as https://",
        ),
        (
            "sessions launch --store http://127.0.0.1/ --user a",
            "SESSION-ID|--app <NAME>|--all",
        ),
        (
            "sessions launch --all --app b --store http://127.0.0.1/ --user a",
            "cannot be used",
        ),
        (
            "sessions list --watch 0 --store http://127.0.0.1/ --user a",
            "1..=86400",
        ),
        // Each list would disconnect active sessions on old farms.
        (
            "sessions list --watch 7 --active --store http://127.0.0.1/ --user a",
            "every 7 s; leave out --active, or add --yes-disconnect",
        ),
        (
            "sessions list --watch --yes-disconnect --store http://127.0.0.1/ --user a",
            "--active",
        ),
        // Other users can read arguments, so there is no --password.
        (
            "sessions list --store http://127.0.0.1/ --user a --password b",
            "--password",
        ),
        (
            "sessions list --store http://127.0.0.1/ --user a",
            "ROAMD_PASSWORD",
        ),
        ("apps", "Usage: roamd apps <COMMAND>"),
        ("apps list --user a", "--store <URL>"),
        ("tokens revoke --config x", "--user <DOMAIN\\NAME>"),
        ("tokens revoke --config x --user alice", "EXAMPLE\\ada"),
        (
            "tokens revoke --config x --user DEMO\\alice --block 2",
            "such as 30m or 12h",
        ),
        (
            "tokens revoke --config x --user DEMO\\alice --block 9000h",
            "at most a year",
        ),
        ("completions", "<SHELL>"),
    ];
    for (args, expected) in cases {
        let ran = run(&args.split_whitespace().collect::<Vec<_>>());
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{args}: {ran:?}");
        assert!(ran.err.contains(expected), "{args}: {}", ran.err);
    }
}

#[test]
fn version_is_printed() {
    let ran = run(&["--version"]);
    assert_eq!(ran.code, 0);
    assert_eq!(ran.out.trim(), concat!("roamd ", env!("CARGO_PKG_VERSION")));
}

#[test]
fn completions_contain_commands() {
    for shell in ["bash", "zsh", "fish"] {
        let ran = run(&["completions", shell]);
        assert_eq!(ran.code, 0);
        assert!(ran.out.contains("disconnect"), "{shell}");
    }
}

#[test]
fn every_command_has_a_manual_page() {
    let page = run(&["man"]);
    assert_eq!(page.code, 0);
    assert!(page.out.contains(".TH roamd 1"), "{}", page.out);

    let folder = tempfile::tempdir().unwrap();
    let ran = run(&["man", "--output", folder.path().to_str().unwrap()]);
    assert_eq!((ran.code, ran.out.as_str()), (0, ""));
    let pages = crate::support::entries(folder.path());
    for page in [
        "roamd.1",
        "roamd-demo.1",
        "roamd-farm-session-start.1",
        "roamd-sessions-list.1",
    ] {
        assert!(pages.contains(&page.into()), "{page} is not in {pages:?}");
    }
}

#[test]
fn closed_stdout_causes_no_error_message() {
    let mut command = roamd(&["config", "init"]);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let ran = CommandOutput::of(child.wait_with_output().unwrap());
    assert_eq!(ran.err, "");
}
