//! Launches of applications.

use roamd_farm::ApplicationChange;

use super::browser::Browser;
use super::site::{self, MANUAL};

#[tokio::test]
async fn launch_downloads_a_file_that_its_host_accepts() {
    // WA-80, WA-86
    let env = site::modern(MANUAL).await;
    let browser = Browser::start().await;
    browser.sign_in(&env, "carol").await;
    browser.press("Excel").await;
    browser.sees("Excel is opening. If no window appears").await;
    let files = browser.take_ica_files(1).await;
    assert!(files[0].contains("Title=Excel\r\n"), "{}", files[0]);
    site::connect(&env, &files);
    let sessions = env.sessions("carol");
    assert!(
        sessions[0].starts_with("CVAD Excel active WR_"),
        "{sessions:?}"
    );
    // What is opened here is among the sessions, without a question to the farms.
    assert_eq!(browser.rows().await, ["Here: Excel"]);
    browser.sees("If no window appears, open it.").await;
    // Nothing has moved the focus.
    let focused = "return document.activeElement.textContent";
    assert_eq!(browser.run(focused).await, "Excel");
    browser.press("Close").await;
    browser
        .until("no bar", |page| !page.contains("is opening"))
        .await;
    browser.assert_no_console_error().await;
}

#[tokio::test]
async fn slow_launch_shows_progress_and_can_be_cancelled() {
    // WA-82, WA-113
    let (env, farm) = site::scripted(site::modern_world(), "cvad-7", MANUAL).await;
    let browser = Browser::start().await;
    browser.sign_in(&env, "carol").await;
    farm.set_content("Address", "<ErrorId>retry-required</ErrorId>");
    browser.press("Ledger").await;
    browser.sees("Not ready yet. Next try in").await;
    browser.press("Cancel").await;
    browser.sees("Cancelled").await;
    browser.press("Ledger").await;
    browser.sees("Not ready yet. Next try in").await;
    farm.make_healthy();
    browser.sees("Ledger is opening").await;
    browser.take_ica_files(1).await;
    farm.set_content("Address", "<ErrorId>no-available-workstation</ErrorId>");
    browser.press("Ledger").await;
    browser
        .sees("No machine is free. Try again in a few minutes.")
        .await;
    farm.set_content("Address", "<ErrorId>not-licensed</ErrorId>");
    browser.press("Ledger").await;
    browser.sees("All licences are in use.").await;
    farm.set_content("Address", "<ErrorId>unspecified</ErrorId>");
    browser.press("Ledger").await;
    browser
        .sees("It could not be started. Try again, then call the help desk.")
        .await;
    browser.take_ica_files(0).await;
    browser.assert_no_console_error().await;
}

#[tokio::test]
async fn application_switched_off_since_the_list_is_explained() {
    // ST-52
    let env = site::modern(MANUAL).await;
    let browser = Browser::start().await;
    browser.sign_in(&env, "carol").await;
    let change = ApplicationChange {
        enabled: Some(false),
        ..ApplicationChange::default()
    };
    env.farms.set_application("CVAD", "Excel", &change).unwrap();
    browser.press("Excel").await;
    browser.sees("It is switched off at the moment.").await;
}
