//! Sessions of one user in several browsers.

use roamd_farm::World;

use super::browser::{Browser, click};
use super::site::{self, MANUAL};

#[tokio::test]
async fn two_browsers_see_each_others_sessions_on_three_generations() {
    // WA-97, WA-104
    let mut world = World::demo();
    world.sessions.clear();
    let (env, old) = site::scripted(world, "xenapp-6", MANUAL).await;
    old.set_content("ReconnectSessionData", "");
    let lists = || old.request_count("ReconnectSessionData");
    let (here, there) = (Browser::start().await, Browser::start().await);
    tokio::join!(here.sign_in(&env, "alice"), there.sign_in(&env, "alice"));
    for (browser, applications) in [
        (&here, ["MSPaint", "Excel"]),
        (&there, ["Win7Desktop", "Word"]),
    ] {
        for name in applications {
            browser.press(name).await;
        }
        site::connect(&env, &browser.take_ica_files(2).await);
    }
    assert_eq!(lists(), 0, "no user has asked");
    // The list of the first one has disconnected a session of the second one, which is offered
    // there too.
    for (browser, expected) in [
        (&here, &["Win7Desktop", "Word"][..]),
        (&there, &["MSPaint", "Win7Desktop", "Excel"]),
    ] {
        let before = lists();
        browser.press("Find my sessions").await;
        browser
            .sees("This takes sessions away from other devices")
            .await;
        browser.press("Not now").await;
        assert_eq!(lists(), before, "the user has declined");
        browser.press("Find my sessions").await;
        browser.press("Find them now").await;
        let found = format!("Sessions found: {}.", expected.len());
        browser.sees(&found).await;
        assert_eq!(lists(), before + 1, "once as the user has asked once");
        let rows = browser.rows().await;
        for name in expected {
            let row = format!("{name}: On another device, or disconnected");
            assert!(rows.contains(&row), "{name} in {rows:?}");
        }
    }
    // The farm before version 7 disconnects what it lists, the other one does not.
    let sessions = env.sessions("alice").join(", ");
    for state in [
        "MSPaint disconnected",
        "Win7Desktop disconnected",
        "Excel active",
        "Word active",
    ] {
        assert!(sessions.contains(state), "{state} in {sessions}");
    }
    // Each ends only what is connected from it.
    here.press("Disconnect all").await;
    here.sees("What was connected from this browser is disconnected.")
        .await;
    let sessions = env.sessions("alice").join(", ");
    assert!(sessions.contains("Excel disconnected"), "{sessions}");
    assert!(sessions.contains("Word active"), "{sessions}");
    here.open(&env).await;
    here.element(".tile").await;
    assert_eq!(lists(), 2, "a reload asks no farm");
    here.assert_no_console_error().await;
    there.assert_no_console_error().await;
}

#[tokio::test]
async fn one_and_several_sessions_are_brought_here_and_ended() {
    // WA-102, WA-103, WA-114
    let env = site::modern(MANUAL).await;
    let browser = Browser::start().await;
    browser.sign_in(&env, "alice").await;
    browser.press("Find my sessions").await;
    browser.sees("Sessions found: 3.").await;
    browser.press_in_row("Word").await;
    browser.sees("Opened here at").await;
    site::connect(&env, &browser.take_ica_files(1).await);
    browser.press("Disconnect all").await;
    browser
        .sees("What was connected from this browser is disconnected.")
        .await;
    assert!(
        browser
            .rows()
            .await
            .contains(&"Word: Disconnected".to_owned())
    );
    for name in ["Word", "Excel"] {
        let label = format!("input[aria-label='Select {name}']");
        click(&browser.element(&label).await).await;
    }
    browser.press("Bring 2 here").await;
    let opened = |page: &str| page.matches("Opened here at").count() == 2;
    browser.until("two sessions here", opened).await;
    site::connect(&env, &browser.take_ica_files(2).await);
    let sessions = env.sessions("alice").join(", ");
    assert!(sessions.contains("Word active WR_"), "{sessions}");
    assert!(sessions.contains("Excel active WR_"), "{sessions}");
    // A log off loses work, so it is confirmed.
    browser.press("Log off all").await;
    browser.press("Keep my sessions").await;
    browser.press("Log off all").await;
    assert_eq!(env.sessions("alice").len(), 3);
    browser.press("Log off now; unsaved work is lost").await;
    browser
        .sees("What was connected from this browser is logged off.")
        .await;
    let left = env.sessions("alice").join(", ");
    assert!(left.starts_with("CVAD Win11Desktop active"), "{left}");
    assert_eq!(browser.rows().await.len(), 1);
    browser.assert_no_console_error().await;
}

#[tokio::test]
async fn session_that_has_ended_is_reported_in_its_row() {
    // WA-102, WA-113
    let (env, farm) = site::scripted(site::modern_world(), "cvad-7", MANUAL).await;
    let browser = Browser::start().await;
    browser.sign_in(&env, "alice").await;
    browser.press("Find my sessions").await;
    browser.sees("Sessions found: 4.").await;
    let ended = "<ErrorId>unspecified</ErrorId><MPSError type=\"IMA\">0x80060001</MPSError>";
    farm.set_content("Address", ended);
    browser.press("Bring all here").await;
    browser.sees("It is no longer there.").await;
    let opened = |page: &str| page.matches("Opened here at").count() == 3;
    browser.until("the others are here", opened).await;
    browser.take_ica_files(3).await;
    browser.assert_no_console_error().await;
}

#[tokio::test]
async fn question_at_sign_in_says_that_sessions_open() {
    // WA-113
    let env = site::mixed("").await;
    let browser = Browser::start().await;
    browser.sign_in(&env, "alice").await;
    browser.sees("Find and open them here").await;
    browser.press("Not now").await;
    browser.press("Find my sessions").await;
    browser.sees("Find them now").await;
    browser.assert_no_console_error().await;
}
