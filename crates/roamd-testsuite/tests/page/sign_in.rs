//! The sign-in, with what follows it.

use super::browser::Browser;
use super::site;

#[tokio::test]
async fn sign_in_reconnects_sessions_and_hands_over_their_files() {
    // WA-113
    let env = site::modern("").await;
    let browser = Browser::start().await;
    browser.open(&env).await;
    browser.fill("alice", "wrong").await;
    browser.sees("Incorrect user name or password").await;
    let focused = "return document.activeElement.id";
    assert_eq!(browser.run(focused).await, "field-password");
    browser.fill("alice", "roam-demo").await;
    browser.sees("Signed in as alice").await;
    let files = browser.take_ica_files(3).await;
    for ica in &files {
        env.farms.connect(ica, jiff::Timestamp::now()).unwrap();
    }
    // The farm knows the browser as the client of all of them.
    let sessions = env.sessions("alice");
    let connected = sessions.iter().filter(|line| line.contains(" active WR_"));
    assert_eq!(connected.count(), 3, "{sessions:?}");
    let opened = |page: &str| page.matches("If no window appears, open it.").count();
    browser.until("three rows", |page| opened(page) == 3).await;
    browser.assert_no_console_error().await;
}

#[tokio::test]
async fn incomplete_form_is_not_sent() {
    let env = site::modern("").await;
    let browser = Browser::start().await;
    browser.open(&env).await;
    let count = "const real = fetch; window.posts = 0; \
                 window.fetch = (...all) => { posts += 1; return real(...all); }";
    browser.element("#field-username").await;
    browser.run(count).await;
    let focused = "return document.activeElement.id";
    for (typed, next) in [("", "field-username"), ("carol", "field-password")] {
        let name = browser.element("#field-username").await;
        name.send_keys(typed).await.unwrap();
        browser.press("Log On").await;
        assert_eq!(browser.run(focused).await, next);
    }
    assert_eq!(browser.run("return posts").await, 0);
    browser.assert_no_console_error().await;
}

/// WA-113: each request that begins a web session costs the server one.
#[tokio::test]
async fn first_view_asks_for_the_configuration_once() {
    const ASKED: &str = "return performance.getEntriesByType('resource').filter( \
                         ({ name }) => name.endsWith('/Home/Configuration')).length";
    let env = site::modern(site::MANUAL).await;
    let browser = Browser::start().await;
    browser.open(&env).await;
    browser.element("#field-username").await;
    assert_eq!(browser.run(ASKED).await, 1);
    browser.fill("carol", "roam-demo").await;
    browser.element(".tile").await;
    assert_eq!(browser.run(ASKED).await, 1);
    // A sign-out ends the web session.
    browser.press("Sign out").await;
    browser.element("#field-username").await;
    assert_eq!(browser.run(ASKED).await, 2);
    browser.fill("carol", "roam-demo").await;
    browser.element(".tile").await;
    browser.assert_no_console_error().await;
}

#[tokio::test]
async fn announcements_do_not_outlive_what_they_are_about() {
    let env = site::modern(site::MANUAL).await;
    let browser = Browser::start().await;
    browser.sign_in(&env, "alice").await;
    browser.sees("Sessions found: 3.").await;
    let said = "return document.getElementById('live').innerText";
    let before = browser.run(said).await;
    let before = before.as_str().unwrap();
    assert!(before.contains("Sessions found: 3."), "{before}");
    browser.press("Sign out").await;
    browser.element("#field-username").await;
    let after = browser.run(said).await;
    let after = after.as_str().unwrap();
    assert!(after.starts_with("You are signed out."), "{after}");
    tokio::time::sleep(std::time::Duration::from_secs(6)).await;
    assert_eq!(browser.run(said).await, "");
}
