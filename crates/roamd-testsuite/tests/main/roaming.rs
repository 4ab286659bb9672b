//! The roaming policy of a store (SS-71), on the demo world.

use std::net::Ipv4Addr;

use roamd_store_proto::EnumerationStatus;
use roamd_testsuite::{Options, SignedIn, TestEnvironment, session_params, sign_in};

use crate::support::{assert_rejected, success};

const ACTIVE: &str = "<includeActiveSessions>true</includeActiveSessions>";

/// Addresses of clients, and the exceptions that name them.
const DISCONNECTED_ONLY: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 3);
const SAME_ENDPOINT_ONLY: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 4);
const BY_NETWORK: &str = r#"
[[store.roaming.exception]]
networks = ["127.0.0.3"]
sessions = "disconnected_only"
[[store.roaming.exception]]
networks = ["127.0.0.4"]
sessions = "same_endpoint_only"
"#;

/// SID of the group of all users of the demo world.
const ALL_USERS: &str = "S-1-5-21-759580046-1024864471-3756456427-513";

/// SID of a group that has no members.
const NO_USERS: &str = "S-1-5-21-10-20-30-1200";

async fn env(store: &str) -> TestEnvironment {
    TestEnvironment::start(Options {
        store: store.to_owned(),
        ..Options::default()
    })
    .await
}

/// The same user at a client with this address.
fn at(user: &SignedIn, address: Ipv4Addr) -> SignedIn {
    SignedIn {
        server: user.server.from(address),
        ..user.clone()
    }
}

/// SS-71
#[tokio::test]
async fn policy_decides_which_sessions_are_listed() {
    for (policy, expected) in [
        ("disconnected_only", &["XA1.MSPaint", "CVAD.Excel"][..]),
        ("same_endpoint_only", &[]),
    ] {
        let env = env(&format!("[store.roaming]\nsessions = \"{policy}\"")).await;
        let alice = sign_in(&env, "alice", "roam-demo").await;
        let before = env.sessions("alice");
        for extra in ["", ACTIVE] {
            let state = alice.state("DESK-C", extra).await.unwrap();
            assert_eq!(state.enumeration, EnumerationStatus::Full);
            let listed = state.sessions.into_iter().map(|it| it.resource_id);
            assert_eq!(listed.collect::<Vec<_>>(), expected, "{policy} {extra}");
        }
        assert_eq!(
            env.sessions("alice"),
            before,
            "no farm disconnects: {policy}"
        );
    }
}

/// SS-71
#[tokio::test]
async fn session_that_is_not_offered_is_not_launched_by_its_id() {
    let env = env(BY_NETWORK).await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    // CVAD lists active sessions without disconnecting them.
    let word = alice.launch_url("DESK-C", ACTIVE, "CVAD.Word").await;
    let excel = alice.launch_url("DESK-C", ACTIVE, "CVAD.Excel").await;
    let cautious = at(&alice, DISCONNECTED_ONLY);
    assert_rejected(&cautious.launch(&word, "DESK-C").await, 404, "active");
    success(&cautious.launch(&excel, "DESK-C").await);
    let fixed = at(&alice, SAME_ENDPOINT_ONLY);
    for url in [&word, &excel] {
        assert_rejected(&fixed.launch(url, "DESK-C").await, 404, url);
    }
    success(&alice.launch(&word, "DESK-C").await);
}

/// SS-71
#[tokio::test]
async fn policy_allows_the_end_of_own_sessions() {
    let env = env(BY_NETWORK).await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let fixed = at(&alice, SAME_ENDPOINT_ONLY);
    assert_eq!(fixed.end("disconnect", "DESK-A", "").await, "success");
    assert!(
        !env.sessions("alice")
            .iter()
            .any(|it| it.ends_with("DESK-A"))
    );
    assert_eq!(fixed.end("logoff", "DESK-B", "").await, "success");
    assert!(
        !env.sessions("alice")
            .iter()
            .any(|it| it.contains("Win11Desktop"))
    );
}

/// SS-71
#[tokio::test]
async fn exception_matches_network_user_and_group() {
    let everything = ["XA1.MSPaint", "XA1.Notepad", "CVAD.Excel", "CVAD.Word"];
    let disconnected = ["XA1.MSPaint", "CVAD.Excel"];
    for (exception, expected) in [
        (
            "networks = [\"127.0.0.0/29\"]".to_owned(),
            &disconnected[..],
        ),
        ("networks = [\"10.0.0.0/8\"]".to_owned(), &everything),
        (r"users = ['demo\ALICE']".to_owned(), &disconnected),
        (r"users = ['DEMO\bob']".to_owned(), &everything),
        (format!("groups = [\"{ALL_USERS}\"]"), &disconnected),
        (format!("groups = [\"{NO_USERS}\"]"), &everything),
        (
            format!("networks = [\"10.0.0.0/8\"]\ngroups = [\"{ALL_USERS}\"]"),
            &everything,
        ),
    ] {
        let store =
            format!("[[store.roaming.exception]]\n{exception}\nsessions = \"disconnected_only\"");
        let env = env(&store).await;
        let alice = sign_in(&env, "alice", "roam-demo").await;
        let mut listed = alice.resources("DESK-C", ACTIVE).await;
        listed.retain(|id| !id.contains("Desktop"));
        assert_eq!(listed, expected, "{exception}");
    }
}

/// SS-71
#[tokio::test]
async fn hidden_address_evades_no_exception() {
    let env = env(BY_NETWORK).await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let authorization = alice.authorization();
    let headers = [
        ("Authorization", &*authorization),
        ("Accept", "application/vnd.citrix.sessionstate+xml"),
        ("Content-Type", "application/vnd.citrix.sessionparams+xml"),
        ("Via", "1.1 proxy"),
    ];
    let body = session_params("DESK-C", "");
    let path = "/Citrix/Store/sessions/v1/available";
    let response = alice.server.send("POST", path, &headers, body.as_bytes());
    let response = response.await;
    assert_eq!(response.status, 200);
    assert!(
        !response.text().contains("<session "),
        "{}",
        response.text()
    );
}
