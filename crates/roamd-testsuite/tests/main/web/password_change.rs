//! Change of a password at a web site (WA-65).

use roamd_farm::{AccountState, World};
use roamd_nfuse_proto::CapabilityId;
use roamd_testsuite::{Options, Response, TestEnvironment};

use super::browser::{Browser, assert_challenge, assert_refused, set_cookies};
use crate::password_change::{NEW, OLD, scripted, scripted_with};

const FATAL: &str = "<Result>fail</Result><LogMessage>fatalerror</LogMessage>";
const TIMEOUT: &str = "<Result>fail</Result><LogMessage>sessiontimeout</LogMessage>";

/// Returns the URL to which a form is posted. Panics unless it is one that changes a password.
fn post_back(form: &Response) -> String {
    let text = form.text();
    assert!(
        text.contains("<Result>update-credentials</Result><StateContext/>"),
        "{text}"
    );
    for password in [OLD, NEW] {
        assert!(!text.contains(password), "{text}");
    }
    let rest = text.split_once("<PostBack>").unwrap().1;
    let url = rest.split_once("</PostBack>").unwrap().0.to_owned();
    assert!(url.starts_with("ExplicitAuth/SendForm/"), "{url}");
    url
}

async fn change(browser: &mut Browser, url: &str, [old, new, again]: [&str; 3]) -> Response {
    let body = form_urlencoded::Serializer::new(String::new())
        .append_pair("oldPassword", old)
        .append_pair("newPassword", new)
        .append_pair("confirmPassword", again)
        // The client cannot choose the user.
        .append_pair("username", "DEMO\\bob")
        .append_pair("changePasswordBtn", "OK")
        .append_pair("StateContext", "")
        .finish();
    browser.post(url, &body).await
}

#[tokio::test]
async fn expired_password_is_changed_while_signing_in() {
    for account in [AccountState::Expired, AccountState::MustChange] {
        let mut world = World::demo();
        world.domains[0].users[0].account = account;
        let mut env = TestEnvironment::start(Options {
            world,
            ..Options::default()
        })
        .await;
        let mut browser = Browser::new(&env);
        let form = browser.sign_in("alice", OLD).await;
        let url = post_back(&form);
        assert_eq!(set_cookies(&form), [""; 0], "not signed in yet");
        for part in [
            "<CancelPostBack>ExplicitAuth/CancelForm</CancelPostBack>",
            "DEMO\\alice",
            "<ID>oldPassword</ID>",
            "<ID>newPassword</ID>",
            "<ID>confirmPassword</ID>",
            "<ID>changePasswordBtn</ID>",
        ] {
            assert!(form.text().contains(part), "{part}");
        }
        let refused = change(&mut browser, &url, [OLD, NEW, "slip"]).await;
        assert!(refused.text().contains("<Type>error</Type>"));
        let url = post_back(&refused);
        let challenge = browser.post("Sessions/ListAvailable", "").await;
        assert_challenge(&challenge, "not signed in yet");
        // Every server can read the state of the form.
        browser.server = env.second_server().await;
        let changed = change(&mut browser, &url, [OLD, NEW, NEW]).await;
        let text = changed.text();
        assert!(text.contains("<Result>success</Result>"), "{text}");
        assert!(text.contains("<IsChangePasswordEnabled>true</"), "{text}");
        let name = browser.post("Authentication/GetUserName", "").await;
        assert_eq!(name.text(), "alice");
        let old = Browser::new(&env).sign_in("alice", OLD).await;
        assert!(old.text().contains("Incorrect"), "{}", old.text());
        let new = Browser::new(&env).sign_in("alice", NEW).await;
        assert!(new.text().contains("success"), "{}", new.text());
    }
}

#[tokio::test]
async fn user_who_is_signed_in_can_change_the_password() {
    let env = TestEnvironment::demo().await;
    let mut browser = Browser::signed_in(&env, "alice").await;
    let mut old = browser.clone();
    for below in [
        "Authentication/GetChangeCredentialForm",
        "ExplicitAuth/GetChangeCredentialForm",
    ] {
        let stranger = Browser::new(&env).post(below, "").await;
        assert_challenge(&stranger, below);
        post_back(&browser.post(below, "").await);
    }
    let form = browser
        .post("ExplicitAuth/GetChangeCredentialForm", "")
        .await;
    let url = post_back(&form);
    let wrong = change(&mut browser, &url, ["wrong-one", NEW, NEW]).await;
    let label = "The old password is not correct.";
    assert!(wrong.text().contains(label), "{}", wrong.text());
    let changed = change(&mut browser, &url, [OLD, NEW, NEW]).await;
    assert!(changed.text().contains("success"), "{}", changed.text());
    let mut audit = env.audit();
    let listed = browser.post("Sessions/Disconnect", "").await;
    let lines = audit.lines_until(&listed).await;
    let events: Vec<_> = lines.iter().map(|it| it["event"].clone()).collect();
    let expected = [
        "sign-in",
        "password-change-refused",
        "password-changed",
        "sign-in",
        "token-destroyed",
        "disconnect",
    ];
    assert_eq!(events, expected);
    assert_challenge(&old.post("Sessions/ListAvailable", "").await, "replaced");
}

#[tokio::test]
async fn form_of_another_session_changes_nothing() {
    let mut world = World::demo();
    world.domains[0].users[0].account = AccountState::Expired;
    let env = TestEnvironment::start(Options {
        world,
        ..Options::default()
    })
    .await;
    let mut browser = Browser::new(&env);
    let url = post_back(&browser.sign_in("alice", OLD).await);
    let mut other = Browser::signed_in(&env, "bob").await;
    let stolen = change(&mut other, &url, [OLD, NEW, NEW]).await;
    assert!(stolen.text().contains(TIMEOUT), "{}", stolen.text());
    let mut stranger = Browser::new(&env);
    let stolen = change(&mut stranger, &url, [OLD, NEW, NEW]).await;
    assert!(stolen.text().contains(TIMEOUT), "{}", stolen.text());
    let forged = change(&mut browser, "ExplicitAuth/SendForm/QTcx", [OLD, NEW, NEW]).await;
    assert_refused(&forged, 404, "forged state");
    // Without a state, the form is that of the sign-in.
    let fixed = change(&mut browser, "ExplicitAuth/SendForm", [OLD, NEW, NEW]).await;
    assert!(
        fixed.text().contains("<Type>error</Type>"),
        "{}",
        fixed.text()
    );
    let empty = browser.post(&url, "StateContext=").await;
    assert_refused(&empty, 400, "no fields");
    let changed = change(&mut browser, &url, [OLD, NEW, NEW]).await;
    assert!(changed.text().contains("success"), "{}", changed.text());
}

/// SI-22.
#[tokio::test]
async fn form_of_a_user_who_is_signed_in_needs_the_policy_always() {
    let announces = [CapabilityId::PASSWORD_CHANGE];
    for (policy, is_offered) in [("always", true), ("expired", false), ("never", false)] {
        let (env, farm) = scripted_with(&announces, policy).await;
        farm.set_content("ValidateCredentials", "");
        let mut browser = Browser::new(&env);
        let signed_in = browser.sign_in("alice", OLD).await;
        let says_so = signed_in.text().contains("IsChangePasswordEnabled");
        assert_eq!(says_so, is_offered, "{policy}");
        let form = browser
            .post("ExplicitAuth/GetChangeCredentialForm", "")
            .await;
        assert_eq!(form.text().contains(FATAL), !is_offered, "{policy}");
    }
}

#[tokio::test]
async fn farm_that_cannot_change_passwords_is_not_asked() {
    let (env, farm) = scripted(&[CapabilityId::TICKET_INVALIDATION]).await;
    let expired = Browser::new(&env).sign_in("alice", OLD).await;
    assert!(expired.text().contains(FATAL), "{}", expired.text());
    farm.set_content("ValidateCredentials", "");
    let mut browser = Browser::new(&env);
    let signed_in = browser.sign_in("alice", OLD).await;
    assert!(!signed_in.text().contains("IsChangePasswordEnabled"));
    let form = browser
        .post("ExplicitAuth/GetChangeCredentialForm", "")
        .await;
    assert!(form.text().contains(FATAL), "{}", form.text());
    assert_eq!(farm.request_count("ChangePassword"), 0);
}
