//! The change of a password, wanted or required (WA-65).

use roamd_farm::{AccountState, World};
use roamd_testkit::ScriptedController;
use roamd_testsuite::{Options, TestEnvironment};

use super::axe::assert_accessible;
use super::browser::Browser;
use super::site::{self, MANUAL};

const OLD: &str = "roam-demo";
const NEW: &str = "Neues Kennwort 1!";

/// Fills the form of a new password, and sends it.
async fn change(browser: &Browser, old: &str) {
    for (id, value) in [
        ("oldPassword", old),
        ("newPassword", NEW),
        ("confirmPassword", NEW),
    ] {
        let field = browser.element(&format!("#field-{id}")).await;
        let hint = field.attr("autocomplete").await.unwrap().unwrap();
        assert_eq!(hint == "new-password", id != "oldPassword", "{id}: {hint}");
        field.send_keys(value).await.unwrap();
    }
    browser.press("Change").await;
}

const FOCUSED: &str = "return document.activeElement.id";

#[tokio::test]
async fn wanted_change_keeps_the_home_and_says_its_success() {
    let env = site::modern(MANUAL).await;
    let browser = Browser::start().await;
    browser.sign_in(&env, "alice").await;
    browser.sees("Sessions found: 3.").await;
    let rows = browser.rows().await;
    browser.press("Change password").await;
    browser.sees("Change your password").await;
    browser.sees("DEMO\\alice").await;
    assert!(!browser.text().await.contains("expired"));
    assert!(!browser.text().await.contains("Look again"));
    assert_accessible(&browser, "new password").await;
    browser.choose_language("Deutsch").await;
    browser.sees("Altes Kennwort").await;
    browser.choose_language("English").await;
    browser.sees("Old password").await;
    browser.press("Cancel").await;
    browser.sees("Sessions found: 3.").await;
    assert_eq!(browser.rows().await, rows, "the list is kept");
    assert_eq!(browser.run(FOCUSED).await, "change-password");
    browser.press("Change password").await;
    change(&browser, "wrong").await;
    browser.sees("The old password is not correct.").await;
    assert!(!browser.text().await.contains("expired"));
    change(&browser, OLD).await;
    browser.sees("Your password was changed.").await;
    browser.sees("Sessions found: 3.").await;
    assert_eq!(browser.rows().await, rows, "the list is kept");
    // The page goes on with the new password.
    browser.press("Look again").await;
    browser.sees("Sessions found: 3.").await;
    browser.open(&env).await;
    browser.button("Change password").await;
    browser.press("Sign out").await;
    browser.fill("alice", OLD).await;
    browser.sees("Incorrect user name or password").await;
    browser.fill("alice", NEW).await;
    browser.element(".tile").await;
    browser.assert_no_console_error().await;
}

#[tokio::test]
async fn failed_change_leaves_the_user_at_home() {
    let mut env = site::modern(MANUAL).await;
    let browser = Browser::start().await;
    browser.sign_in(&env, "carol").await;
    browser.press("Change password").await;
    browser.element("#field-oldPassword").await;
    env.stop_farm("CVAD").await;
    change(&browser, OLD).await;
    browser
        .sees("It is not certain that your password was changed.")
        .await;
    browser.sees("Signed in as carol").await;
    browser.element(".tile").await;
    // A server that starts does not know whether the farm can change passwords.
    env.restart_server().await;
    browser.press("Change password").await;
    browser
        .sees("Your password cannot be changed here at the moment.")
        .await;
    browser.element(".tile").await;
    browser.assert_no_console_error().await;
}

#[tokio::test]
async fn expired_password_is_changed_while_signing_in() {
    let mut world = World::demo();
    world.domains[0].users[2].account = AccountState::Expired;
    let options = Options {
        world,
        store: MANUAL.to_owned(),
        ..Options::default()
    };
    let env = TestEnvironment::start(options).await;
    let browser = Browser::start().await;
    browser.open(&env).await;
    browser.fill("carol", OLD).await;
    browser
        .sees("Your password has expired or must be changed.")
        .await;
    assert_eq!(browser.run(FOCUSED).await, "field-oldPassword");
    browser.press("Cancel").await;
    browser.fill("carol", OLD).await;
    browser
        .sees("Your password has expired or must be changed.")
        .await;
    change(&browser, OLD).await;
    browser.element(".tile").await;
    browser.sees("Signed in as carol").await;
    browser.assert_no_console_error().await;
}

#[tokio::test]
async fn change_is_not_offered_if_no_farm_can() {
    // WA-60
    let farm = ScriptedController::healthy().await;
    let options = Options {
        more_sections: farm.farm_section("SCRIPTED", "Scripted"),
        authentication: "credentials = \"SCRIPTED\"\ndomains = [\"DEMO\"]".to_owned(),
        store: MANUAL.to_owned(),
        ..Options::default()
    };
    let env = TestEnvironment::start(options).await;
    let browser = Browser::start().await;
    browser.sign_in(&env, "alice").await;
    assert!(!browser.text().await.contains("Change password"));
    browser.open(&env).await;
    browser.element(".tile").await;
    assert!(!browser.text().await.contains("Change password"));
    browser.assert_no_console_error().await;
}
