//! Answers that a site gives only if it is set up for them: branding, explanation, provisioning,
//! and forms for a new password.

use std::collections::BTreeMap;

use serde_json::json;

use super::axe::assert_accessible;
use super::browser::Browser;
use super::site::{self, MANUAL};

/// Lets a browser get these answers, each with the end of its path. The page keeps what it has sent
/// for them in `window.sent`.
async fn answer<const N: usize>(browser: &Browser, answers: [(&str, String); N]) {
    let answers = json!(answers.into_iter().collect::<BTreeMap<_, _>>());
    let source = format!(
        "{{
            const answers = {answers}, real = fetch;
            window.sent = [];
            window.fetch = (address, options, ...rest) => {{
                const path = new URL(address, document.baseURI).pathname;
                const known = Object.keys(answers).find((end) => path.endsWith(end));
                if (!known) return real(address, options, ...rest);
                window.sent.push(known + ' ' + (options?.body ?? ''));
                return Promise.resolve(new Response(answers[known]));
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
    let answers = [
        ("branding.json", branding.to_string()),
        ("clients/receiverconfig.cr", String::new()),
    ];
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
    assert!(address.ends_with("/receiverconfig.cr"), "{address}");
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
    let explanation = json!({ "farms": farms }).to_string();
    answer(&browser, [("Sessions/Explain", explanation)]).await;
    browser.sign_in(&env, "carol").await;
    browser.press("Why don\u{2019}t I see a session?").await;
    for text in [
        "Lab 1",
        "Sessions listed: 2.",
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

/// A row of a form.
fn row(id: &str, credential: &str, label: (&str, &str), input: &str) -> String {
    let (kind, text) = label;
    format!(
        "<Requirement><Credential><ID>{id}</ID><Type>{credential}</Type></Credential>\
         <Label><Text>{text}</Text><Type>{kind}</Type></Label><Input>{input}</Input></Requirement>"
    )
}

/// A form with these rows.
fn form(result: &str, post_back: &str, cancel: &str, rows: &[String]) -> String {
    let rows = rows.concat();
    format!(
        "<AuthenticateResponse xmlns=\"http://citrix.com/authentication/response/1\">\
         <Status>success</Status><Result>{result}</Result><StateContext>s1</StateContext>\
         <AuthenticationRequirements><PostBack>{post_back}</PostBack>\
         <CancelPostBack>{cancel}</CancelPostBack><CancelButtonText>Leave</CancelButtonText>\
         <Requirements>{rows}</Requirements></AuthenticationRequirements></AuthenticateResponse>"
    )
}

#[tokio::test]
async fn forms_are_drawn_as_the_server_describes_them() {
    // WA-65, WA-111
    let secret = "<Text><Secret>true</Secret><ReadOnly>false</ReadOnly><InitialValue/></Text>";
    let fixed = "<Text><Secret>false</Secret><ReadOnly>true</ReadOnly>\
                 <InitialValue>DEMO\\carol</InitialValue></Text>";
    let change = [
        row("", "none", ("heading", "New password"), ""),
        row("", "none", ("warning", "Yours has expired."), ""),
        row("", "none", ("plain", "Account"), fixed),
        row("oldPassword", "password", ("plain", "Old"), secret),
        row("newPassword", "newpassword", ("plain", "New"), secret),
        row("confirmPassword", "newpassword", ("plain", "Again"), secret),
        row(
            "changePasswordBtn",
            "none",
            ("none", ""),
            "<Button>Change</Button>",
        ),
    ];
    let done = [
        row("", "none", ("confirmation", "It was changed."), ""),
        row(
            "confirmBtn",
            "none",
            ("none", ""),
            "<Button>Continue</Button>",
        ),
    ];
    let answers = [
        (
            "ExplicitAuth/LoginAttempt",
            form(
                "update-credentials",
                "ExplicitAuth/SendForm",
                "ExplicitAuth/CancelForm",
                &change,
            ),
        ),
        (
            "ExplicitAuth/SendForm",
            form("more-info", "ExplicitAuth/Confirm", "", &done),
        ),
        (
            "ExplicitAuth/Confirm",
            "<AuthenticationStatus><Result>fail</Result><LogMessage>fatalerror</LogMessage>\
             </AuthenticationStatus>"
                .to_owned(),
        ),
    ];
    let env = site::modern(MANUAL).await;
    let browser = Browser::start().await;
    answer(&browser, answers).await;
    browser.open(&env).await;
    browser.fill("carol", "expired").await;
    for text in ["New password", "Yours has expired.", "DEMO\\carol", "Leave"] {
        browser.sees(text).await;
    }
    assert_accessible(&browser, "new password").await;
    let focused = browser.run("return document.activeElement.id").await;
    assert_eq!(focused, "field-oldPassword");
    for (id, value) in [
        ("oldPassword", "expired"),
        ("newPassword", "a&b"),
        ("confirmPassword", "c=d"),
    ] {
        let field = browser.element(&format!("#field-{id}")).await;
        let hint = field.attr("autocomplete").await.unwrap().unwrap();
        assert_eq!(hint == "new-password", id != "oldPassword", "{id}: {hint}");
        field.send_keys(value).await.unwrap();
    }
    browser.press("Change").await;
    browser.sees("It was changed.").await;
    assert!(!browser.text().await.contains("Leave"));
    browser.press("Continue").await;
    browser.sees("The sign-in did not work.").await;
    let sent = browser.run("return sent").await;
    assert_eq!(
        sent[1],
        "ExplicitAuth/SendForm oldPassword=expired&newPassword=a%26b&confirmPassword=c%3Dd\
         &changePasswordBtn=Change&StateContext=s1"
    );
    assert_eq!(
        sent[2],
        "ExplicitAuth/Confirm confirmBtn=Continue&StateContext=s1"
    );
    browser.assert_no_console_error().await;
}
