//! Tests of the commands for operators: `audit`, `healthcheck`, `config show`, `config check`, and
//! of `ROAMD_LOG`.

use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;

use roamd_testkit::{FarmConfig, ServerConfig, StoreConfig, closed_url};
use serde_json::{Value, json};

use crate::support::{
    Running, Server, World, configuration, roamd, run, self_signed, server_config, unused_address,
    write_configuration,
};

#[test]
fn audit_prints_lines_of_all_files_that_match() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    let file = path.to_str().unwrap();
    let line = |time: &str, event: &str, user: &str| {
        let time = format!("2026-11-29T{time}:00.000000Z");
        format!(
            "{}\n",
            json!({ "time": time, "event": event, "user": user })
        )
    };
    let (one, two) = (line("08:00", "sign-in", "EXAMPLE\\ada"), "not JSON\n");
    fs::write(folder.path().join("audit.jsonl.2"), format!("{one}{two}")).unwrap();
    let three = line("09:00", "launch", "EXAMPLE\\bob");
    fs::write(folder.path().join("audit.jsonl.1"), &three).unwrap();
    let four = line("10:00", "launch", "EXAMPLE\\ada, \"x\"");
    fs::write(&path, &four).unwrap();
    let audit = |more: &[&str]| run(&[&["audit", "--file", file], more].concat());

    let all = audit(&["--json"]);
    assert_eq!((all.code, all.out), (0, format!("{one}{three}{four}")));
    assert_eq!(all.err, "1 lines are no audit lines; left out\n");
    let launches = audit(&[
        "--json",
        "--event",
        "launch",
        "--until",
        "2026-11-29T10:00:00Z",
    ]);
    assert_eq!(launches.out, three);
    let csv = audit(&["-o", "csv", "--since", "2026-11-29T10:00:00Z"]);
    assert_eq!(
        csv.out,
        "time,event,user,address,outcome,reason,operator,operator_id,command,object,note,store,\
         client,device,farm,farms,host,host_session,application,session,resource,retry,operation,\
         realm,error,error_id,native_code,sign_in,web_session,until,blocked_until,lines,request,other\n\
         2026-11-29T10:00:00.000000Z,launch,\"EXAMPLE\\ada, \"\"x\"\"\",,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,\n"
    );
    let bob = audit(&["--user", "bob"]);
    let lines: Vec<_> = bob.out.lines().collect();
    assert!(lines[0].starts_with("TIME"), "{bob:?}");
    assert!(
        lines[1].starts_with("2026-11-29 09:00:00  launch      EXAMPLE\\bob  -"),
        "{bob:?}"
    );
    assert_eq!(lines.len(), 2);
    let missing = run(&["audit", "--file", "/no/such/file"]);
    assert_eq!(missing.code, 1, "{missing:?}");
}

/// An empty table would look like a log without such events.
#[test]
fn what_is_no_audit_log_and_times_that_exclude_each_other_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("other");
    fs::write(&other, "export A=1\n{\"level\":\"info\"}\n").unwrap();
    let [folder, other] = [folder.path(), &other].map(|path| path.to_str().unwrap());
    for (file, problem) in [
        (folder, format!("cannot read the audit log {folder}")),
        (other, format!("{other} is no audit log")),
    ] {
        for format in ["table", "json"] {
            let ran = run(&["audit", "--file", file, "-o", format]);
            assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{ran:?}");
            assert!(ran.err.contains(&problem), "{ran:?}");
        }
    }
    let reversed = run(&["audit", "--file", other, "--since", "1h", "--until", "2h"]);
    assert_eq!(
        (reversed.code, reversed.out.as_str()),
        (2, ""),
        "{reversed:?}"
    );
    assert!(reversed.err.contains("is before --since"), "{reversed:?}");
}

/// The name that a stranger has typed reaches the spreadsheet and the terminal of an administrator.
#[test]
fn audit_shows_hostile_names_as_text() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    let user = "=HYPERLINK(\"http://a.test\")\u{1}\u{202e}\u{2028}x";
    let line = json!({ "time": "T", "event": "sign-in-refused", "user": user });
    fs::write(&path, format!("{line}\n")).unwrap();
    let file = path.to_str().unwrap();
    let csv = run(&["audit", "--file", file, "-o", "csv"]).out;
    let row = csv.lines().nth(1);
    let expected = r#"T,sign-in-refused,"'=HYPERLINK(""http://a.test"")   x",,"#;
    assert!(row.unwrap().starts_with(expected), "{csv:?}");
    let table = run(&["audit", "--file", file]).out;
    let shown = r#"=HYPERLINK("http://a.test")   x"#;
    assert!(table.contains(shown), "{table:?}");
}

#[test]
fn audit_follows_the_log_over_a_rotation() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    fs::write(&path, "{\"event\":\"1\"}\n{\"event\"").unwrap();
    let args = [
        "audit",
        "--file",
        path.to_str().unwrap(),
        "--json",
        "--follow",
    ];
    let mut child = roamd(&args).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next = || lines.next().unwrap().unwrap();
    assert_eq!(next(), "{\"event\":\"1\"}");
    let mut file = fs::OpenOptions::new().append(true).open(&path).unwrap();
    file.write_all(b":\"2\"}\n").unwrap();
    assert_eq!(next(), "{\"event\":\"2\"}");
    fs::rename(&path, folder.path().join("audit.jsonl.1")).unwrap();
    file.write_all(b"{\"event\":\"3\"}\n").unwrap();
    fs::write(&path, "{\"event\":\"4\"}\n").unwrap();
    assert_eq!(next(), "{\"event\":\"3\"}");
    assert_eq!(next(), "{\"event\":\"4\"}");
    child.kill().unwrap();
    child.wait().unwrap();
}

/// Columns keep their places while lines arrive.
#[test]
fn audit_follows_as_a_table_and_as_csv() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    let line = |event: &str| {
        let time = "2026-11-29T08:30:00.000000Z";
        format!(
            "{}\n",
            json!({ "time": time, "event": event, "user": "ada" })
        )
    };
    for (format, header, first, second) in [
        (
            "table",
            "TIME (UTC)           EVENT       USER      CLIENT     RESULT   DETAILS",
            "2026-11-29 08:30:00  launch      ada       -          -",
            "2026-11-29 08:30:00  disconnect  ada       -          -",
        ),
        (
            "csv",
            "time,event,user,",
            "2026-11-29T08:30:00.000000Z,launch,ada,",
            "2026-11-29T08:30:00.000000Z,disconnect,ada,",
        ),
    ] {
        fs::write(&path, line("launch")).unwrap();
        let args = ["audit", "--file", path.to_str().unwrap(), "--follow", "-o"];
        let mut command = roamd(&[&args[..], &[format]].concat());
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut next = || lines.next().unwrap().unwrap();
        assert!(next().starts_with(header), "{format}");
        assert!(next().starts_with(first), "{format}");
        let mut file = fs::OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(line("disconnect").as_bytes()).unwrap();
        assert!(next().starts_with(second), "{format}");
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

#[test]
fn audit_reads_the_log_of_a_server() {
    let world = World::new();
    let farm = Server::farm(&world, "XA1");
    let listen = unused_address();
    let config = configuration(&world, &listen, &[("XA1", "xenapp-6", farm.address())]);
    let server = Server::start(&mut roamd(&["serve", "--config", &config]), 1);
    assert_eq!(server.alice(&["list"]).code, 0);
    let audit = run(&["audit", "--config", &config, "--json", "--user", "alice"]);
    assert_eq!(audit.code, 0, "{audit:?}");
    let first: Value = serde_json::from_str(audit.out.lines().next().unwrap()).unwrap();
    assert_eq!(first["event"], "sign-in");
    assert_eq!(first["user"], "DEMO\\alice");
}

#[test]
fn healthcheck_exit_code_is_that_of_readiness() {
    let world = World::new();
    let farm = Server::farm(&world, "XA1");
    let (certificate, key) = (world.path("cert.pem"), world.path("key.pem"));
    self_signed(&certificate, &key);
    let tls = format!("[tls]\ncertificate_file = {certificate:?}\nkey_file = {key:?}\n");
    for (scheme, sections) in [("http", ""), ("https", &*tls)] {
        let listen = unused_address();
        let port = listen.rsplit(':').next().unwrap();
        let farms = [FarmConfig::new("XA1", format!("http://{}", farm.address()))];
        let config = ServerConfig {
            base_url: format!("{scheme}://localhost:{port}"),
            lines: format!("probe_seconds = 1\n{sections}"),
            ..server_config(
                &world,
                &listen,
                vec![StoreConfig::new("/Citrix/Store", farms)],
            )
        };
        let config = write_configuration(&world, &config);
        let healthcheck = || run(&["healthcheck", "--config", &config]);
        let before = healthcheck();
        assert_eq!((before.code, before.out.as_str()), (1, ""), "{before:?}");
        assert!(before.err.contains("no server responds at"), "{before:?}");
        let server = Server::start(&mut roamd(&["serve", "--config", &config]), 1);
        // Until the first probe has ended, the server is not ready.
        let ready = (0..200).map(|_| healthcheck()).find(|ran| ran.code == 0);
        assert!(
            ready.unwrap().out.starts_with("200 OK: ready\n"),
            "{scheme}"
        );
        // The configuration has another key now, or TLS and the server does not.
        self_signed(&certificate, &key);
        let changed = match scheme {
            "https" => config.clone(),
            _ => {
                let secure = fs::read_to_string(&config).unwrap();
                let secure = secure.replace("http://localhost", "https://localhost");
                let path = format!("{config}.secure");
                fs::write(&path, format!("{secure}\n{tls}")).unwrap();
                path
            }
        };
        let refused = run(&["healthcheck", "--config", &changed]);
        assert_eq!((refused.code, refused.out.as_str()), (1, ""), "{refused:?}");
        assert!(
            refused.err.contains("no secure connection"),
            "{scheme}: {refused:?}"
        );
        server.stop();
    }
    farm.stop();
    let farms = [FarmConfig::new("XA1", closed_url())];
    let listen = unused_address();
    let store = StoreConfig::new("/Citrix/Store", farms);
    let config = ServerConfig {
        lines: "probe_seconds = 1".to_owned(),
        ..server_config(&world, &listen, vec![store])
    };
    let config = write_configuration(&world, &config);
    let _server = Server::start(&mut roamd(&["serve", "--config", &config]), 1);
    let down = run(&["healthcheck", "--config", &config]);
    assert_eq!(down.code, 1, "{down:?}");
    let reason = "503 Service Unavailable: no farm of /Citrix/Store can be reached\n";
    assert!(down.out.starts_with(reason), "{down:?}");
}

#[test]
fn config_show_prints_values_with_origins_and_no_secret() {
    let world = World::new();
    let key = world.path("service.key");
    fs::write(&key, "very-secret-key\n").unwrap();
    let farm = FarmConfig {
        lines: format!("service_key_file = {key:?}\n"),
        ..FarmConfig::new("XA1", "http://127.0.0.1:1")
    };
    let store = StoreConfig::new("/Citrix/Store", [farm]);
    let listen = unused_address();
    let config = server_config(&world, &listen, vec![store]);
    let config = write_configuration(&world, &config);
    fs::set_permissions(&key, Permissions::from_mode(0o600)).unwrap();
    let shown = run(&["config", "show", "--config", &config]);
    assert_eq!((shown.code, shown.err.as_str()), (0, ""), "{shown:?}");
    for line in [
        &format!("listen = \"{listen}\"  # line 1"),
        "probe_seconds = 0  # line 4",
        "metrics_from = [\"127.0.0.0/8\", \"::1/128\"]  # default",
        "id = \"XA1\"  # line 10",
        "[audit]  # not in the file",
        "keep = 9  # default",
        "# aggregation_group is not set",
    ] {
        assert!(
            shown.out.lines().any(|it| it == line),
            "{line}\n{}",
            shown.out
        );
    }
    assert!(shown.out.contains("service.key"), "{}", shown.out);
    assert!(!shown.out.contains("very-secret-key"), "{}", shown.out);
    // What it prints is a configuration with the same values.
    let again = world.path("again.toml");
    fs::write(&again, &shown.out).unwrap();
    let check = run(&["config", "check", again.to_str().unwrap()]);
    assert_eq!(check.code, 0, "{check:?}");
    let rows = run(&["config", "show", "--config", &config, "--json"]).json();
    let rows = rows.as_array().unwrap();
    let row = rows.iter().find(|row| row["key"] == "timeout_ms").unwrap();
    let expected = json!({
        "section": "[[store.farm]]",
        "section_line": 9,
        "key": "timeout_ms",
        "value": "5000",
        "origin": "default",
        "line": null,
    });
    assert_eq!(*row, expected);
}

#[test]
fn config_check_of_a_running_server_has_no_warning_of_its_address() {
    let running = Running::start();
    let check = || run(&["config", "check", &running.config, "--json"]).json()["warnings"].clone();
    let is_reported = |warnings: &Value| warnings.to_string().contains("is in use");
    let warnings = check();
    assert!(!is_reported(&warnings), "{warnings}");
    // A server of another data folder is another program.
    let text = fs::read_to_string(&running.config).unwrap();
    let state = running.world.path("state");
    let other = text.replace(state.to_str().unwrap(), &format!("{}2", state.display()));
    assert_ne!(other, text);
    fs::write(&running.config, other).unwrap();
    let warnings = check();
    assert!(is_reported(&warnings), "{warnings}");
    running.stop();
}

#[test]
fn config_check_json_has_errors_warnings_and_probes() {
    let world = World::new();
    let farm = Server::farm(&world, "XA1");
    let up = format!("http://{}", farm.address());
    // The port is in use, by the farm.
    let listen = farm.address().to_owned();
    for (controllers, code) in [(vec![up.clone()], 0), (vec![up, closed_url()], 4)] {
        let farms = [FarmConfig {
            controllers: controllers.clone(),
            ..FarmConfig::new("XA1", "")
        }];
        let store = StoreConfig::new("/Citrix/Store", farms);
        let config = write_configuration(&world, &server_config(&world, &listen, vec![store]));
        let ran = run(&["config", "check", &config, "--json", "--probe"]);
        assert_eq!(ran.code, code, "{ran:?}");
        let result = ran.json();
        assert_eq!(result["valid"], true);
        let warning = result["warnings"][0].as_str().unwrap();
        assert!(
            warning.contains("is in use, by a running roamd"),
            "{warning}"
        );
        assert_eq!(
            result["probes"].as_array().unwrap().len(),
            controllers.len()
        );
        assert_eq!(result["probes"][0]["up"], true);
    }
    let wrong = world.path("wrong.toml");
    fs::write(&wrong, "listen = 1\n").unwrap();
    let ran = run(&["config", "check", wrong.to_str().unwrap(), "--json"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    let result = ran.json();
    assert_eq!(result["valid"], false);
    assert_eq!(result["errors"][0]["line"], 1);
    let message = result["errors"][0]["message"].as_str().unwrap();
    assert!(message.starts_with("`listen` has to be"), "{message}");
}

#[test]
fn unknown_log_level_is_a_usage_error() {
    for level in ["verbose", "roamd_server=loud"] {
        let mut command = roamd(&["config", "init"]);
        let output = command.env("ROAMD_LOG", level).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{level}");
        assert_eq!(output.stdout, b"");
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(
            error.starts_with("roamd: ROAMD_LOG cannot be used"),
            "{error}"
        );
    }
}

#[test]
fn commands_read_the_default_configuration() {
    // The file may exist on the machine of the test, so the help has to name it.
    for command in [
        &["serve"][..],
        &["healthcheck"],
        &["audit"],
        &["farm", "probe"],
    ] {
        let help = run(&[command, &["--help"]].concat());
        let default = "[default: /etc/roamd/roamd.toml]";
        assert!(help.out.contains(default), "{command:?}: {}", help.out);
    }
}
