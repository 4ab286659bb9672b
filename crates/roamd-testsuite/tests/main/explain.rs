//! `sessions/v1/explain` on farms of three generations (SS-72).

use roamd_store_proto::SessionExplanation;
use roamd_testsuite::{Options, SignedIn, TestEnvironment, sign_in};

use crate::support::assert_rejected;

const EXPLAIN: &str = "/Citrix/Store/sessions/v1/explain";

pub(crate) async fn explain(user: &SignedIn, query: &str) -> SessionExplanation {
    let response = user.get(&format!("{EXPLAIN}?{query}")).await;
    assert_eq!(response.status, 200, "{}", response.text());
    assert_eq!(response.header("content-type"), Some("application/json"));
    let caching = response.header("cache-control").unwrap();
    assert!(caching.contains("no-store"), "{caching}");
    assert!(!response.text().contains("roam-demo"));
    SessionExplanation::from_json(&response.body).unwrap()
}

/// Reasons of each farm, for disconnected and for active sessions, and whether it was asked.
fn questions(explained: &SessionExplanation) -> Vec<String> {
    let farms = explained.farms.iter().map(|farm| {
        let kinds = [&farm.disconnected, &farm.active].map(|kind| {
            let asked = if kind.asked { "asked" } else { "not" };
            let list = if kind.list_asks { "" } else { " at all" };
            format!("{} ({asked}{list})", kind.reason)
        });
        format!("{}: {}, {}", farm.id, kinds[0], kinds[1])
    });
    farms.collect()
}

/// Sessions of all farms, each with its reason.
fn sessions(explained: &SessionExplanation) -> Vec<String> {
    let of_farm = |farm: &roamd_store_proto::ExplainedFarm| {
        let sessions = farm.sessions.iter();
        let lines = sessions.map(|it| format!("{}.{} {}", farm.id, it.name, it.reason));
        lines.collect::<Vec<_>>()
    };
    explained.farms.iter().flat_map(of_farm).collect()
}

/// SS-72
#[tokio::test]
async fn explanation_has_the_reasons_of_each_generation() {
    let env = TestEnvironment::demo().await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let before = env.sessions("alice");

    let explained = explain(&alice, "clientName=DESK-C&includeActiveSessions=true").await;
    assert_eq!(
        questions(&explained),
        [
            "XA1: always (asked), would-disconnect (not)",
            "XD5: always (asked), would-disconnect (not)",
            "CVAD: always (asked), requested (asked)",
        ]
    );
    assert_eq!(
        sessions(&explained),
        [
            "XA1.MSPaint offered",
            "CVAD.Excel offered",
            "CVAD.Word offered",
            "CVAD.Win11Desktop offered",
        ]
    );
    let generations = explained.farms.iter().map(|it| it.generation.as_str());
    assert_eq!(
        generations.collect::<Vec<_>>(),
        ["xenapp-6", "xendesktop-5", "cvad-7"]
    );

    let explained = explain(
        &alice,
        "clientName=DESK-C&includeActiveSessions=true&appSessionsOnly=true",
    )
    .await;
    assert_eq!(
        questions(&explained),
        [
            "XA1: always (asked), would-disconnect (not)",
            "XD5: hosts-desktops (not at all), hosts-desktops (not at all)",
            "CVAD: always (asked), requested (asked)",
        ]
    );
    assert_eq!(
        sessions(&explained),
        [
            "XA1.MSPaint offered",
            "CVAD.Excel offered",
            "CVAD.Word offered",
            "CVAD.Win11Desktop desktop",
        ]
    );

    let explained = explain(&alice, "clientName=DESK-A&deviceId=D").await;
    assert_eq!(
        questions(&explained),
        [
            "XA1: always (asked), not-requested (not at all)",
            "XD5: always (asked), not-requested (not at all)",
            "CVAD: always (asked), not-requested (not at all)",
        ]
    );
    assert_eq!(explained.end_point.identified_by, "deviceId");
    assert_eq!(explained.user, r"DEMO\alice");
    assert_eq!(explained.store, "/Citrix/Store");
    assert_eq!(env.sessions("alice"), before, "no side effect");
}

/// SS-71, SS-72
#[tokio::test]
async fn explanation_names_the_roaming_rule() {
    let options = Options {
        store: "[store.roaming]\nsessions = \"disconnected_only\"\n\
                [[store.roaming.exception]]\nnetworks = [\"127.0.0.4\"]\n\
                sessions = \"same_endpoint_only\""
            .to_owned(),
        farm: |id| match id {
            "XD5" => "legacy_workspace_control = true",
            _ => "",
        },
        ..Options::default()
    };
    let env = TestEnvironment::start(options).await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let query = "clientName=DESK-C&includeActiveSessions=1&appSessionsOnly=1";
    let explained = explain(&alice, query).await;
    let roaming = &explained.roaming;
    assert_eq!(
        (&*roaming.sessions, &*roaming.rule, roaming.exception),
        ("disconnected_only", "store", None)
    );
    assert_eq!(
        questions(&explained),
        [
            "XA1: always (asked), roaming-policy (not at all)",
            "XD5: legacy-workspace-control (asked), roaming-policy (not at all)",
            "CVAD: always (asked), roaming-policy (not at all)",
        ]
    );
    let elsewhere = SignedIn {
        server: alice.server.from([127, 0, 0, 4]),
        ..alice
    };
    let explained = explain(&elsewhere, query).await;
    let roaming = &explained.roaming;
    assert_eq!(
        (&*roaming.sessions, &*roaming.rule, roaming.exception),
        ("same_endpoint_only", "exception", Some(1))
    );
    assert_eq!(explained.enumeration, "full");
    for farm in &explained.farms {
        assert_eq!(farm.disconnected.reason, "roaming-policy");
        assert_eq!(farm.answer.result, "not-asked");
    }
}

/// SS-37, SS-72
#[tokio::test]
async fn failed_farm_is_explained_without_details() {
    let mut env = TestEnvironment::demo().await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    env.stop_farm("CVAD").await;
    let response = alice.get(&format!("{EXPLAIN}?clientName=DESK-C")).await;
    let explained = SessionExplanation::from_json(&response.body).unwrap();
    assert_eq!(explained.enumeration, "partial");
    let answers = explained.farms.iter();
    let answers = answers.map(|it| (it.answer.result.as_str(), it.answer.error.as_deref()));
    assert_eq!(
        answers.collect::<Vec<_>>(),
        [
            ("listed", None),
            ("listed", None),
            ("failed", Some("unavailable"))
        ]
    );
    for (_, address) in &env.controllers {
        let port = format!(":{}", address.port());
        assert!(!response.text().contains(&port), "{}", response.text());
    }
}

/// SS-5, SS-62, SS-72
#[tokio::test]
async fn explanation_is_for_the_user_of_the_token_only() {
    let env = TestEnvironment::demo().await;
    let alice = sign_in(&env, "alice", "roam-demo").await;
    let carol = sign_in(&env, "carol", "roam-demo").await;
    let query = "clientName=DESK-C&includeActiveSessions=true";
    assert_eq!(sessions(&explain(&carol, query).await), [""; 0]);
    let target = format!("{EXPLAIN}?{query}");
    let response = env.server.send("GET", &target, &[], b"").await;
    assert_rejected(&response, 401, "no token");
    for query in ["", "clientName=", "clientName=a&clientName=b"] {
        let response = alice.get(&format!("{EXPLAIN}?{query}")).await;
        assert_rejected(&response, 400, query);
    }
    let xml = [("Accept", "application/vnd.citrix.sessionstate+xml")];
    let response = alice.get_with(&target, &xml).await;
    assert_rejected(&response, 406, "XML");
    let response = alice.post("explain", "*/*", "").await;
    assert_rejected(&response, 405, "POST");
}
