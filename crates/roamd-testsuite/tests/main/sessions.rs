//! The Sessions Service on the demo world (sessions-service.md §4, §5).

use roamd_store_proto::Enumeration;
use roamd_testsuite::{Site, sign_in};

const ACTIVE: &str = "<includeActiveSessions>true</includeActiveSessions>";
const APPS: &str = "<appSessionsOnly>true</appSessionsOnly>";

#[tokio::test]
async fn disconnected_sessions_are_listed_from_every_farm() {
    // SS-28, SS-30, SS-34
    let site = Site::demo().await;
    let alice = sign_in(&site, "alice", "roam-demo").await;
    let before = site.sessions("alice");
    let state = alice.state("DESK-C", "").await.unwrap();
    assert_eq!(state.enumeration, Enumeration::Full);
    let ids: Vec<_> = state
        .sessions
        .iter()
        .map(|s| s.resource_id.as_str())
        .collect();
    assert_eq!(ids, ["XA1.MSPaint", "CVAD.Excel"]);
    assert_eq!(site.sessions("alice"), before);
    let carol = sign_in(&site, "carol", "roam-demo").await;
    assert!(carol.resources("DESK-C", "").await.is_empty());
}

#[tokio::test]
async fn listing_active_sessions_takes_them_from_farms_before_7_only() {
    // SS-29
    let site = Site::demo().await;
    let alice = sign_in(&site, "alice", "roam-demo").await;
    let listed = alice.resources("DESK-B", ACTIVE).await;
    assert_eq!(
        listed,
        [
            "XA1.MSPaint",
            "XA1.Notepad",
            "XD5.Win7Desktop",
            "CVAD.Excel",
            "CVAD.Word"
        ],
        "Win11Desktop is connected from here (SS-31)"
    );
    assert_eq!(
        site.sessions("alice"),
        [
            "XA1 MSPaint disconnected -",
            "XA1 Notepad disconnected -",
            "XD5 Win7Desktop disconnected -",
            "CVAD Excel disconnected -",
            "CVAD Word active DESK-A",
            "CVAD Win11Desktop active DESK-B",
        ]
    );
}

#[tokio::test]
async fn applications_only_leaves_old_desktop_farms_alone() {
    // SS-33, SS-35
    let site = Site::demo().await;
    let alice = sign_in(&site, "alice", "roam-demo").await;
    let listed = alice.resources("DESK-C", &format!("{ACTIVE}{APPS}")).await;
    assert_eq!(
        listed,
        ["XA1.MSPaint", "XA1.Notepad", "CVAD.Excel", "CVAD.Word"]
    );
    let desktop = site
        .sessions("alice")
        .into_iter()
        .find(|s| s.contains("Win7"))
        .unwrap();
    assert_eq!(desktop, "XD5 Win7Desktop active DESK-A");
}
