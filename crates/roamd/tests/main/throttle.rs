//! `roamd throttle show`: its figures.

use serde_json::Value;

use crate::citrixauth_client::Client;
use crate::support::{CommandOutput, Running, eventually, run};

fn throttle(running: &Running, args: &[&str]) -> CommandOutput {
    run(&[&["throttle"], args, &["--config", &running.config]].concat())
}

/// A user without a known network is held back, and is no longer after a reset.
#[test]
fn reset_user_is_not_counted_as_held_back() {
    let running = Running::start();
    let client = Client(running.listen.clone());
    let held_back = || {
        let shown = throttle(&running, &["show", "--json"]).json();
        shown["held_back"]["in_unknown_networks"].as_u64().unwrap()
    };
    eventually("no user is held back", || {
        client.log_on_as(&client.begin(), "alice", "wrong");
        (held_back() == 1).then_some(())
    });
    let reset = throttle(&running, &["reset", "--user", r"DEMO\alice"]);
    assert_eq!(reset.code, 0, "{reset:?}");
    assert_eq!(held_back(), 0);
    running.stop();
}

/// The throttle counts an attempt before the check, and takes it back if the password was right.
#[test]
fn figures_are_those_of_failed_attempts() {
    let running = Running::start();
    let client = Client(running.listen.clone());
    let show = ["show", "--user", r"DEMO\alice", "--address", "127.0.0.1"];
    let known = || {
        let shown = throttle(&running, &[&show[..], &["--json"]].concat()).json();
        let budgets = shown["budgets"].as_array().unwrap().clone();
        budgets
            .into_iter()
            .find(|it| it["budget"] == "known-network")
    };
    client.log_on_as(&client.begin(), "alice", "roam-demo");
    client.log_on_as(&client.begin(), "alice", "roam-demo");
    let budget = eventually("the network is not known", known);
    assert_eq!(
        (&budget["attempts"], &budget["last"]),
        (&0.into(), &Value::Null)
    );
    let left = |text: &str| {
        let row = text.lines().find(|line| line.contains("known network "));
        let cells = row.unwrap().split("  ").map(str::trim);
        let cells: Vec<_> = cells.filter(|it| !it.is_empty()).collect();
        (cells[1].to_owned(), cells[2].to_owned())
    };
    let free = budget["free"].as_u64().unwrap();
    let table = throttle(&running, &show);
    assert!(table.out.contains("LEFT WITHOUT DELAY"), "{table:?}");
    assert_eq!(left(&table.out), ("0".to_owned(), free.to_string()));
    client.log_on_as(&client.begin(), "alice", "wrong");
    let table = throttle(&running, &show);
    assert_eq!(left(&table.out), ("1".to_owned(), (free - 1).to_string()));
    assert_eq!(table.err, "");
    // Without an address, the known networks are not shown, which the command says.
    let without = throttle(&running, &show[..3]);
    assert!(!without.out.contains("known network "), "{without:?}");
    assert!(without.err.contains("name an address"), "{without:?}");
    running.stop();
}
