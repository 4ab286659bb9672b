//! Sessions of one user in several browsers.

use roamd_farm::World;
use roamd_testkit::ScriptedController;

use super::browser::{Browser, click};
use super::site::{self, MANUAL};

/// Number of requests for active sessions.
fn active_lists(farm: &ScriptedController) -> usize {
    let requests = farm.requests().into_iter();
    let lists = requests.filter(|request| request.contains("<SessionType>active</SessionType>"));
    lists.count()
}

#[tokio::test]
async fn two_browsers_see_each_others_sessions_on_three_generations() {
    // WA-97, WA-98, WA-104, WA-109
    let mut world = World::demo();
    world.sessions.clear();
    let (env, old) = site::scripted(world, "xenapp-6", MANUAL).await;
    old.set_content("ReconnectSessionData", "");
    let (here, there) = (Browser::start().await, Browser::start().await);
    tokio::join!(here.sign_in(&env, "alice"), there.sign_in(&env, "alice"));
    for (browser, applications) in [
        (&here, ["MSPaint", "Excel"]),
        (&there, ["Win7Desktop", "Word"]),
    ] {
        browser.sees("No session found.").await;
        for name in applications {
            browser.press(name).await;
        }
        site::connect(&env, &browser.take_ica_files(2).await);
    }
    // A list disconnects nothing. Farms before version 7 do not say what is in use.
    let before = env.sessions("alice");
    for (browser, expected) in [
        (
            &here,
            ["Here: MSPaint", "Here: Excel", "On another device: Word"],
        ),
        (
            &there,
            [
                "Here: Win7Desktop",
                "Here: Word",
                "On another device: Excel",
            ],
        ),
    ] {
        browser.press("Look again").await;
        browser.sees("Sessions found: 2.").await;
        assert_eq!(browser.rows().await, expected);
        let question = "On Farm1, Farm2, and Scripted, looking for sessions in use";
        browser.sees(question).await;
        browser.press("Not now").await;
    }
    assert_eq!(env.sessions("alice"), before);
    assert_eq!(active_lists(&old), 0, "no user has agreed");
    // The first browser disconnects a session of the second one, which is offered there too.
    for (number, browser, expected) in [
        (
            1,
            &here,
            &[
                "Here: MSPaint",
                "Here: Excel",
                "On another device: Word",
                "Disconnected: Win7Desktop",
            ][..],
        ),
        (
            2,
            &there,
            &[
                "Here: Word",
                "On another device: Excel",
                "Disconnected: Win7Desktop",
                "Disconnected: MSPaint",
            ],
        ),
    ] {
        browser.press("Look again").await;
        browser.press("Find these too").await;
        let last = expected.last().unwrap();
        browser.until_row(last).await;
        assert_eq!(browser.rows().await, expected);
        assert_eq!(
            active_lists(&old),
            number,
            "once as the user has asked once"
        );
    }
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
    let asked = old.request_count("ReconnectSessionData");
    here.open(&env).await;
    here.button("Find my sessions").await;
    here.element(".tile").await;
    let asked_after = old.request_count("ReconnectSessionData");
    assert_eq!(asked_after, asked, "a reload asks no farm");
    here.assert_no_console_error().await;
    there.assert_no_console_error().await;
}

#[tokio::test]
async fn one_and_several_sessions_are_brought_here_and_ended() {
    // WA-102, WA-103, WA-114
    let env = site::modern(MANUAL).await;
    let browser = Browser::start().await;
    browser.sign_in(&env, "alice").await;
    browser.sees("Sessions found: 3.").await;
    let expected = [
        "On another device: Word",
        "On another device: Win11Desktop",
        "Disconnected: Excel",
    ];
    assert_eq!(browser.rows().await, expected);
    let desktop = "return [...document.querySelectorAll('.rows li')].find((row) => \
                   row.textContent.includes('Win11Desktop')).querySelector('.facts').innerText";
    assert_eq!(browser.run(desktop).await, "Desktop\nFarm3");
    browser.press_in_row("Word").await;
    browser.sees("If no window appears, open it.").await;
    let focused = "return document.activeElement.textContent";
    assert_eq!(
        browser.run(focused).await,
        "Open again",
        "the focus is kept"
    );
    site::connect(&env, &browser.take_ica_files(1).await);
    browser.press("Disconnect all").await;
    browser
        .sees("What was connected from this browser is disconnected.")
        .await;
    browser.until_row("Disconnected: Word").await;
    browser.sees("Disconnected at").await;
    for name in ["Word", "Excel"] {
        let label = format!("input[aria-label='Select {name}']");
        click(&browser.element(&label).await).await;
    }
    browser.press("Bring 2 here").await;
    let opened = |page: &str| page.matches("If no window appears, open it.").count() == 2;
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
    assert_eq!(browser.rows().await, ["On another device: Win11Desktop"]);
    browser.assert_no_console_error().await;
}

#[tokio::test]
async fn reload_finds_what_is_connected_from_this_browser() {
    // WA-109
    let env = site::modern(MANUAL).await;
    let browser = Browser::start().await;
    browser.sign_in(&env, "carol").await;
    browser.press("Excel").await;
    site::connect(&env, &browser.take_ica_files(1).await);
    browser.open(&env).await;
    browser.press("Find my sessions").await;
    browser.until_row("Here: Excel").await;
    browser.assert_no_console_error().await;
}

#[tokio::test]
async fn session_that_has_ended_is_reported_in_its_row() {
    // WA-102, WA-113
    let (env, farm) = site::scripted(site::modern_world(), "cvad-7", MANUAL).await;
    let browser = Browser::start().await;
    browser.sign_in(&env, "alice").await;
    browser.sees("Sessions found: 4.").await;
    let ended = "<ErrorId>unspecified</ErrorId><MPSError type=\"IMA\">0x80060001</MPSError>";
    farm.set_content("Address", ended);
    browser.press("Bring all here").await;
    browser.sees("It is no longer there.").await;
    let opened = |page: &str| page.matches("If no window appears, open it.").count() == 3;
    browser.until("the others are here", opened).await;
    browser.take_ica_files(3).await;
    browser.assert_no_console_error().await;
}

#[tokio::test]
async fn sign_in_asks_before_old_farms_disconnect() {
    // WA-113
    let env = site::mixed("").await;
    let before = env.sessions("alice");
    let browser = Browser::start().await;
    browser.sign_in(&env, "alice").await;
    // Sessions of farms that disconnect nothing open without an answer.
    let opened = |count: usize| {
        move |page: &str| page.matches("If no window appears, open it.").count() == count
    };
    browser.until("four sessions here", opened(4)).await;
    browser.take_ica_files(4).await;
    assert_eq!(env.sessions("alice"), before, "nothing was disconnected");
    // Its windows may not be open yet: it is not opened again.
    browser.press("Find and open these too").await;
    browser.until_row("Here: Win7Desktop").await;
    browser.take_ica_files(2).await;
    browser.assert_no_console_error().await;
}
