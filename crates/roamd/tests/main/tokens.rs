//! Tests of `roamd tokens`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use crate::citrixauth_client::{Client, TOKEN, between, token};
use crate::support::{
    CommandOutput, Running, Server, World, configuration, entries, eventually, on_a_terminal_of,
    roamd, run,
};

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
    let ran = revoke(&config, r"demo\ALICE", &["--reason", "ticket 4711"]);
    assert!(
        ran.out.contains(r"All sign-ins of demo\ALICE up to 2"),
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
    for part in [
        r#""user":"demo\\ALICE""#,
        r#""reason":"operator""#,
        r#""operator":""#,
        &format!(r#""operator_id":{}"#, rustix::process::geteuid().as_raw()),
        r#""note":"ticket 4711""#,
    ] {
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
    assert_eq!(ran.json()["user"], r"DEMO\alice");
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

    // Operators see the block, whatever form of the account they name.
    let tokens = |args: &[&str]| run(&[&["tokens"], args, &["--config", config]].concat());
    for user in [r"DEMO\alice", "alice@demo.test"] {
        let listed = tokens(&["list", "--user", user]);
        let sentence = format!("New sign-ins of {user} are refused until 2");
        assert!(listed.err.contains(&sentence), "{listed:?}");
        let json = tokens(&["list", "--user", user, "--json"]).json();
        assert_eq!(json["blocked_until"], ran.json()["blocked_until"]);
        let shown = ["throttle", "show", "--user", user, "--config", config];
        let shown = run(&shown);
        assert!(
            shown.err.contains("of the user are refused until 2"),
            "{shown:?}"
        );
    }
    let bob = tokens(&["list", "--user", r"DEMO\bob", "--json"]).json();
    assert_eq!(bob["blocked_until"], Value::Null);
    let blocks = tokens(&["blocks", "--json"]);
    assert_eq!(blocks.column("", "user"), [r"DEMO\alice"]);

    // The block ends at its time, and can be ended before, without another end of sign-ins.
    let bob = token(&client.request(TOKEN, &token(&log_on("bob", "roam-demo")), STORE));
    let unblock = ["unblock", "--user", r"DEMO\alice", "--reason", "found"];
    let ran = tokens(&unblock);
    let sentence = "DEMO\\alice can sign in again.\n";
    assert!(ran.out.starts_with(sentence), "{ran:?}");
    let again = tokens(&unblock);
    assert!(again.err.contains("is not blocked"), "{again:?}");
    assert_eq!(tokens(&["blocks", "--json"]).out.trim(), "[]");
    let unblocked = audit_lines(world, "operator-command");
    assert_eq!(unblocked.len(), 1, "{unblocked:?}");
    for part in [r#""command":"tokens unblock""#, r#""note":"found""#] {
        assert!(unblocked[0].contains(part), "{unblocked:?}");
    }
    let response = eventually("still blocked", || {
        Some(log_on("alice", "roam-demo")).filter(|response| is_signed_in(response))
    });
    assert!(response.contains("<token>"));
    assert_eq!(client.reason(&bob), None);
    running.stop();
}

/// A wrong `data_dir` has no server, which would never apply the decision.
#[test]
fn folder_without_a_server_is_refused_and_not_created() {
    let world = World::new();
    let config = configuration(&world, "127.0.0.1:1", &[("CVAD", "cvad-7", "127.0.0.1:9")]);
    let data = world.path("state");
    let user = ["--user", r"DEMO\alice"];
    let refused = |args: &[&str]| {
        let ran = run(&[&["tokens"], args, &["--config", &config]].concat());
        assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{args:?}: {ran:?}");
        let text = format!("{} is not the data folder of a server", data.display());
        assert!(ran.err.contains(&text), "{args:?}: {ran:?}");
    };
    let [revoke, block] = [&["revoke"][..], &["revoke", "--block", "1h"]];
    let dry_run = ["revoke", "--dry-run"];
    let of_a_user = [revoke, block, &dry_run, &["unblock"], &["list"]];
    for args in of_a_user {
        refused(&[args, &user].concat());
        assert!(!data.exists(), "{args:?}");
    }
    refused(&["blocks"]);
    // One that is there, but is another folder.
    fs::create_dir(&data).unwrap();
    refused(&[revoke, &user].concat());
    assert_eq!(entries(&data), [""; 0]);
}

#[test]
fn revocation_asks_on_a_terminal_and_a_dry_run_ends_nothing() {
    let running = Running::start();
    let client = Client(running.listen.clone());
    let alice = token(&client.request(TOKEN, &client.sign_in("roam-demo"), STORE));
    let user = ["tokens", "revoke", "--user", r"DEMO\alice"];
    let revoke = [&user[..], &["--config", &running.config]].concat();
    let dry = run(&[&revoke[..], &["--dry-run", "--block", "90m"]].concat());
    assert_eq!(
        dry.out,
        "Would end all sign-ins of DEMO\\alice up to now, with their tokens, and new ones are \
         refused for 90 minutes.\n"
    );
    let refused = on_a_terminal_of(80, &roamd(&revoke), "n\n");
    assert_eq!(refused.code, 1, "{refused:?}");
    for part in [
        "This ends all sign-ins of DEMO\\alice",
        "nothing was changed",
    ] {
        assert!(refused.out.contains(part), "{refused:?}");
    }
    assert_eq!(client.reason(&alice), None);
    assert_eq!(audit_lines(&running.world, "tokens-revoked"), [""; 0]);
    let agreed = on_a_terminal_of(80, &roamd(&revoke), "y\n");
    assert_eq!(agreed.code, 0, "{agreed:?}");
    eventually("the token still works", || client.reason(&alice));
    running.stop();
}

/// The audit log has the account as the farm names it, not every name of the user.
#[test]
fn sign_ins_are_found_by_a_principal_name_or_its_form_is_named() {
    let running = Running::start();
    let client = Client(running.listen.clone());
    client.sign_in("roam-demo");
    let list = |user| {
        let list = [
            "tokens",
            "list",
            "--user",
            user,
            "--config",
            &running.config,
        ];
        run(&list)
    };
    let found = eventually("no sign-in", || {
        Some(list("alice@demo.example")).filter(|ran| !ran.out.is_empty())
    });
    assert!(found.out.contains("127.0.0.1"), "{found:?}");
    let other = list("alice@example.com");
    assert_eq!(other.out, "", "{other:?}");
    assert!(
        other.err.contains(r"has sign-ins of DEMO\alice; name that"),
        "{other:?}"
    );
    running.stop();
}

/// Returns the sign-ins of a list as JSON.
fn sign_ins(list: &Value) -> Vec<Value> {
    list["sign_ins"].as_array().unwrap().clone()
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
        Some(list()).filter(|ran| sign_ins(&ran.json()).len() == 2)
    });
    for (index, sign_in) in sign_ins(&listed.json()).iter().enumerate() {
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
    assert!(table.out.starts_with("SINCE"), "{table:?}");
    let wide = run(&[&args[..], &["-o", "wide"]].concat());
    assert!(wide.out.contains("AT MOST UNTIL"), "{wide:?}");
    let csv = run(&[&args[..], &["-o", "csv"]].concat());
    let header = "user,since,from,also_used_from,until,idle_end,at_most_until,sign-in\n";
    assert!(csv.out.starts_with(header), "{csv:?}");
    // The running server names its files too.
    let data = world.path("state");
    let by_data = ["tokens", "list", "--user", r"DEMO\alice", "--data"];
    let by_data = [&by_data[..], &[data.to_str().unwrap(), "--json"]].concat();
    assert_eq!(run(&by_data).json(), listed.json());

    // A token for a store ends alone, that of a sign-in with the sign-in.
    let store = token(&client.request(TOKEN, &tokens[0], STORE));
    client.destroy(&tokens[1], &store);
    client.destroy(&tokens[0], &tokens[0]);
    let first = sign_ins(&listed.json())[0]["id"].clone();
    let left = eventually("the ended sign-in is listed", || {
        let left = sign_ins(&list().json());
        Some(left).filter(|left| left.len() == 1)
    });
    assert_ne!(left[0]["id"], first);
    revoke(config, r"DEMO\alice", &[]);
    assert_eq!(sign_ins(&list().json()), [Value::Null; 0]);

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
