//! Why a session is offered or not (WA-118).

use super::axe::assert_accessible;
use super::browser::Browser;
use super::site::{self, MANUAL};

const WHY: &str = "Why don\u{2019}t I see a session?";

/// A list with a session that has no number.
const WITHOUT_NUMBER: &str = "<AppDataSet><AppData type=\"session\"><InName>Ledger</InName>\
    <DataType value=\"session\"/><ServerType>win32</ServerType><ClientType>ica30</ClientType>\
    <HostId type=\"ima-host-id\">9</HostId><SessionId></SessionId></AppData></AppDataSet>";

/// The texts of each farm.
async fn farms(browser: &Browser) -> Vec<String> {
    let script = "return [...document.querySelectorAll('.farm')].map((farm) => \
                  [...farm.children].map((it) => it.textContent).join(' '))";
    let farms = browser.run(script).await;
    let farms = farms.as_array().unwrap().iter();
    farms.map(|it| it.as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn explanation_says_what_each_farm_has_answered() {
    let (mut env, farm) = site::scripted(roamd_farm::World::demo(), "cvad-7", MANUAL).await;
    farm.set_content("ReconnectSessionData", WITHOUT_NUMBER);
    env.stop_farm("XD5").await;
    let browser = Browser::start().await;
    browser.sign_in(&env, "alice").await;
    let before = env.sessions("alice");
    browser.press(WHY).await;
    browser
        .sees("Your sessions are offered on every device.")
        .await;
    let expected = [
        "Farm1 Sessions on other devices, or disconnected: 1. Sessions in use on other devices \
         are not among them: this farm would disconnect them to look. MSPaintOffered",
        "Farm2 It gave no list. Try again in a minute. Sessions in use on other devices \
         are not among them: this farm would disconnect them to look.",
        "Farm3 Sessions on other devices, or disconnected: 3. \
         ExcelOfferedWordOfferedWin11DesktopOffered",
        "Scripted Sessions on other devices, or disconnected: 1. \
         LedgerNot offeredThe farm described the session incompletely. Call the help desk.",
    ];
    assert_eq!(farms(&browser).await, expected);
    assert_eq!(env.sessions("alice"), before, "no side effect");
    assert_accessible(&browser, "explanation").await;
    browser.press(WHY).await;
    let closed = |page: &str| !page.contains("It gave no list.");
    browser.until("nothing of it", closed).await;
    browser.assert_no_console_error().await;
}

#[tokio::test]
async fn explanation_names_the_roaming_policy() {
    // SS-71
    let browser = Browser::start().await;
    for (policy, text, first_farm) in [
        (
            "disconnected_only",
            "On this device, only disconnected sessions are offered.",
            "Farm1 Sessions on other devices, or disconnected: 1. MSPaintOffered",
        ),
        (
            "same_endpoint_only",
            "On this device, no sessions of other devices are offered.",
            "Farm1 It is not asked for sessions.",
        ),
    ] {
        let lines = format!("[store.roaming]\nsessions = \"{policy}\"\n{MANUAL}");
        let env = site::mixed(&lines).await;
        browser.sign_in(&env, "alice").await;
        browser.press(WHY).await;
        browser.sees(text).await;
        assert_eq!(farms(&browser).await[0], first_farm, "{policy}");
        let page = browser.text().await;
        assert!(!page.contains("may be missing"), "no question: {page}");
        browser.press("Sign out").await;
        browser.element("#field-username").await;
    }
    browser.assert_no_console_error().await;
}
