//! A user without a mouse.

use thirtyfour::{Key, TypingData};

use super::browser::Browser;
use super::site::{self, MANUAL};

/// Most presses of the tab key from one thing to the next.
const MOST: usize = 40;

/// Presses the tab key until the focus is on something with this name.
async fn go_to(browser: &Browser, name: &str) {
    let mut seen = Vec::new();
    for _ in 0..MOST {
        press(browser, Key::Tab).await;
        let focused = browser
            .run(
                "const it = document.activeElement; \
                 const outline = getComputedStyle(it).outlineStyle; \
                 return [it.getAttribute('aria-label') || it.labels?.[0]?.textContent \
                 || it.textContent, outline]",
            )
            .await;
        let at = focused[0].as_str().unwrap().trim().to_owned();
        if at == name {
            assert_ne!(focused[1], "none", "{name}: the focus is not visible");
            return;
        }
        seen.push(at);
    }
    panic!("{name} is not among {seen:?}");
}

async fn press(browser: &Browser, keys: impl Into<TypingData>) {
    let active = browser.driver.active_element().await.unwrap();
    active.send_keys(keys).await.unwrap();
}

#[tokio::test]
async fn keyboard_alone_is_enough_for_a_whole_visit() {
    let env = site::mixed(MANUAL).await;
    let browser = Browser::start().await;
    browser.open(&env).await;
    browser.element("#field-username").await;
    press(&browser, "alice").await;
    go_to(&browser, "Password").await;
    press(&browser, "roam-demo").await;
    go_to(&browser, "Log On").await;
    press(&browser, Key::Enter).await;
    browser.element(".tile").await;
    go_to(&browser, "Look again").await;
    press(&browser, Key::Space).await;
    browser.sees("Sessions found: 4.").await;
    // The question comes right after the button.
    press(&browser, Key::Tab).await;
    press(&browser, Key::Enter).await;
    browser.sees("Sessions found: 6.").await;
    let focused = "return document.activeElement.textContent";
    assert_eq!(
        browser.run(focused).await,
        "Look again",
        "the focus is kept"
    );
    go_to(&browser, "Select MSPaint").await;
    press(&browser, Key::Space).await;
    go_to(&browser, "Bring 1 here").await;
    press(&browser, Key::Enter).await;
    browser.sees("If no window appears, open it.").await;
    browser.take_ica_files(1).await;
    go_to(&browser, "Search").await;
    press(&browser, "exc").await;
    let tiles = "return document.querySelectorAll('.tile').length";
    assert_eq!(browser.run(tiles).await, 1);
    go_to(&browser, "Excel").await;
    press(&browser, Key::Enter).await;
    browser.take_ica_files(1).await;
    go_to(&browser, "Sign out").await;
    press(&browser, Key::Enter).await;
    browser.sees("You are signed out.").await;
    // The cursor is where the next user types.
    browser.element("#field-username").await;
    let focused = "return document.activeElement.id";
    assert_eq!(browser.run(focused).await, "field-username");
    browser.assert_no_console_error().await;
}
