//! Tables of operators on terminals of 40 to 200 columns.

use std::fs;

use roamd_testkit::{FarmConfig, ServerConfig, StoreConfig, closed_url};
use serde_json::json;

use crate::citrixauth_client::Client;
use crate::support::{
    Running, Server, World, eventually, on_a_terminal_of, roamd, server_config, unused_address,
    write_configuration,
};

/// Returns the width of the widest line.
fn width(text: &str) -> usize {
    let widths = text.lines().map(|line| line.chars().count());
    widths.max().unwrap_or_default()
}

/// Removes what only sets the width of a text.
fn words(text: &str) -> Vec<&str> {
    text.split_whitespace().collect()
}

#[test]
fn status_is_never_wider_than_the_terminal() {
    let running = Running::start();
    let command = roamd(&["status", "--config", &running.config]);
    let narrow = on_a_terminal_of(60, &command, "");
    assert_eq!(narrow.code, 0, "{narrow:?}");
    assert!(width(&narrow.out) <= 60, "{}", narrow.out);
    // Nothing of the fields is left out.
    for part in ["in progress; at", "writes refused", "audit.jsonl:"] {
        let text = words(&narrow.out).join(" ");
        assert!(text.contains(part), "{part}: {}", narrow.out);
    }
    let wide = on_a_terminal_of(200, &command, "");
    assert!(width(&wide.out) <= 200, "{}", wide.out);
    assert!(wide.out.lines().count() < narrow.out.lines().count());
    running.stop();
}

#[test]
fn audit_is_never_wider_than_the_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    let line = json!({
        "time": "2026-11-29T08:30:00.123456Z",
        "request": "00000000000000ab",
        "event": "disconnect",
        "user": r"EXAMPLE\ada",
        "address": "192.0.2.7",
        "outcome": "partial",
        "farms": [
            { "farm": "XA1", "outcome": "confirmed" },
            { "farm": "XD5", "outcome": "refused", "error_id": "unspecified" },
        ],
    });
    fs::write(&path, format!("{line}\n")).unwrap();
    let command = roamd(&["audit", "--file", path.to_str().unwrap()]);
    let narrow = on_a_terminal_of(60, &command, "");
    assert_eq!(
        narrow.out,
        r"TIME (UTC)           EVENT       USER         CLIENT
    RESULT  DETAILS
2026-11-29 08:30:00  disconnect  EXAMPLE\ada  192.0.2.7
    partial  farms=XA1:confirmed,XD5:refused:unspecified
    request=00000000000000ab
"
    );
    let middle = on_a_terminal_of(80, &command, "");
    assert_eq!(
        middle.out,
        r"TIME (UTC)           EVENT       USER         CLIENT     RESULT
    DETAILS
2026-11-29 08:30:00  disconnect  EXAMPLE\ada  192.0.2.7  partial
    farms=XA1:confirmed,XD5:refused:unspecified request=00000000000000ab
"
    );
    let wide = on_a_terminal_of(200, &command, "");
    assert_eq!(wide.out.lines().count(), 2, "{wide:?}");
    assert!(width(&wide.out) > 80, "{wide:?}");
    // A pipe has no width.
    let piped = crate::support::run(&["audit", "--file", path.to_str().unwrap()]);
    assert_eq!(piped.out, wide.out);
    let wide = roamd(&["audit", "--file", path.to_str().unwrap(), "-o", "wide"]);
    assert_eq!(on_a_terminal_of(60, &wide, "").out, piped.out);
}

/// What an operator asks for is whole at every width: ids, states, addresses, times and reasons.
#[test]
fn tables_keep_what_was_asked_for_at_every_width() {
    let world = World::new();
    let farm = Server::farm(&world, "CVAD");
    let listen = unused_address();
    let farms = [
        ("CVAD", "cvad-7", format!("http://{}", farm.address())),
        ("DOWN", "xenapp-6", closed_url()),
    ];
    let farms = farms.map(|(id, generation, url)| FarmConfig {
        generation,
        ..FarmConfig::new(id, url)
    });
    let store = StoreConfig::new("/Citrix/Store", farms);
    let config = ServerConfig {
        lines: "probe_seconds = 1".to_owned(),
        ..server_config(&world, &listen, vec![store])
    };
    let config = write_configuration(&world, &config);
    let server = Server::start(&mut roamd(&["serve", "--config", &config]), 1);
    let client = Client(listen);
    client.log_on_as(&client.begin(), "alice", "roam-demo");
    client.log_on_as(&client.begin(), "alice", "wrong");
    let user = ["--user", r"DEMO\alice", "--config", &config];
    let tokens = [&["tokens", "list"], &user[..]].concat();
    eventually("no sign-in", || {
        (!crate::support::run(&tokens).out.is_empty()).then_some(())
    });
    eventually("the controller is not bypassed", || {
        let status = crate::support::run(&["status", "--config", &config]);
        status.out.contains("bypassed").then_some(())
    });
    let url = server.url().to_owned();
    let address = farm.address().to_owned();
    let explain = [
        "sessions",
        "explain",
        "--store",
        &url,
        "--user",
        r"DEMO\alice",
    ];
    let sessions = ["farm", "session", "list", "--data", world.data()];
    let probe = ["farm", "probe", "--config", &config];
    let status = ["status", "--config", &config];
    let throttle = [&["throttle", "show", "--address", "127.0.0.1"], &user[..]].concat();
    let cases: [(&[&str], &[&str]); 6] = [
        (&probe, &["DOWN", "no", "refused", &address]),
        (&tokens, &["127.0.0.1", "Z"]),
        (&explain, &["not asked", "failed", "Excel"]),
        (
            &sessions,
            &["CVAD", r"DEMO\alice", "disconnected", "40211", "1"],
        ),
        (&status, &["bypassed", "in use", "refused", &address]),
        (&throttle, &["unknown", "now", "3"]),
    ];
    for (args, parts) in cases {
        // Messages beside the table have a width of their own.
        let mut command = roamd(&[&["--quiet"], args].concat());
        command.env("ROAMD_PASSWORD", "roam-demo");
        for columns in [40, 60, 80, 200] {
            let ran = on_a_terminal_of(columns, &command, "");
            assert!(width(&ran.out) <= columns.into(), "{columns}: {}", ran.out);
            let text = words(&ran.out).join(" ");
            for part in parts {
                assert!(text.contains(part), "{columns} {part}: {}", ran.out);
            }
        }
        let csv = crate::support::CommandOutput::of(command.args(["-o", "csv"]).output().unwrap());
        assert!(csv.out.lines().count() > 1, "{args:?}: {csv:?}");
    }
    server.stop();
    farm.stop();
}
