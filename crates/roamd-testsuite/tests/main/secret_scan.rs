//! Tests of the secret scan itself: that it covers what a test environment logs and writes, and
//! that it finds a secret. All other tests of this suite use it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use roamd_farm::World;
use roamd_store_proto::LaunchData;
use roamd_testsuite::{Options, TestEnvironment, TokenService, expect_logged, is_logged, sign_in};
use secrecy::{ExposeSecret, SecretString};

const PASSWORD: &str = "Planted-Password-7731";
const WRONG: &str = "Planted-Mistake-9942";

/// Texts of log lines that the operations below cause.
const LOGGED: [&str; 5] = [
    "User signed in",
    "Login refused",
    "End of sessions requested",
    "Farm call ended",
    "Logged where it may block",
];

#[tokio::test]
async fn secret_scan_covers_logs_and_files_of_server_and_farms() {
    expect_logged(&LOGGED);
    let mut world = World::demo();
    world.domains[0].users[0].password = SecretString::from(PASSWORD);
    let env = TestEnvironment::start(Options {
        world,
        ..Options::default()
    })
    .await;
    let alice = sign_in(&env, "alice", PASSWORD).await;
    let service = TokenService::discover(env.server).await;
    let refused = service.begin().await;
    let again = refused.attempt("alice", WRONG, Some("DEMO")).await;
    assert!(!again.text().contains(WRONG), "CA-71");
    let mut tickets = Vec::new();
    for resource in ["XA1.MSPaint", "CVAD.Excel"] {
        let url = alice.launch_url("DESK-C", "", resource).await;
        let response = alice.launch(&url, "DESK-C").await;
        let Ok(LaunchData::Success {
            ica,
            logon_ticket: Some(ticket),
        }) = LaunchData::from_xml(&response.body)
        else {
            panic!("{}", response.text());
        };
        env.farms
            .connect(ica.expose_secret(), jiff::Timestamp::now())
            .unwrap();
        tickets.push(ticket.expose_secret().to_owned());
    }
    let active = "<includeActiveSessions>true</includeActiveSessions>";
    assert!(!alice.resources("DESK-D", active).await.is_empty());
    let given_back: String = tickets
        .iter()
        .map(|ticket| format!("<ticket>{ticket}</ticket>"))
        .collect();
    let given_back = format!("<tickets>{given_back}</tickets>");
    assert_eq!(
        alice.end("disconnect", "DESK-C", &given_back).await,
        "success"
    );
    assert_eq!(alice.end("logoff", "DESK-C", "").await, "success");

    // The audit log, with a line for each of these operations, is one of the scanned files.
    let lines = env.audit().new_lines(&alice).await;
    assert!(lines.len() >= 7, "{lines:#?}");
    let metrics = env.server.send("GET", "/metrics", &[], b"").await;

    for secret in [PASSWORD, WRONG, &alice.token, &alice.primary, &tickets[0]] {
        assert!(!metrics.text().contains(secret), "a secret is in a metric");
    }

    let elsewhere = tokio::task::spawn_blocking(|| tracing::trace!("Logged where it may block"));
    elsewhere.await.unwrap();
    for line in LOGGED {
        assert!(is_logged(line), "{line}");
    }
}

#[tokio::test]
async fn written_secret_is_found() {
    let leaks: [fn(&TestEnvironment, &str); 3] = [
        |env, secret| std::fs::write(env.server_dir().join("a file"), secret).unwrap(),
        |env, secret| std::fs::write(env.farm_dir().join("a file"), secret).unwrap(),
        |_, secret| tracing::trace!("{secret}"),
    ];
    for leak in leaks {
        let env = TestEnvironment::demo().await;
        let alice = sign_in(&env, "alice", "roam-demo").await;
        leak(&env, &alice.token);
        assert!(catch_unwind(AssertUnwindSafe(|| drop(env))).is_err());
    }
}
