//! Tests of `roamd tokens`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::citrixauth_client::{Client, TOKEN, between, token};
use crate::support::{CommandOutput, Running, Server, World, eventually, roamd, run};

const STORE: &str = "store:/Citrix/Store";

pub(crate) fn revoke(config: &str, user: &str, more: &[&str]) -> CommandOutput {
    let args = ["tokens", "revoke", "--user", user, "--config", config];
    let ran = run(&[&args[..], more].concat());
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:?}");
    ran
}

fn audit_lines(world: &World, event: &str) -> Vec<String> {
    let audit = fs::read_to_string(world.path("state").join("audit.jsonl")).unwrap();
    let named = format!("\"event\":\"{event}\"");
    let lines = audit.lines().filter(|line| line.contains(&named));
    lines.map(str::to_owned).collect()
}

#[test]
fn revoked_user_is_signed_out_everywhere_and_others_are_not() {
    let Running {
        world,
        config,
        listen,
        farm,
        server,
    } = Running::start();
    let serve = || Server::start(&mut roamd(&["serve", "--config", &config]), 1);
    let client = Client(listen);
    let sign_in = |user| token(&client.log_on_as(&client.begin(), user, "roam-demo"));
    let store_token = |primary: &str| token(&client.request(TOKEN, primary, STORE));
    let [alice, bob] = ["alice", "bob"].map(sign_in);
    let [of_alice, of_bob] = [&alice, &bob].map(|primary| store_token(primary));
    assert_eq!(client.reason(&of_alice), None);

    // Any spelling of the account, while the server runs.
    let ran = revoke(&config, r"demo\ALICE", &[]);
    assert!(
        ran.out.contains(r"All sign-ins of demo\alice up to 2"),
        "{ran:?}"
    );
    for absent in ["refused", "block"] {
        assert!(!ran.out.contains(absent), "{ran:?}");
    }
    let reason = eventually("the token still works", || client.reason(&of_alice));
    assert_eq!(reason, "expired");
    let exchanged = client.request(TOKEN, &alice, STORE);
    assert_eq!(between(&exchanged, "reason=\"", "\""), "expired");
    assert_eq!(client.reason(&of_bob), None);
    // The user can sign in again.
    let again = store_token(&sign_in("alice"));
    assert_eq!(client.reason(&again), None);
    let lines = eventually("no line in the audit log", || {
        Some(audit_lines(&world, "tokens-revoked")).filter(|lines| !lines.is_empty())
    });
    assert_eq!(lines.len(), 1, "{lines:?}");
    for part in [r#""user":"demo\\ALICE""#, r#""reason":"operator""#] {
        assert!(lines[0].contains(part), "{lines:?}");
    }

    // While it is stopped, even by SIGKILL. A user that no farm knows is accepted.
    server.kill();
    revoke(&config, r"DEMO\bob", &[]);
    revoke(&config, r"NO-DOMAIN\unknown", &[]);
    let server = serve();
    assert_eq!(client.reason(&of_bob).as_deref(), Some("expired"));
    assert_eq!(client.reason(&of_alice).as_deref(), Some("expired"));
    assert_eq!(client.reason(&again), None);
    server.stop();
    assert_eq!(audit_lines(&world, "tokens-revoked").len(), 3);
    let file = world.path("state").join("revocations");
    let mode = fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    // It holds without the file, and a damaged file stops the start.
    fs::remove_file(&file).unwrap();
    let server = serve();
    assert_eq!(client.reason(&of_bob).as_deref(), Some("expired"));
    server.stop();
    fs::write(&file, "rubbish\n").unwrap();
    let ran = run(&["serve", "--config", &config]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(
        ran.err.contains("revocations:1: not a revocation"),
        "{ran:?}"
    );
    farm.stop();
}

#[test]
fn blocked_user_cannot_sign_in_until_the_block_ends() {
    let running = Running::start();
    let (world, config) = (&running.world, &running.config);
    let client = Client(running.listen.clone());
    let log_on = |user, password| client.log_on_as(&client.begin(), user, password);
    let is_signed_in = |response: &str| response.contains("<token>");
    let alice = token(&client.request(TOKEN, &client.sign_in("roam-demo"), STORE));

    let ran = revoke(config, r"DEMO\alice", &["--block", "1h", "--json"]);
    assert_eq!(ran.json()["user"], r"demo\alice");
    assert!(ran.json()["blocked_until"].is_string(), "{ran:?}");
    eventually("the token still works", || client.reason(&alice));
    // The response is that of a wrong password.
    let blocked = log_on("alice", "roam-demo");
    assert!(!is_signed_in(&blocked), "{blocked}");
    let error = |response: &str| between(response, "<Label><Text>", "</Text>").to_owned();
    assert_eq!(error(&blocked), error(&log_on("alice", "wrong")));
    assert!(is_signed_in(&log_on("bob", "roam-demo")));
    let refused = audit_lines(world, "sign-in-refused");
    assert!(refused[0].contains(r#""reason":"blocked""#), "{refused:?}");

    // The block ends at its time, and can be ended before.
    let ran = revoke(config, r"DEMO\alice", &["--block", "0h"]);
    assert!(
        ran.out.contains("\nA block of new sign-ins ends"),
        "{ran:?}"
    );
    let response = eventually("still blocked", || {
        Some(log_on("alice", "roam-demo")).filter(|response| is_signed_in(response))
    });
    assert!(response.contains("<token>"));
    running.stop();
}

#[test]
fn sign_ins_of_a_user_are_listed_until_they_end() {
    let running = Running::start();
    let (world, config) = (&running.world, &running.config);
    let client = Client(running.listen.clone());
    let sign_in = |user| token(&client.log_on_as(&client.begin(), user, "roam-demo"));
    let args = [
        "tokens",
        "list",
        "--user",
        r"demo\Alice",
        "--config",
        config,
    ];
    let list = || run(&[&args[..], &["--json"]].concat());
    let tokens = ["alice", "alice", "bob"].map(sign_in);
    let listed = eventually("sign-ins not listed", || {
        Some(list()).filter(|ran| ran.json().as_array().unwrap().len() == 2)
    });
    for (index, sign_in) in listed.json().as_array().unwrap().iter().enumerate() {
        assert_eq!(sign_in["user"], r"DEMO\alice", "{index}");
        assert_eq!(sign_in["address"], "127.0.0.1", "{index}");
        assert!(
            sign_in["since"].as_str() < sign_in["until"].as_str(),
            "{listed:?}"
        );
        assert!(sign_in["until"].as_str() <= sign_in["at_most_until"].as_str());
    }
    assert!(tokens.iter().all(|token| !listed.out.contains(token)));
    assert!(listed.err.contains("The audit log begins at"), "{listed:?}");
    let table = run(&args);
    assert!(table.out.contains("AT MOST UNTIL"), "{table:?}");
    // The running server names its files too.
    let data = world.path("state");
    let by_data = ["tokens", "list", "--user", r"DEMO\alice", "--data"];
    let by_data = [&by_data[..], &[data.to_str().unwrap(), "--json"]].concat();
    assert_eq!(run(&by_data).json(), listed.json());

    // A token for a store ends alone, that of a sign-in with the sign-in.
    let store = token(&client.request(TOKEN, &tokens[0], STORE));
    client.destroy(&tokens[1], &store);
    client.destroy(&tokens[0], &tokens[0]);
    let first = listed.json()[0]["id"].clone();
    let left = eventually("the ended sign-in is listed", || {
        let left = list().json();
        Some(left).filter(|left| left.as_array().unwrap().len() == 1)
    });
    assert_ne!(left[0]["id"], first);
    revoke(config, r"DEMO\alice", &[]);
    assert_eq!(list().out.trim(), "[]");

    let text = fs::read_to_string(config).unwrap();
    fs::write(config, format!("{text}\n[audit]\nenabled = false\n")).unwrap();
    let off = list();
    assert_eq!((off.code, off.out.as_str()), (2, ""), "{off:?}");
    assert!(
        off.err.contains("in the audit log only, which is off"),
        "{off:?}"
    );
    running.stop();
}
