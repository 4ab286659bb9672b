//! The name, colour and help of an organisation.

use super::axe::assert_accessible;
use super::browser::Browser;
use super::site;

#[tokio::test]
async fn branding_is_shown_and_help_is_offered() {
    // WA-119, WA-120
    let env = site::modern(
        "[store.web.workspace_control]\nauto_reconnect_at_logon = false\n\
         [store.web.branding]\nname = \"Clinic <b>North</b>\"\naccent = \"#6a1b6d\"\n\
         help_text = \"Call 4711.\"\nhelp_link = \"https://help.example.net/\"\n",
    )
    .await;
    let browser = Browser::start().await;
    browser.open(&env).await;
    browser.sees("Call 4711.").await;
    browser.sees("Clinic <b>North</b>").await;
    let accent = "return getComputedStyle(document.querySelector('.primary')).backgroundColor";
    assert_eq!(browser.run(accent).await, "rgb(106, 27, 109)");
    assert_accessible(&browser, "branding").await;
    browser.sign_in(&env, "carol").await;
    browser.press("Excel").await;
    let link = browser.button("Set up this device").await;
    let address = link.prop("href").await.unwrap().unwrap();
    let file = "/ServiceRecord/GetDocument/receiverconfig.cr";
    assert!(address.ends_with(file), "{address}");
    browser.button("Help").await;
    browser.take_ica_files(1).await;
    browser.assert_no_console_error().await;
}
