//! A sign-in that is not used, with a clock that the test sets.

use serde_json::json;

use super::browser::Browser;
use super::site;

/// Lets the page's clock run ahead by `window.skip(minutes)`, and its timers run often.
const CLOCK: &str = "{
    const real = Date.now, every = setInterval;
    let ahead = 0;
    Date.now = () => real() + ahead;
    window.skip = (minutes) => { ahead += minutes * 60000; };
    window.setInterval = (work, pause) => every(work, Math.min(pause, 50));
}";

#[tokio::test]
async fn unused_sign_in_is_announced_kept_and_ended() {
    // WA-116
    let env = site::modern("").await;
    let browser = Browser::start().await;
    let script = json!({ "source": CLOCK });
    browser
        .devtools("Page.addScriptToEvaluateOnNewDocument", script)
        .await;
    browser.sign_in(&env, "carol").await;
    browser.run("skip(16)").await;
    browser
        .sees("You will be signed out in 4 min, because nothing is happening here.")
        .await;
    browser.press("Stay signed in").await;
    browser
        .until("no warning", |page| {
            !page.contains("You will be signed out")
        })
        .await;
    browser.run("skip(14)").await;
    browser.element("#search").await.click().await.unwrap();
    browser.run("skip(14)").await;
    assert!(browser.text().await.contains("Signed in as carol"));
    browser.run("skip(21)").await;
    browser
        .sees("You were signed out because nothing happened for 20 minutes.")
        .await;
    browser.element("#field-username").await;
    browser.assert_no_console_error().await;
}
