//! Tests of help, version, completions, manual pages and wrong usage.

use std::process::Stdio;

use crate::support::{CommandOutput, on_a_terminal_of, roamd, run};

#[test]
fn wrong_usage_exits_with_2_and_prints_no_result() {
    let cases = [
        ("", "Usage: roamd [OPTIONS] <COMMAND>"),
        ("deme", "similar subcommand exists: 'demo'"),
        ("serve --config", "--config <FILE>"),
        ("demo --listen localhost", "has to be an address and a port"),
        (
            "farm serve --data x --farm XA1 --listen 127.0.0.1:70000",
            "has a port that is not a number from 0 to 65535",
        ),
        (
            "farm session start --data x --farm XA1 --user a --app b --state gone",
            "disconnected",
        ),
        ("sessions list --user a", "--store <URL>"),
        (
            "sessions list --store http://127.0.0.1:99999 --user a",
            "has a port that is not a number from 1 to 65535",
        ),
        (
            "sessions list --store localhost:99999 --user a",
            "has a port that is",
        ),
        ("help sessions lst", "similar subcommand exists: 'list'"),
        (
            "sessions list --store ftp://store.example.net --user a",
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
            "must be a whole number from 1 to 86400",
        ),
        // Each list would disconnect active sessions on old farms.
        (
            "sessions list --watch 7 --active --store http://127.0.0.1/ --user a",
            "every 7 s; leave out --active, or add --yes",
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
        // The service acts on all sessions of a client (SS-44).
        (
            "sessions logoff 1 2 --store http://127.0.0.1/ --user a",
            "a store cannot log off single sessions",
        ),
        (
            "sessions disconnect Aq_Y5IKU --store http://127.0.0.1/ --user a",
            "without session ids",
        ),
        ("apps", "Usage: roamd apps [OPTIONS] <COMMAND>"),
        ("apps list --user a", "--store <URL>"),
        ("tokens revoke --config x", "--user <ACCOUNT>"),
        (
            "tokens revoke --config x --user DEMO\\alice --block 0h",
            "`roamd tokens unblock` ends a block",
        ),
        (
            "healthcheck --data x",
            "needs the configuration of the server; name that with --config",
        ),
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
        (
            "farm host set --data x --farm A h --capacity 0",
            "must be a whole number from 1 to 4294967295",
        ),
        (
            "farm policy set --data x --lockout-seconds 99999999999",
            "must be a whole number from 1 to 4294967295",
        ),
        (
            "audit --event signin --file x",
            "there is no such event (did you mean sign-in?); the events are sign-in, ",
        ),
        ("audit --event zzz --file x", "no such event; the events"),
        (
            "sessions list --filter farn=a --store http://127.0.0.1/ --user a",
            "there is no field farn (did you mean farm?); the fields are",
        ),
    ];
    for (args, expected) in cases {
        let ran = run(&args.split_whitespace().collect::<Vec<_>>());
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{args}: {ran:?}");
        assert!(ran.err.contains(expected), "{args}: {}", ran.err);
    }
}

/// SS-20: the store would refuse them, after the sign-in.
#[test]
fn blank_and_long_names_are_wrong_usage() {
    let long = "x".repeat(257);
    let ticket = "x".repeat(1025);
    let store = ["--store", "http://127.0.0.1:1", "--user", "a"];
    for (args, expected) in [
        (&["apps", "launch", ""][..], "must not be blank"),
        (&["sessions", "launch", " "], "must not be blank"),
        (&["sessions", "launch", "--app", ""], "must not be blank"),
        (
            &["sessions", "list", "--client-name", &long],
            "must have at most 256 characters",
        ),
        (
            &["sessions", "logoff", "--device-id", &long],
            "must have at most 256 characters",
        ),
        (
            &["sessions", "disconnect", "--ticket", &ticket],
            "must have 1 to 1024 characters",
        ),
    ] {
        let args = [args, &store].concat();
        let mut command = roamd(&args);
        let ran = CommandOutput::of(command.env("ROAMD_PASSWORD", "x").output().unwrap());
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{args:?}: {ran:?}");
        assert!(ran.err.contains(expected), "{args:?}: {}", ran.err);
    }
}

#[test]
fn version_is_printed() {
    for arg in ["--version", "-V", "version"] {
        let ran = run(&[arg]);
        assert_eq!(ran.code, 0);
        assert_eq!(ran.out.trim(), concat!("roamd ", env!("CARGO_PKG_VERSION")));
    }
    let json = run(&["version", "-o", "json"]).json();
    assert_eq!(json["version"], env!("CARGO_PKG_VERSION"));
}

#[test]
fn help_is_a_command_too() {
    for (command, expected) in [
        (&["help"][..], "Usage: roamd"),
        (&["help", "sessions", "list"], "Usage: roamd sessions list"),
        (&["sessions", "help"], "Usage: roamd sessions"),
        (&["sessions", "list", "-h"], "Usage: roamd sessions list"),
    ] {
        let ran = run(command);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{command:?}");
        assert!(ran.out.contains(expected), "{command:?}: {}", ran.out);
    }
}

/// Removes the codes for bold and underlined text.
fn without_styles(text: &str) -> String {
    let mut parts = text.split("\x1b[");
    let plain: String = parts.next().unwrap_or_default().to_owned();
    plain
        + &parts
            .filter_map(|it| it.split_once('m'))
            .map(|(_, text)| text)
            .collect::<String>()
}

#[test]
fn help_wraps_to_the_width_of_the_terminal() {
    for (columns, expected) in [(60, 60), (80, 80), (200, 100)] {
        let ran = on_a_terminal_of(columns, &roamd(&["sessions", "list", "--help"]), "");
        assert_eq!(ran.code, 0, "{ran:?}");
        // Usage and examples are lines of a shell, which are not wrapped.
        let (text, _) = ran.out.split_once("Examples").unwrap();
        let text = without_styles(text);
        let lines = text.lines().filter(|line| !line.starts_with("Usage"));
        let widest = lines.map(|line| line.chars().count()).max().unwrap();
        assert!(widest <= expected, "{columns}: {widest} in {text}");
        assert!(widest > expected - 20, "{columns}: {widest} in {text}");
    }
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
    for name in [
        &[][..],
        &["sessions", "list"],
        &["serve"],
        &["config", "check"],
    ] {
        let page = run(&[&["man"], name].concat());
        for section in [
            "NAME",
            "SYNOPSIS",
            "DESCRIPTION",
            "OPTIONS",
            "ENVIRONMENT",
            "FILES",
            "\"EXIT STATUS\"",
            "EXAMPLES",
            "\"SEE ALSO\"",
        ] {
            let heading = format!("\n.SH {section}\n");
            assert!(
                page.out.contains(&heading),
                "{name:?} lacks {section}: {}",
                page.out
            );
        }
    }
    let config = run(&["man", "roamd.toml"]).out;
    assert!(config.contains(".TH roamd.toml 5"), "{config}");
    for part in [
        ".SS [limits]\n.PP\nLimits on clients.",
        "\\fBmax_sessions = 5000",
        "\\fBlisten = ",
    ] {
        assert!(config.contains(part), "{part}: {config}");
    }
    for (page, expected) in [
        (&["sesions"][..], "for sesions (did you mean sessions?)"),
        (
            &["sessions", "lst"],
            "for sessions lst (did you mean list?)",
        ),
        (&["roamd.tml"], "for roamd.tml (did you mean roamd.toml?)"),
        (&["zzz"], "for zzz; name a command"),
    ] {
        let unknown = run(&[&["man"], page].concat());
        assert_eq!((unknown.code, unknown.out.as_str()), (2, ""));
        assert!(unknown.err.contains(expected), "{unknown:?}");
    }

    let folder = tempfile::tempdir().unwrap();
    let ran = run(&["man", "--output", folder.path().to_str().unwrap()]);
    assert_eq!((ran.code, ran.out.as_str()), (0, ""));
    let pages = crate::support::entries(folder.path());
    for page in [
        "roamd.toml.5",
        "roamd-version.1",
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
