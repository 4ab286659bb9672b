//! Answers that a site gives only if it is set up for them: branding, explanation, provisioning.

use serde_json::{Value, json};

use super::axe::assert_accessible;
use super::browser::Browser;
use super::site::{self, MANUAL};

/// Lets a browser get these answers, each with the end of its path.
async fn answer(browser: &Browser, answers: Value) {
    let source = format!(
        "{{
            const answers = {answers}, real = fetch;
            window.fetch = (address, ...rest) => {{
                const path = new URL(address, document.baseURI).pathname;
                const known = Object.keys(answers).find((end) => path.endsWith(end));
                return known
                    ? Promise.resolve(new Response(JSON.stringify(answers[known])))
                    : real(address, ...rest);
            }};
        }}"
    );
    let script = json!({ "source": source });
    browser
        .devtools("Page.addScriptToEvaluateOnNewDocument", script)
        .await;
}

#[tokio::test]
async fn branding_and_provisioning_file_are_used() {
    let env = site::modern(MANUAL).await;
    let browser = Browser::start().await;
    let branding = json!({
        "name": "Clinic <b>North</b>",
        "logo": null,
        "accent": "#6a1b6d",
        "helpText": "Call 4711.",
        "helpLink": "https://help.example.net/",
    });
    let answers = json!({ "branding.json": branding, "clients/receiverconfig.cr": "" });
    answer(&browser, answers).await;
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
    assert!(
        address.ends_with("/Citrix/StoreWeb/clients/receiverconfig.cr"),
        "{address}"
    );
    browser.button("Help").await;
    browser.take_ica_files(1).await;
    browser.assert_no_console_error().await;
}

#[tokio::test]
async fn explanation_says_why_a_session_is_not_offered() {
    let env = site::modern(MANUAL).await;
    let browser = Browser::start().await;
    let farms = json!([
        {
            "id": "LAB1", "name": "Lab 1",
            "disconnected": { "listAsks": true, "asked": true, "reason": "always", "text": "x" },
            "active": {
                "listAsks": true, "asked": false, "reason": "would-disconnect", "text": "x"
            },
            "answer": { "result": "listed", "sessions": 2, "truncated": false, "text": "x" },
            "sessions": [
                { "name": "Ledger", "offered": true, "reason": "offered", "text": "x" },
                { "name": "Tool", "offered": false, "reason": "invalid-key", "text": "x" },
                { "name": "New", "offered": false, "reason": "later", "text": "In English." },
            ],
        },
        {
            "id": "LAB2", "name": "Lab 2",
            "answer": { "result": "failed", "error": "unavailable", "text": "x" },
            "sessions": [],
        },
    ]);
    answer(&browser, json!({ "Sessions/Explain": { "farms": farms } })).await;
    browser.sign_in(&env, "carol").await;
    browser.press("Why don\u{2019}t I see a session?").await;
    for text in [
        "Lab 1",
        "It listed 2 sessions.",
        "because this farm would disconnect them",
        "The farm described the session incompletely.",
        "In English.",
        "Lab 2",
        "It did not answer.",
    ] {
        browser.sees(text).await;
    }
    assert_accessible(&browser, "explanation").await;
    browser.press("Why don\u{2019}t I see a session?").await;
    browser
        .until("nothing of it", |page| !page.contains("Lab 1"))
        .await;
    browser.assert_no_console_error().await;
}
