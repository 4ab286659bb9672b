//! Sessions of one user in several browsers, and of several users (web-api.md §10, §14).

use jiff::Timestamp;
use roamd_farm::World;
use roamd_store_proto::SessionExplanation;
use roamd_testsuite::{Options, TestEnvironment};

use super::browser::{
    Browser, assert_challenge, assert_refused, env_with_scripted_farm, json, status_url,
};

/// Starts an application in a browser, and connects it.
async fn start(env: &TestEnvironment, browser: &mut Browser, name: &str) {
    let url = browser.resource(name).await["launchurl"].clone();
    let ica = browser.get(url.as_str().unwrap()).await;
    env.farms.connect(ica.text(), Timestamp::now()).unwrap();
}

/// A world in which alice has no session.
fn without_sessions() -> Options {
    let mut world = World::demo();
    world.sessions.clear();
    Options {
        world,
        ..Options::default()
    }
}

#[tokio::test]
async fn two_browsers_of_one_user_see_each_others_sessions() {
    // WA-97, WA-104
    let env = TestEnvironment::start(without_sessions()).await;
    let mut here = Browser::signed_in(&env, "alice").await;
    let mut there = Browser::signed_in(&env, "alice").await;
    assert_ne!(here.cookies["CtxsDeviceId"], there.cookies["CtxsDeviceId"]);
    start(&env, &mut here, "Excel").await;
    start(&env, &mut there, "Word").await;
    assert_eq!(here.applications().await, ["Word"]);
    assert_eq!(there.applications().await, ["Excel"]);
    // Each ends only what is connected from it.
    let done = here.post("Sessions/Disconnect", "").await;
    assert_eq!(done.text(), "{\"status\":\"success\"}");
    let word = format!("CVAD Word active {}", there.cookies["CtxsDeviceId"]);
    assert_eq!(env.sessions("alice"), ["CVAD Excel disconnected -", &word]);
    assert_eq!(here.applications().await, ["Excel", "Word"]);
    let done = there.post("Sessions/Logoff", "").await;
    assert_eq!(done.text(), "{\"status\":\"success\"}");
    assert_eq!(env.sessions("alice"), ["CVAD Excel disconnected -"]);
    // Nothing is left to do.
    let again = there.post("Sessions/Logoff", "").await;
    assert_eq!(again.text(), "{\"status\":\"success\"}");
    // A lost device id is another client, but in its web session it stays the same.
    let kept = here.cookies.remove("CtxsDeviceId").unwrap();
    start(&env, &mut here, "Notepad").await;
    assert!(
        env.sessions("alice")
            .iter()
            .any(|line| line.ends_with(&kept))
    );
}

#[tokio::test]
async fn kinds_of_sessions_can_be_selected() {
    // WA-93, WA-99
    let env = TestEnvironment::demo().await;
    let mut browser = Browser::signed_in(&env, "alice").await;
    for (body, expected) in [
        (
            "resourceTypes=Citrix.MPS.Desktop",
            "Win7Desktop, Win11Desktop",
        ),
        (
            "resourceTypes=Citrix.MPS.Application",
            "MSPaint, Notepad, Excel, Word",
        ),
        (
            "resourceTypes=other",
            "MSPaint, Notepad, Win7Desktop, Excel, Word, Win11Desktop",
        ),
    ] {
        let listed = json(&browser.post("Sessions/ListAvailable", body).await);
        let names = listed.as_array().unwrap().iter();
        let names: Vec<_> = names.map(|it| it["initialapp"].as_str().unwrap()).collect();
        assert_eq!(names.join(", "), expected, "{body}");
    }
}

/// SS-72
#[tokio::test]
async fn explanation_has_the_reasons_of_the_list() {
    let env = TestEnvironment::demo().await;
    let before = env.sessions("alice");
    let mut browser = Browser::signed_in(&env, "alice").await;
    for (body, expected) in [
        (
            "",
            "MSPaint offered, Excel offered, Word offered, Win11Desktop offered",
        ),
        (
            "resourceTypes=Citrix.MPS.Desktop",
            "MSPaint not-a-desktop, Excel not-a-desktop, Word not-a-desktop, \
             Win11Desktop offered",
        ),
        (
            "resourceTypes=Citrix.MPS.Application",
            "MSPaint offered, Excel offered, Word offered, Win11Desktop desktop",
        ),
    ] {
        let response = browser.post("Sessions/Explain", body).await;
        let explained = SessionExplanation::from_json(&response.body).unwrap();
        let sessions = explained.farms.iter().flat_map(|farm| &farm.sessions);
        let reasons: Vec<_> = sessions
            .map(|it| format!("{} {}", it.name, it.reason))
            .collect();
        assert_eq!(reasons.join(", "), expected, "{body}");
        assert_eq!(explained.farms[0].active.reason, "would-disconnect");
    }
    assert_eq!(env.sessions("alice"), before, "no side effect");
    browser.cookies.remove("CsrfToken").unwrap();
    assert_refused(&browser.post("Sessions/Explain", "").await, 403, "no token");
}

#[tokio::test]
async fn roaming_policy_governs_the_site() {
    // SS-71, WA-93
    for (policy, listed) in [("disconnected_only", 2), ("same_endpoint_only", 0)] {
        let options = Options {
            store: format!("[store.roaming]\nsessions = \"{policy}\""),
            ..Options::default()
        };
        let env = TestEnvironment::start(options).await;
        let before = env.sessions("alice");
        let mut browser = Browser::signed_in(&env, "alice").await;
        let activity = browser.get("Sessions/List").await;
        assert_eq!(
            activity.header("x-roamd-disconnecting-farms"),
            None,
            "{policy}"
        );
        let sessions = browser.sessions().await;
        assert_eq!(sessions.len(), listed, "{policy}");
        assert_eq!(
            env.sessions("alice"),
            before,
            "no farm disconnects: {policy}"
        );
        for (app, url) in sessions {
            assert_eq!(browser.get(&url).await.status, 200, "{app}");
        }
    }
}

#[tokio::test]
async fn ids_of_another_user_reach_no_farm() {
    // WA-78, WA-100
    let (env, farm) = env_with_scripted_farm().await;
    let mut alice = Browser::signed_in(&env, "alice").await;
    let mut bob = Browser::signed_in(&env, "bob").await;
    let of_alice = alice.sessions().await;
    let scripted = of_alice.iter().find(|(app, _)| app == "Ledger").unwrap();
    bob.post("Resources/List", "").await;
    farm.discard_requests();
    let before = env.sessions("alice");
    for (app, url) in &of_alice {
        assert_refused(&bob.post(&status_url(url), "").await, 404, app);
        assert_refused(&bob.get(url).await, 404, app);
        assert_refused(&bob.post(url, "").await, 404, app);
    }
    assert_eq!(farm.requests(), [""; 0]);
    assert_eq!(env.sessions("alice"), before);
    // The id is alice's, so that the table can fail.
    assert_eq!(alice.get(&scripted.1).await.status, 200);
}

#[tokio::test]
async fn unreachable_farms_are_reported_as_far_as_possible() {
    // WA-46, WA-106
    let mut env = TestEnvironment::demo().await;
    let mut browser = Browser::signed_in(&env, "alice").await;
    env.stop_farm("XA1").await;
    for below in ["Sessions/ListAvailable", "Resources/List"] {
        let listed = browser.post(below, "").await;
        assert!(listed.text().contains("Excel"), "{}", listed.text());
        assert_eq!(listed.header("x-roamd-missing-farms"), Some("Farm1"));
    }
    let ended = browser.post("Sessions/Disconnect", "").await;
    assert_eq!(ended.text(), "{\"status\":\"partial\"}");
    env.stop_farm("XD5").await;
    env.stop_farm("CVAD").await;
    let ended = browser.post("Sessions/Disconnect", "").await;
    assert_eq!(ended.text(), "{\"status\":\"failure\"}");
    for below in ["Sessions/ListAvailable", "Resources/List"] {
        let response = browser.post(below, "").await;
        assert_refused(&response, 503, below);
        assert!(response.header("retry-after").is_some());
    }
}

/// Returns what `Sessions/List` says of each session: its application, its state, and whether it is
/// connected from this browser.
async fn activity(browser: &mut Browser) -> Vec<String> {
    let activity = json(&browser.get("Sessions/List").await);
    let device = browser.cookies["CtxsDeviceId"].as_str();
    assert_eq!(activity["deviceId"], device);
    let sessions = activity["sessions"].as_array().unwrap().iter();
    let line = |session: &serde_json::Value| {
        let name = session["applications"][0]["name"].as_str().unwrap();
        let state = session["connectionState"].as_str().unwrap();
        let here = if session["deviceId"] == device {
            " here"
        } else {
            ""
        };
        format!("{name} {state}{here}")
    };
    sessions.map(line).collect()
}

#[tokio::test]
async fn activity_has_sessions_of_all_devices_and_disconnects_none() {
    // WA-109
    let env = TestEnvironment::start(without_sessions()).await;
    let mut here = Browser::signed_in(&env, "alice").await;
    let mut there = Browser::signed_in(&env, "alice").await;
    start(&env, &mut here, "Excel").await;
    start(&env, &mut there, "Word").await;
    start(&env, &mut there, "MSPaint").await;
    let before = env.sessions("alice");
    assert!(before.iter().any(|it| it.starts_with("XA1 MSPaint active")));
    // The old farm would disconnect active sessions, so it is not asked for them.
    let expected = ["Excel Active here", "Word Active"];
    assert_eq!(activity(&mut here).await, expected);
    let expected = ["Excel Active", "Word Active here"];
    assert_eq!(activity(&mut there).await, expected);
    assert_eq!(env.sessions("alice"), before, "nothing was disconnected");
    there.post("Sessions/Disconnect", "").await;
    let expected = [
        "MSPaint Disconnected",
        "Excel Active here",
        "Word Disconnected",
    ];
    assert_eq!(activity(&mut here).await, expected);
    // Its ids are those of the other list, and its icons are served.
    let listed = here.get("Sessions/List").await;
    // A page can ask before it looks there.
    assert_eq!(
        listed.header("x-roamd-disconnecting-farms"),
        Some("Farm1,Farm2")
    );
    let listed = json(&listed);
    let session = &listed["sessions"][0];
    assert_eq!(session["publisherName"], "Farm1");
    let icon = session["applications"][0]["iconUrl"].as_str().unwrap();
    let icon = here.send("GET", icon, &[], "").await;
    assert!(icon.body.starts_with(b"\x89PNG"), "{}", icon.status);
    let id = session["sessionId"].as_str().unwrap();
    let status = format!("Sessions/GetLaunchStatus/{id}");
    let status = here.post(&status, "").await;
    assert!(status.text().contains("success"), "{}", status.text());
    // It needs the token and a sign-in.
    let refused = here.send("GET", "Sessions/List", &[], "").await;
    assert_refused(&refused, 403, "no token");
    let mut stranger = Browser::new(&env);
    stranger.post("Home/Configuration", "").await;
    assert_challenge(&stranger.get("Sessions/List").await, "not signed in");
}
