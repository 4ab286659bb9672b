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
    let opened = |page: &str| page.matches("Opened here at ").count();
    browser.until("three rows", |page| opened(page) == 3).await;
    browser.assert_no_console_error().await;
}
