//! Change of an expired password, or of one that must be changed, during the sign-in (CA-74).

use jiff::Timestamp;
use roamd_farm::{AccountChange, AccountState, World};
use roamd_nfuse_proto::{
    Body, CapabilitiesResponse, CapabilityId, Dialect, Encoding, Frame, encode_response,
};
use roamd_store_proto::auth::{Form, FormResult, FormStatus};
use roamd_testkit::{Script, ScriptedController};
use roamd_testsuite::{
    Clock, Conversation, Options, Response, STORE_PATH, SignedIn, TestEnvironment, TokenService,
    challenge_of, request_token, session_params, sign_in, token_of,
};

pub(crate) const OLD: &str = "roam-demo";
pub(crate) const NEW: &str = "Neues Kennwort 1!";
const STATE: &str = "application/vnd.citrix.sessionstate+xml";

/// Starts a test environment with this state of alice's account.
async fn env(account: AccountState) -> TestEnvironment {
    env_at(Clock::System, account).await
}

/// Like [`env`], with another clock.
async fn env_at(clock: Clock, account: AccountState) -> TestEnvironment {
    let mut world = World::demo();
    world.domains[0].users[0].account = account;
    TestEnvironment::start(Options {
        world,
        clock,
        ..Options::default()
    })
    .await
}

/// Returns the conversation at the form for a new password, after alice has sent her old one.
pub(crate) async fn asked(service: &TokenService) -> Conversation {
    let conversation = service.begin().await;
    let response = conversation.attempt("alice", OLD, Some("DEMO")).await;
    let cookie = response.header("set-cookie").unwrap().to_owned();
    let conversation = Conversation {
        cookie,
        ..conversation.next(&response)
    };
    assert_eq!(conversation.form.result, FormResult::UPDATE_CREDENTIALS);
    conversation
}

pub(crate) async fn change(
    conversation: &Conversation,
    old: &str,
    new: &str,
    again: &str,
) -> Response {
    let context = &conversation.form.state_context;
    let cookie = Some(&*conversation.cookie);
    change_by(conversation, cookie, context, [old, new, again]).await
}

async fn change_by(
    conversation: &Conversation,
    cookie: Option<&str>,
    context: &str,
    [old, new, again]: [&str; 3],
) -> Response {
    let fields = [
        ("changePasswordBtn", "Change"),
        ("oldPassword", old),
        ("newPassword", new),
        ("confirmPassword", again),
        // The client cannot choose the user.
        ("username", "bob"),
    ];
    conversation.post(cookie, context, &fields).await
}

fn form(response: &Response) -> Form {
    assert_eq!(response.status, 200, "{}", response.text());
    Form::from_xml(&response.body).unwrap()
}

/// Returns the text of the error label.
fn error(response: &Response) -> String {
    let form = form(response);
    assert_eq!(form.result, FormResult::UPDATE_CREDENTIALS);
    let mut lines = form.requirements.into_iter();
    let line = lines.find(|line| line.label_type == "error").unwrap();
    line.label.unwrap()
}

/// Returns the text of a failure that ends the conversation.
fn failure(response: &Response) -> String {
    let form = form(response);
    assert_eq!((form.result, form.post_back), (FormResult::FAIL, None));
    form.log_message.unwrap()
}

fn with_token(env: &TestEnvironment, primary: String, token: String) -> SignedIn {
    SignedIn {
        server: env.server,
        store: STORE_PATH,
        token,
        primary,
    }
}

#[tokio::test]
async fn new_password_signs_in_and_ends_old_tokens() {
    for account in [AccountState::MustChange, AccountState::Expired] {
        let mut env = env(AccountState::Enabled).await;
        let before = sign_in(&env, "alice", OLD).await;
        assert!(!before.resources("DESK-C", "").await.is_empty());
        let has_to = AccountChange {
            account: Some(account),
            ..AccountChange::default()
        };
        let now = Timestamp::now();
        env.farms.set_account("alice", &has_to, now).unwrap();

        let service = TokenService::discover(env.server).await;
        let conversation = Conversation {
            server: env.second_server().await,
            ..asked(&service).await
        };
        let changed = change(&conversation, OLD, NEW, NEW).await;
        let primary = token_of(&changed);
        let token = token_of(&service.exchange(&primary).await);
        let after = with_token(&env, primary, token);
        assert!(!after.resources("DESK-C", "").await.is_empty());

        let body = session_params("DESK-C", "");
        let here = SignedIn {
            server: conversation.server,
            ..before.clone()
        };
        let refused = challenge_of(&here.post("available", STATE, &body).await);
        assert_eq!(refused.reason, "badpassword");
        // Another server learns it from the farms, which refuse its first list.
        before.post("available", STATE, &body).await;
        let refused = challenge_of(&before.post("available", STATE, &body).await);
        assert_eq!(refused.reason, "badpassword");
        let again = change(&conversation, OLD, NEW, NEW).await;
        assert_eq!(form(&again).status, FormStatus::SESSION_ID_INVALID, "CA-50");
        sign_in(&env, "alice", NEW).await;
        let old = service.begin().await;
        let old = old.attempt("alice", OLD, Some("DEMO")).await;
        assert_eq!(form(&old).result, FormResult::MORE_INFO);
        for text in [OLD, NEW] {
            assert!(!changed.text().contains(text));
            assert!(!env.server_files_contain(text) && !env.farm_files_contain(text));
        }
        assert_eq!(
            env.farms.accounts(now).unwrap()[0].account,
            AccountState::Enabled
        );
    }
}

#[tokio::test]
async fn unacceptable_new_password_is_requested_again() {
    let env = env(AccountState::MustChange).await;
    let service = TokenService::discover(env.server).await;
    for (old, new, again, expected) in [
        (OLD, NEW, "other", "The new passwords are not the same."),
        (OLD, NEW, "", "The new passwords are not the same."),
        (OLD, "", "", "Type a new password."),
        (OLD, "short", "short", "The new password is too short."),
        (
            OLD,
            OLD,
            OLD,
            "Choose a password that you have not used before.",
        ),
        ("wrong", NEW, NEW, "The old password is not correct."),
    ] {
        let mut conversation = asked(&service).await;
        let refused = change(&conversation, old, new, again).await;
        assert_eq!(error(&refused), expected);
        for text in [OLD, NEW] {
            assert!(!refused.text().contains(text), "CA-71");
        }
        conversation = conversation.next(&refused);
        for _ in 0..3 {
            let refused = change(&conversation, OLD, NEW, "slip").await;
            error(&refused);
        }
        let refused = change(&conversation, OLD, NEW, "slip").await;
        assert_eq!(failure(&refused), "Too many attempts. Try again later.");
        let over = change(&conversation, OLD, NEW, NEW).await;
        assert_eq!(form(&over).status, FormStatus::SESSION_ID_INVALID);
    }
}

#[tokio::test]
async fn change_is_found_by_cookie_or_state_context() {
    // CA-46
    for (cookie, context) in [(true, false), (false, true)] {
        let env = env(AccountState::Expired).await;
        let conversation = asked(&TokenService::discover(env.server).await).await;
        let cookie = cookie.then_some(&*conversation.cookie);
        let context = if context {
            &*conversation.form.state_context
        } else {
            ""
        };
        let response = change_by(&conversation, cookie, context, [OLD, NEW, NEW]).await;
        token_of(&response);
    }
}

#[tokio::test]
async fn guesses_through_a_password_change_are_counted() {
    let env = env_at(Clock::stopped(), AccountState::MustChange).await;
    let service = TokenService::discover(env.server.from([127, 0, 0, 9])).await;
    // Three guesses are checked. Then the right password has to wait as well.
    let conversation = asked(&service).await;
    for old in ["a", "b", "c"] {
        let refused = change(&conversation, old, NEW, NEW).await;
        assert_eq!(error(&refused), "The old password is not correct.");
    }
    let throttled = change(&conversation, OLD, NEW, NEW).await;
    let text = "Too many attempts. Wait one minute, then try again. Until then, no password is \
                checked.";
    assert_eq!(error(&throttled), text);
    let locked = env.farms.accounts(Timestamp::now()).unwrap();
    assert_eq!(
        locked[0].account,
        AccountState::MustChange,
        "nothing was changed"
    );
}

#[tokio::test]
async fn client_without_change_form_gets_instructions() {
    for (account, words) in [
        (AccountState::Expired, "has expired"),
        (AccountState::MustChange, "must change"),
    ] {
        let env = env(account).await;
        let service = TokenService::discover(env.server).await;
        let message = request_token(&service.tokens.realm, &service.tokens.hint, "");
        let types = (
            "X-Citrix-AM-CredentialTypes",
            "none,username,password,domain",
        );
        let begun = service.start_with(&[types], &message).await;
        let conversation = Conversation {
            cookie: begun.header("set-cookie").unwrap().to_owned(),
            ..service.begin().await.next(&begun)
        };
        let refused = conversation.attempt("alice", OLD, Some("DEMO")).await;
        let text = failure(&refused);
        assert!(text.contains(words), "{text}");
    }
}

/// Starts a test environment with a scripted farm that requires a new password for alice.
pub(crate) async fn scripted(
    capabilities: &[CapabilityId],
) -> (TestEnvironment, ScriptedController) {
    scripted_with(capabilities, "always").await
}

/// Like [`scripted`], with this `password_change` of `[authentication]`.
pub(crate) async fn scripted_with(
    capabilities: &[CapabilityId],
    policy: &str,
) -> (TestEnvironment, ScriptedController) {
    let farm = ScriptedController::healthy().await;
    farm.set_content(
        "ValidateCredentials",
        "<ErrorId>must-change-credentials</ErrorId>",
    );
    let frame = Frame {
        dialect: Dialect::new(5, 5),
        encoding: Encoding::Utf8,
    };
    let response = CapabilitiesResponse {
        capabilities: capabilities.to_vec(),
    };
    let name = CapabilitiesResponse::ELEMENT.trim_start_matches("Response");
    farm.set_script(name, Script::body(encode_response(&frame, &Ok(response))));
    let env = TestEnvironment::start(Options {
        authentication: format!(
            "domains = [\"DEMO\"]\ncredentials = \"SCRIPTED\"\npassword_change = \"{policy}\""
        ),
        more_sections: farm.farm_section("SCRIPTED", "SCRIPTED"),
        ..Options::default()
    })
    .await;
    (env, farm)
}

#[tokio::test]
async fn change_is_sent_only_to_farms_that_announce_it() {
    let (env, farm) = scripted(&[CapabilityId::TICKET_INVALIDATION]).await;
    let service = TokenService::discover(env.server).await;
    let conversation = service.begin().await;
    let refused = conversation.attempt("alice", OLD, Some("DEMO")).await;
    assert!(failure(&refused).contains("must change"));
    assert_eq!(farm.request_count("ChangePassword"), 0);
}

/// SI-22.
#[tokio::test]
async fn change_is_not_offered_if_the_policy_forbids_it() {
    for (policy, is_offered) in [("always", true), ("expired", true), ("never", false)] {
        let announces = [CapabilityId::PASSWORD_CHANGE];
        let (env, farm) = scripted_with(&announces, policy).await;
        let service = TokenService::discover(env.server).await;
        let conversation = service.begin().await;
        let response = conversation.attempt("alice", OLD, Some("DEMO")).await;
        let is_form = form(&response).result == FormResult::UPDATE_CREDENTIALS;
        assert_eq!(is_form, is_offered, "{policy}");
        assert_eq!(farm.request_count("ChangePassword"), 0);
    }
}

#[tokio::test]
async fn change_is_never_repeated_and_unclear_results_are_reported() {
    let announces = [CapabilityId::PASSWORD_CHANGE];
    let cut = || Script::bytes("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n").then_close();
    let document = |content| Script::body(roamd_testkit::document("ChangePassword", content));
    for (script, expected) in [
        (cut(), "may have been changed"),
        (Script::reset(), "may have been changed"),
        (Script::body("<html/>"), "may have been changed"),
        (
            document("<ErrorId>unspecified</ErrorId>"),
            "cannot be signed in now",
        ),
        // The password was changed, but the new one cannot be checked.
        (document(""), "Your password was changed."),
    ] {
        let (env, farm) = scripted(&announces).await;
        farm.set_script("ChangePassword", script);
        let conversation = asked(&TokenService::discover(env.server).await).await;
        farm.set_content(
            "ValidateCredentials",
            "<ErrorId>service-unavailable</ErrorId>",
        );
        let response = change(&conversation, OLD, NEW, NEW).await;
        let text = failure(&response);
        assert!(text.contains(expected), "{text}");
        assert_eq!(farm.request_count("ChangePassword"), 1, "{expected}");
        let over = change(&conversation, OLD, NEW, NEW).await;
        assert_eq!(form(&over).status, FormStatus::SESSION_ID_INVALID);
    }
}
