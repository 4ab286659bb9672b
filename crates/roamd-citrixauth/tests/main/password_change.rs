//! Changing a password in a conversation (CA-74).

use roamd_citrixauth::{
    ChangeReason, ChangeRefusal, Conversation, ConversationReply, Credentials, Negotiation,
    StartedConversation, StatedWait,
};
use roamd_store_proto::Language;
use roamd_store_proto::auth::{Form, FormPost, FormResult, FormStatus, RequirementKind};
use secrecy::ExposeSecret;

use crate::conversation::{resume, start};
use crate::{PASSWORD, at, conversations, rng, service, token_realm};

const ENGLISH: Language = Language::English;

fn mia() -> Credentials {
    Credentials {
        user_name: "mia".to_owned(),
        domain: "LAB".to_owned(),
        password: PASSWORD.into(),
    }
}

/// Returns a conversation that asks mia for a new password, because hers has expired.
fn changing() -> (Conversation, StartedConversation) {
    changing_because(ChangeReason::Required)
}

fn changing_because(reason: ChangeReason) -> (Conversation, StartedConversation) {
    let conversation = resume(&start(), &FormPost::default());
    let conversation = conversation.unless_spent(false).unwrap();
    let started = conversations()
        .ask_for_change(&conversation, &mia(), reason, ENGLISH, &mut rng())
        .unwrap();
    let resumed = resume(&started, &FormPost::default());
    assert_eq!(resumed.id(), conversation.id(), "the conversation goes on");
    (resumed.unless_spent(false).unwrap(), started)
}

fn typed(old: &str, new: &str, again: &str) -> FormPost {
    FormPost {
        user_name: Some("another user".to_owned()),
        old_password: Some(old.into()),
        new_password: Some(new.into()),
        confirm_password: Some(again.into()),
        ..FormPost::default()
    }
}

fn error(form: &Form) -> (&str, &[String]) {
    let mut errors = form.requirements.iter();
    let line = errors.find(|line| line.label_type == "error").unwrap();
    (line.label.as_deref().unwrap(), &line.highlight)
}

#[test]
fn change_form_has_old_password_and_new_one_twice() {
    let (_, started) = changing();
    let form = started.form;
    assert_eq!(form.status, FormStatus::SUCCESS);
    assert_eq!(form.result, FormResult::UPDATE_CREDENTIALS);
    let lines: Vec<_> = form
        .requirements
        .iter()
        .map(|line| {
            let id = line.id.as_deref().unwrap_or("-");
            let save_id = line.save_id.as_deref().unwrap_or("-");
            (id, save_id, line.credential_type.as_str())
        })
        .collect();
    assert_eq!(
        lines,
        [
            ("-", "-", "none"),
            ("-", "-", "username"),
            ("oldPassword", "-", "password"),
            ("newPassword", "ExplicitForms-Password", "newpassword"),
            ("confirmPassword", "-", "newpassword"),
            ("changePasswordBtn", "-", "none"),
        ]
    );
    let user = RequirementKind::ReadOnly(r"LAB\mia".to_owned());
    assert_eq!(form.requirements[1].kind, user);
    for line in &form.requirements[2..5] {
        let RequirementKind::Text {
            secret: true,
            initial,
            ..
        } = &line.kind
        else {
            panic!("{line:?}");
        };
        assert_eq!(initial, "");
    }
    let document = form.to_xml();
    assert_eq!(Form::from_xml(&document).unwrap(), form);
    let document = String::from_utf8(document).unwrap();
    assert!(!document.contains(PASSWORD), "{document}");
}

/// CA-74, WA-65
#[test]
fn change_form_says_expired_only_if_the_change_is_required() {
    for (reason, title) in [
        (
            ChangeReason::Required,
            "Your password has expired or must be changed. Choose a new one.",
        ),
        (ChangeReason::Wanted, "Change your password"),
    ] {
        let (conversation, started) = changing_because(reason);
        let refused = conversations().refuse_change(
            &conversation,
            ChangeRefusal::NotConfirmed,
            1,
            ENGLISH,
            &mut rng(),
        );
        let ConversationReply::Again(again) = refused else {
            panic!("{reason:?}: the form is not shown again");
        };
        for form in [started.form, again] {
            assert_eq!(form.requirements[0].label.as_deref(), Some(title));
        }
    }
}

#[test]
fn changed_account_is_that_of_the_conversation() {
    let (conversation, started) = changing();
    let change = conversations()
        .password_change(&conversation, &typed("old", "new", "new"))
        .unwrap()
        .unwrap();
    assert_eq!(change.credentials.user_name, "mia");
    assert_eq!(change.credentials.domain, "LAB");
    assert_eq!(change.credentials.password.expose_secret(), "old");
    assert_eq!(change.new_password.expose_secret(), "new");
    // Both cookie and state context: a client may return only one, or its old cookie.
    let with_context = FormPost {
        state_context: started.form.state_context,
        ..FormPost::default()
    };
    let old_cookie = resume_of(&conversation, &with_context);
    let asked = conversations().password_change(&old_cookie, &typed("old", "new", "new"));
    assert!(asked.is_some());
    let (plain, post) = (start(), typed("old", "new", "new"));
    let plain = resume(&plain, &FormPost::default())
        .unless_spent(false)
        .unwrap();
    assert!(conversations().password_change(&plain, &post).is_none());
}

/// Resumes the conversation of a post without cookie.
fn resume_of(expected: &Conversation, post: &FormPost) -> Conversation {
    let resumed = conversations().resume(None, post, at(1)).unwrap();
    assert_eq!(resumed.id(), expected.id());
    resumed.unless_spent(false).unwrap()
}

#[test]
fn invalid_change_is_refused_without_asking_a_farm() {
    let (conversation, _) = changing();
    let long = "x".repeat(1025);
    for (old, new, again, expected) in [
        ("", "new", "new", ChangeRefusal::OldPassword),
        ("old\0", "new", "new", ChangeRefusal::OldPassword),
        ("old", "", "", ChangeRefusal::NoPassword),
        ("old", &long, &long, ChangeRefusal::NoPassword),
        ("old", "ne\nw", "ne\nw", ChangeRefusal::NoPassword),
        ("old", "new", "", ChangeRefusal::NotConfirmed),
        ("old", "new", "New", ChangeRefusal::NotConfirmed),
        ("old", "old", "old", ChangeRefusal::UsedBefore),
    ] {
        let post = typed(old, new, again);
        let refused = conversations().password_change(&conversation, &post);
        assert_eq!(refused.unwrap().unwrap_err(), expected, "{old:?} {new:?}");
    }
    // A post of the sign-in form is not a change.
    let sign_in = FormPost {
        password: Some(PASSWORD.into()),
        ..FormPost::default()
    };
    let refused = conversations().password_change(&conversation, &sign_in);
    assert_eq!(refused.unwrap().unwrap_err(), ChangeRefusal::OldPassword);
}

#[test]
fn early_guess_at_the_old_password_shows_the_time_to_wait() {
    let (conversation, _) = changing();
    let post = typed("old", "new", "new");
    let wait = StatedWait { minutes: 2 };
    let form = conversations().ask_to_wait(&conversation, &post, wait, ENGLISH, &mut rng());
    assert_eq!(form.result, FormResult::UPDATE_CREDENTIALS);
    let (text, fields) = error(&form);
    assert!(text.contains("Wait 2 minutes"), "{text}");
    assert!(fields.is_empty());
}

#[test]
fn refused_change_shows_the_reason_or_ends() {
    use ChangeRefusal::{
        NoPassword, NotConfirmed, OldPassword, TooShort, Unavailable, Unsure, UsedBefore,
    };
    let (conversation, started) = changing();
    let refuse = |refusal, failures| {
        conversations().refuse_change(&conversation, refusal, failures, ENGLISH, &mut rng())
    };
    for (refusal, text, field) in [
        (
            OldPassword,
            "The old password is not correct.",
            "oldPassword",
        ),
        (NoPassword, "Type a new password.", "newPassword"),
        (
            NotConfirmed,
            "The new passwords are not the same.",
            "confirmPassword",
        ),
        (TooShort, "The new password is too short.", "newPassword"),
        (
            UsedBefore,
            "Choose a password that you have not used before.",
            "newPassword",
        ),
    ] {
        let ConversationReply::Again(form) = refuse(refusal, 4) else {
            panic!("{refusal:?}");
        };
        assert_eq!(form.result, FormResult::UPDATE_CREDENTIALS);
        assert_eq!(error(&form), (text, &[field.to_owned()][..]));
        assert_ne!(form.state_context, started.form.state_context);
        let ConversationReply::End(form) = refuse(refusal, 5) else {
            panic!("{refusal:?}");
        };
        let text = form.log_message.as_deref();
        assert_eq!(text, Some("Too many attempts. Try again later."), "CA-72");
    }
    for (refusal, status, text) in [
        (
            Unavailable,
            FormStatus::SERVICE_UNAVAILABLE,
            "cannot be signed in now",
        ),
        (Unsure, FormStatus::SUCCESS, "may have been changed"),
    ] {
        let ConversationReply::End(form) = refuse(refusal, 0) else {
            panic!("{refusal:?}");
        };
        assert_eq!((form.status, form.result), (status, FormResult::FAIL));
        assert!(form.log_message.unwrap().contains(text), "{refusal:?}");
    }
}

#[test]
fn change_is_not_offered_to_clients_without_support() {
    // CA-52, CA-54
    for (types, is_asked) in [
        (None, true),
        (Some("none,username,password,newpassword"), true),
        (Some("none,username,password"), false),
    ] {
        let negotiation = Negotiation::from_headers(types, None).unwrap();
        let service = service(&token_realm(), None);
        let started = conversations().start(service, negotiation, ENGLISH, at(0), &mut rng());
        let conversation = resume(&started, &FormPost::default());
        let conversation = conversation.unless_spent(false).unwrap();
        let asked = conversations().ask_for_change(
            &conversation,
            &mia(),
            ChangeReason::Required,
            ENGLISH,
            &mut rng(),
        );
        assert_eq!(asked.is_some(), is_asked, "{types:?}");
    }
}
