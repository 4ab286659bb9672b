//! Farms and servers that do not respond.

use serde_json::json;

use super::browser::Browser;
use super::site;

/// What the page says while the server cannot be reached.
const OFFLINE: &str = "The server cannot be reached. Check the network, then try again.";

#[tokio::test]
async fn outage_of_a_farm_is_named_and_the_rest_works() {
    // WA-46
    let mut env = site::mixed(site::MANUAL).await;
    env.stop_farm("XA1").await;
    let browser = Browser::start().await;
    browser.sign_in(&env, "alice").await;
    browser
        .sees("Farm1 does not respond. What runs there is not shown.")
        .await;
    browser.sees("Sessions found: 3.").await;
    env.stop_farm("XD5").await;
    browser.press("Look again").await;
    browser.sees("Farm1 and Farm2 do not respond.").await;
    browser.press("Excel").await;
    browser.take_ica_files(1).await;
    browser.assert_no_console_error().await;
}

#[tokio::test]
async fn server_that_does_not_respond_is_a_sentence_and_no_end() {
    let env = site::modern(site::MANUAL).await;
    let browser = Browser::start().await;
    browser.sign_in(&env, "carol").await;
    env.stop().await;
    browser.press("Look again").await;
    browser.sees(OFFLINE).await;
    browser.press("Excel").await;
    browser
        .until("twice", |page| page.matches(OFFLINE).count() >= 2)
        .await;
    // The sign-out cannot succeed, and does not say so.
    browser.press("Sign out").await;
    browser.sees("Close all windows of this browser").await;
}

#[tokio::test]
async fn sign_in_goes_on_after_an_outage_of_the_network() {
    let env = site::modern(site::MANUAL).await;
    let browser = Browser::start().await;
    browser.open(&env).await;
    browser.element("#field-username").await;
    browser.devtools("Network.enable", json!({})).await;
    let offline = |is_offline: bool| {
        json!({
            "offline": is_offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1
        })
    };
    let condition = "Network.emulateNetworkConditions";
    browser.devtools(condition, offline(true)).await;
    browser.fill("carol", "roam-demo").await;
    browser.sees(OFFLINE).await;
    browser.devtools(condition, offline(false)).await;
    browser.fill("carol", "wrong").await;
    browser.sees("Incorrect user name or password").await;
    assert!(!browser.text().await.contains(OFFLINE));
    browser.fill("carol", "roam-demo").await;
    browser.element(".tile").await;
}

#[tokio::test]
async fn home_that_could_not_be_loaded_is_loaded_by_a_new_page() {
    let env = site::modern(site::MANUAL).await;
    let browser = Browser::start().await;
    browser.block(&["*/home.js*"]).await;
    browser.open(&env).await;
    browser.fill("carol", "roam-demo").await;
    browser.sees(OFFLINE).await;
    browser.press("Try again").await;
    browser.sees(OFFLINE).await;
    browser.block(&[]).await;
    browser.press("Try again").await;
    browser.element(".tile").await;
}

#[tokio::test]
async fn language_that_could_not_be_loaded_can_be_chosen_later() {
    let env = site::modern(site::MANUAL).await;
    let browser = Browser::start().await;
    browser.open(&env).await;
    browser.element("#field-username").await;
    browser.block(&["*/words-de.js*"]).await;
    browser.choose_language("Deutsch").await;
    browser.element("#language option[value=en]:checked").await;
    browser.sees("Language").await;
    browser.block(&[]).await;
    browser.choose_language("Deutsch").await;
    browser.sees("Sprache").await;
}
