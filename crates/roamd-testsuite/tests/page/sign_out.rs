//! The sign-out, by what the site says becomes of the sessions.

use super::browser::Browser;
use super::site;

#[tokio::test]
async fn sign_out_does_with_sessions_what_it_says() {
    // WA-112
    let browser = Browser::start().await;
    for (action, before, after, state) in [
        (
            "disconnect",
            "Your sessions here are disconnected. Programs keep running.",
            "Your sessions on this device were disconnected",
            Some("CVAD Excel disconnected -"),
        ),
        (
            "terminate",
            "Your sessions here are logged off. Unsaved work is lost.",
            "Your sessions on this device were logged off.",
            None,
        ),
        (
            "none",
            "Your sessions here stay connected.",
            "Your sessions on this device stay connected.",
            Some("CVAD Excel active WR_"),
        ),
    ] {
        let lines = format!("[store.web.workspace_control]\nlogoff_action = \"{action}\"\n");
        let env = site::modern(&lines).await;
        browser.sign_in(&env, "carol").await;
        browser.press("Excel").await;
        site::connect(&env, &browser.take_ica_files(1).await);
        browser.sees(before).await;
        browser.press("Sign out").await;
        browser.sees(after).await;
        browser.element("#field-username").await;
        let sessions = env.sessions("carol");
        assert_eq!(
            sessions.len(),
            usize::from(state.is_some()),
            "{action}: {sessions:?}"
        );
        if let Some(state) = state {
            assert!(sessions[0].starts_with(state), "{action}: {sessions:?}");
        }
        // Back leads to nothing of the user.
        browser.open(&env).await;
        browser.element("#field-username").await;
        browser.assert_no_console_error().await;
    }
}

#[tokio::test]
async fn sign_out_says_if_sessions_may_go_on() {
    // WA-106, WA-112
    let mut env = site::modern("").await;
    let browser = Browser::start().await;
    browser.sign_in(&env, "carol").await;
    env.stop_farm("CVAD").await;
    browser.press("Sign out").await;
    browser
        .sees("not every farm confirmed the end of your sessions")
        .await;
    browser.element("#field-username").await;
}

#[tokio::test]
async fn sign_out_in_another_tab_leads_to_the_sign_in() {
    // WA-44, WA-71
    let env = site::modern("").await;
    let browser = Browser::start().await;
    browser.sign_in(&env, "carol").await;
    let first = browser.driver.window().await.unwrap();
    let second = browser.driver.new_tab().await.unwrap();
    browser.driver.switch_to_window(second).await.unwrap();
    browser.open(&env).await;
    browser.element(".tile").await;
    browser.press("Sign out").await;
    browser.element("#field-username").await;
    browser.driver.switch_to_window(first).await.unwrap();
    browser.press("Excel").await;
    browser
        .sees("Your sign-in has ended. Your sessions keep running.")
        .await;
    browser.fill("carol", "roam-demo").await;
    browser.element(".tile").await;
    browser.assert_no_console_error().await;
}

#[tokio::test]
async fn next_user_of_the_browser_gets_nothing_of_the_last_one() {
    // WA-117
    let env = site::modern(site::MANUAL).await;
    let browser = Browser::start().await;
    browser.sign_in(&env, "alice").await;
    browser.sees("Sessions found: 3.").await;
    let of_alice = browser.driver.window().await.unwrap();
    let of_bob = browser.driver.new_tab().await.unwrap();
    browser.driver.switch_to_window(of_bob).await.unwrap();
    browser.open(&env).await;
    browser.press("Sign out").await;
    browser.fill("bob", "roam-demo").await;
    browser.sees("Signed in as bob").await;
    // What alice's tab shows must not act for bob.
    browser.driver.switch_to_window(of_alice).await.unwrap();
    let before = env.sessions("bob");
    browser.press("Disconnect all").await;
    browser.sees("Your sign-in has ended.").await;
    let page = browser.text().await;
    assert!(!page.contains("Win11Desktop"), "{page}");
    assert_eq!(env.sessions("bob"), before);
    browser.assert_no_console_error().await;
}
