//! Tests of `roamd keys`.

use std::fs::{self, Permissions};
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;

use crate::support::{CommandOutput, Server, World, configuration, roamd, run, unused_address};

fn keys(command: &str, data: &str) -> CommandOutput {
    run(&["keys", command, "--data", data, "--json"])
}

fn roles(ran: &CommandOutput) -> Vec<String> {
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:?}");
    ran.column("", "role")
}

#[test]
fn keys_are_created_rotated_and_listed_without_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("state");
    let data = data.to_str().unwrap();
    for (command, expected) in [
        (
            "list",
            "are in etcd, so name the configuration of the server with `--config`",
        ),
        ("rotate", "cannot use the key file"),
    ] {
        let ran = keys(command, data);
        assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{command}");
        assert!(ran.err.contains(expected), "{}", ran.err);
    }
    assert_eq!(roles(&keys("new", data)), ["seals"]);
    let again = keys("new", data);
    assert_eq!(again.code, 1);
    assert!(again.err.contains("roamd keys rotate"), "{}", again.err);

    let rotated = keys("rotate", data);
    assert_eq!(roles(&rotated), ["opens", "seals"]);
    let listed = keys("list", data);
    assert_eq!(listed.json()[1]["id"], rotated.json()[1]["id"]);
    let created = listed.json()[0]["created"].as_str().unwrap().to_owned();
    assert!(created.ends_with('Z'), "{created}");
    assert!(listed.json()[0]["age_seconds"].as_i64().unwrap() < 60);

    let table = run(&["keys", "list", "--data", data]).out;
    assert!(table.starts_with("ID "), "{table}");
    assert_eq!(table.lines().count(), 3, "{table}");
    let file = format!("{data}/keys");
    let text = fs::read_to_string(&file).unwrap();
    for secret in text.lines().map(|line| line.rsplit(' ').next().unwrap()) {
        assert_eq!(secret.len(), 44, "32 bytes in Base64");
        for shown in [&table, &listed.out, &rotated.out] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }

    fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
    for command in ["list", "rotate"] {
        let ran = keys(command, data);
        assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{command}");
        assert!(ran.err.contains("chmod 600"), "{}", ran.err);
    }
    let ran = run(&[
        "keys",
        "rotate",
        "--data",
        data,
        "--token-lifetime-max",
        "1d",
    ]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("1.00:00:00"), "{}", ran.err);
}

/// The folder of a demo is that of its farms, and its server has the keys.
#[test]
fn keys_of_a_demo_are_found_and_farms_have_none() {
    let world = World::new();
    for command in ["new", "list", "rotate"] {
        let ran = keys(command, world.data());
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{command}: {ran:?}");
        assert!(ran.err.contains("farms, which have no keys"), "{ran:?}");
    }
    Server::demo(&world).stop();
    assert_eq!(roles(&keys("list", world.data())), ["seals"]);
    let rotate = [
        "keys",
        "rotate",
        "--data",
        world.data(),
        "--reason",
        "yearly",
    ];
    assert_eq!(run(&rotate).code, 0);
    let audit = fs::read_to_string(format!("{}/server/audit.jsonl", world.data())).unwrap();
    let last = audit.lines().last().unwrap();
    for part in [
        r#""command":"keys rotate","object":"key "#,
        r#""note":"yearly""#,
    ] {
        assert!(last.contains(part), "{audit}");
    }
}

#[test]
fn running_server_loads_new_key() {
    let world = World::new();
    let farm = Server::farm(&world, "CVAD");
    let listen = unused_address();
    let config = configuration(&world, &listen, &[("CVAD", "cvad-7", farm.address())]);
    let (read, write) = std::io::pipe().unwrap();
    let mut command = roamd(&["serve", "--config", &config]);
    let server = Server::start_with_logs(&mut command, 1, write);
    drop(command);
    let data = world.path("state");
    let data = data.to_str().unwrap();
    assert_eq!(roles(&keys("list", data)), ["seals"]);
    assert_eq!(roles(&keys("rotate", data)), ["opens", "seals"]);
    let mut lines = BufReader::new(read).lines().map(Result::unwrap);
    let line = lines.find(|line| line.contains("Keys reloaded")).unwrap();
    assert!(line.contains("\"keys\":2"), "{line}");
    let list = server.alice(&["list", "--json"]);
    assert_eq!(list.code, 0, "{list:?}");
    server.stop();
    farm.stop();
}
