//! Every view in every language, width and colour scheme. Pictures of them are written to
//! `target/page`.

use std::fs;

use data_encoding::BASE64;
use serde_json::json;

use super::axe::{assert_accessible, workspace};
use super::browser::Browser;
use super::site::{self, MANUAL};

/// Widths in CSS pixels, each with a height.
const SIZES: [(u32, u32); 3] = [(320, 640), (768, 1024), (1280, 900)];

/// Colour schemes.
const BOTH: [&str; 2] = ["light", "dark"];

/// Returns the controls that a bar covers, even after the browser has scrolled to them as it does
/// when they get the focus.
const COVERED: &str = "\
    const controls = ':is(header, main, footer) :is(a, button, input, select)'; \
    const isShown = (it) => it.checkVisibility({ visibilityProperty: true }); \
    const isCovered = (it) => { \
        it.scrollIntoView({ block: 'nearest', behavior: 'instant' }); \
        const { left, width, bottom } = it.getBoundingClientRect(); \
        const at = document.elementFromPoint(left + width / 2, bottom - 2); \
        return Boolean(at?.closest('.bars')); \
    }; \
    const covered = [...document.querySelectorAll(controls)].filter(isShown).filter(isCovered); \
    scrollTo(0, 0); \
    return covered.map((it) => it.textContent || it.id);";

/// Looks at a view in all widths and these colour schemes.
async fn inspect(browser: &Browser, view: &str, schemes: &[&str]) {
    for scheme in schemes {
        browser.prefer(scheme).await;
        for (width, height) in SIZES {
            browser.resize(width, height).await;
            browser.run("scrollTo(0, 0)").await;
            let case = format!("{view}-{width}-{scheme}");
            picture(browser, &case).await;
            let overflow = "return document.documentElement.scrollWidth - innerWidth";
            let overflow = browser.run(overflow).await.as_i64().unwrap();
            assert!(overflow <= 0, "{case}: {overflow} pixels too wide");
            let covered = browser.run(COVERED).await;
            assert_eq!(covered, json!([]), "{case}: controls below a bar");
        }
        assert_accessible(browser, &format!("{view} {scheme}")).await;
    }
    browser.prefer("light").await;
}

/// Writes a picture of the whole page, also of what has to be scrolled to.
async fn picture(browser: &Browser, name: &str) {
    let folder = workspace().join("target/page");
    fs::create_dir_all(&folder).unwrap();
    let size = "const { scrollWidth, scrollHeight } = document.documentElement; \
                return [scrollWidth, scrollHeight]";
    let size = browser.run(size).await;
    let clip = json!({ "x": 0, "y": 0, "width": size[0], "height": size[1], "scale": 1 });
    let parameters = json!({ "format": "png", "captureBeyondViewport": true, "clip": clip });
    let taken = browser.devtools("Page.captureScreenshot", parameters).await;
    let png = BASE64
        .decode(taken["data"].as_str().unwrap().as_bytes())
        .unwrap();
    fs::write(folder.join(format!("{name}.png")), png).unwrap();
}

#[tokio::test]
async fn every_view_is_accessible_and_fits() {
    let mut env = site::mixed(MANUAL).await;
    let browser = Browser::start().await;
    browser.open(&env).await;
    browser.element("#field-username").await;
    inspect(&browser, "sign-in", &BOTH).await;
    browser.fill("alice", "wrong").await;
    browser.sees("Incorrect user name or password").await;
    inspect(&browser, "sign-in-wrong", &BOTH).await;
    browser.fill("alice", "roam-demo").await;
    browser.element(".tile").await;
    browser.sees("Sessions found: 4.").await;
    inspect(&browser, "home", &BOTH).await;
    browser.press("Find these too").await;
    browser.sees("Sessions found: 6.").await;
    browser.press_in_row("Excel").await;
    browser.sees("Excel is opening.").await;
    browser.press("Log off all").await;
    inspect(&browser, "opened", &BOTH).await;
    browser.press("Keep my sessions").await;
    browser.press("Close").await;
    inspect(&browser, "sessions", &BOTH).await;
    browser.press("Why don\u{2019}t I see a session?").await;
    browser.sees("What the farms say").await;
    inspect(&browser, "explanation", &BOTH).await;
    browser.press("Change password").await;
    browser.element("#field-oldPassword").await;
    inspect(&browser, "new-password", &BOTH).await;
    browser.press("Cancel").await;
    browser
        .element("#search")
        .await
        .send_keys("zzz")
        .await
        .unwrap();
    browser.sees("Nothing matches.").await;
    env.stop_farm("XA1").await;
    browser.press("Look again").await;
    browser.sees("Farm1 does not respond.").await;
    inspect(&browser, "outage", &BOTH).await;
    browser.press("Sign out").await;
    browser.sees("You are signed out").await;
    inspect(&browser, "signed-out", &BOTH).await;
    browser.assert_no_console_error().await;
}

#[tokio::test]
async fn every_language_is_chosen_by_the_browser_and_by_the_user() {
    // The sign-in form comes in the same languages from the server.
    const WORDS: [(&str, &str, &str, &str); 5] = [
        ("en", "English", "User name", "On Farm1 and Farm2, looking"),
        (
            "de",
            "Deutsch",
            "Benutzername",
            "Auf Farm1 und Farm2 trennt",
        ),
        (
            "fr",
            "Français",
            "Nom d'utilisateur",
            "Sur Farm1 et Farm2, la",
        ),
        ("es", "Español", "Nombre de usuario", "En Farm1 y Farm2, la"),
        ("ja", "日本語", "ユーザー名", "Farm1、Farm2 では"),
    ];
    let env = site::mixed(MANUAL).await;
    let browser = Browser::in_language("de-CH,de,en").await;
    browser.open(&env).await;
    browser.sees("Benutzername").await;
    for (tag, own_name, user_name, _) in WORDS {
        browser.choose_language(own_name).await;
        browser.sees(user_name).await;
        assert_eq!(
            browser.run("return document.documentElement.lang").await,
            tag
        );
    }
    browser.open(&env).await;
    browser.sees("ユーザー名").await;
    browser.fill("alice", "roam-demo").await;
    browser.element(".tile").await;
    for (tag, own_name, _, question) in WORDS {
        browser.choose_language(own_name).await;
        browser.sees(question).await;
        inspect(&browser, &format!("home-{tag}"), &["light"]).await;
    }
    browser.assert_no_console_error().await;
}
