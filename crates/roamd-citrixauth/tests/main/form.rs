//! The forms (CA-52 to CA-62, CA-70 to CA-75).

use roamd_citrixauth::{
    ConversationRefusal, ConversationReply, Conversations, CredentialRefusal, FormPolicy,
    Negotiation, StartedConversation, StatedWait,
};
use roamd_store_proto::Language;
use roamd_store_proto::auth::{
    Form, FormPost, FormResult, FormStatus, Requirement, RequirementKind,
};

use crate::conversation::{everything, resume, start};
use crate::{at, conversations, form_policy, keys, rng, service, token_realm};

fn ids(form: &Form) -> Vec<&str> {
    form.requirements
        .iter()
        .filter_map(|line| line.id.as_deref())
        .collect()
}

fn line<'a>(form: &'a Form, id: &str) -> &'a Requirement {
    let mut lines = form.requirements.iter();
    lines.find(|line| line.id.as_deref() == Some(id)).expect(id)
}

fn started(policy: FormPolicy, negotiation: Negotiation) -> StartedConversation {
    let service = service(&token_realm(), None);
    Conversations::new(keys(), policy).start(
        service,
        negotiation,
        Language::English,
        at(0),
        &mut rng(),
    )
}

/// Returns the response to the `failures`th refused post.
fn refuse(post: &FormPost, refusal: CredentialRefusal, failures: u32) -> ConversationReply {
    let started = start();
    let conversation = resume(&started, post).unless_spent(false).unwrap();
    conversations().refuse(
        &conversation,
        post,
        refusal,
        failures,
        Language::English,
        &mut rng(),
    )
}

fn filled() -> FormPost {
    FormPost {
        user_name: Some("mia".to_owned()),
        password: Some("wrong-password".into()),
        domain: Some("guest".to_owned()),
        save_credentials: true,
        ..FormPost::default()
    }
}

#[test]
fn sign_in_form_has_the_specified_rows_in_order() {
    let form = start().form;
    assert_eq!(
        (&form.status, &form.result),
        (&FormStatus::SUCCESS, &FormResult::MORE_INFO)
    );
    let lines: Vec<_> = form
        .requirements
        .iter()
        .map(|line| {
            let id = line.id.as_deref().unwrap_or("-");
            let save_id = line.save_id.as_deref().unwrap_or("-");
            (
                id,
                save_id,
                line.credential_type.as_str(),
                line.label_type.as_str(),
            )
        })
        .collect();
    // CA-61: clients hard-code the identifiers.
    assert_eq!(
        lines,
        [
            ("-", "-", "none", "heading"),
            ("username", "ExplicitForms-Username", "username", "plain"),
            ("password", "ExplicitForms-Password", "password", "plain"),
            ("domain", "ExplicitForms-Domain", "domain", "plain"),
            ("saveCredentials", "-", "savecredentials", "plain"),
            ("loginBtn", "-", "none", "none"),
        ]
    );
    // CA-58.
    for path in [&form.post_back, &form.cancel_post_back] {
        assert!(path.as_deref().unwrap().starts_with("/Citrix/"));
    }
    let RequirementKind::Text {
        secret: true,
        initial,
        ..
    } = &line(&form, "password").kind
    else {
        panic!("the password is typed openly");
    };
    assert_eq!(initial, "");
    let RequirementKind::Combo { initial, values } = &line(&form, "domain").kind else {
        panic!("no choice of domains");
    };
    assert_eq!(initial.as_deref(), Some("LAB"));
    assert_eq!(values[1], ("Guests".to_owned(), "GUEST".to_owned()));
}

#[test]
fn form_without_domain_list_has_no_domain_field() {
    // CA-62.
    let policy = FormPolicy {
        domains: vec![],
        ..form_policy()
    };
    let form = started(policy, everything()).form;
    assert_eq!(
        ids(&form),
        ["username", "password", "saveCredentials", "loginBtn"]
    );
}

/// SI-22: the domains stay those of typed names.
#[test]
fn hidden_domain_field_is_not_in_the_form() {
    let policy = FormPolicy {
        hide_domain_field: true,
        ..form_policy()
    };
    let form = started(policy, everything()).form;
    assert_eq!(
        ids(&form),
        ["username", "password", "saveCredentials", "loginBtn"]
    );
}

#[test]
fn fields_that_the_client_does_not_support_are_left_out() {
    // CA-52 to CA-54.
    let all = [
        "username",
        "password",
        "domain",
        "saveCredentials",
        "loginBtn",
    ];
    let least = ["username", "password", "loginBtn"];
    for (credential_types, expected) in [
        (None, &all[..]),
        (Some(" "), &all),
        (
            Some("none, username, domain, password, savecredentials"),
            &all,
        ),
        (Some("none,UserName,Password"), &least),
        (
            Some("none , username , password , newpassword, x-unknown"),
            &least,
        ),
        (
            Some("username,password,domain"),
            &["username", "password", "domain", "loginBtn"],
        ),
    ] {
        let negotiation = Negotiation::from_headers(credential_types, None).unwrap();
        let form = started(form_policy(), negotiation).form;
        assert_eq!(ids(&form), expected, "{credential_types:?}");
    }
    for (label_types, expected) in [
        (None, "heading"),
        (Some("none, plain, heading"), "heading"),
        (Some("none, plain, error"), "plain"),
    ] {
        let negotiation = Negotiation::from_headers(None, label_types).unwrap();
        let form = started(form_policy(), negotiation).form;
        assert_eq!(form.requirements[0].label_type, expected, "{label_types:?}");
    }
}

#[test]
fn client_without_user_name_and_password_is_refused() {
    // CA-54.
    for list in ["none", "username, domain", "password", "none, passcode"] {
        let refusal = Negotiation::from_headers(Some(list), None).unwrap_err();
        assert_eq!(refusal, ConversationRefusal::ClientLacksFields, "{list}");
        assert_eq!(refusal.form(Language::English).result, FormResult::FAIL);
        assert!(refusal.form(Language::English).log_message.is_some());
    }
}

#[test]
fn failed_attempts_show_the_same_text_for_all_causes() {
    // CA-70.
    let causes = [
        CredentialRefusal::BadCredentials,
        CredentialRefusal::Disabled,
        CredentialRefusal::LockedOut,
    ];
    let texts = causes.map(|refusal| {
        assert!(refusal.is_failed_attempt());
        let ConversationReply::Again(form) = refuse(&filled(), refusal, 1) else {
            panic!("{refusal:?} ended the conversation");
        };
        assert_eq!(
            (&form.status, &form.result),
            (&FormStatus::SUCCESS, &FormResult::MORE_INFO)
        );
        let mut errors = form
            .requirements
            .iter()
            .filter(|line| line.label_type == "error");
        let error = errors.next().unwrap();
        assert_eq!(error.highlight, ["username", "password"]);
        assert!(errors.next().is_none());
        error.label.clone().unwrap()
    });
    assert_eq!(
        texts,
        [(); 3].map(|()| "Incorrect user name or password".to_owned())
    );
}

#[test]
fn repeated_form_keeps_user_and_domain_but_no_password() {
    // CA-71.
    let reply = refuse(&filled(), CredentialRefusal::BadCredentials, 1);
    let form = reply.form();
    let RequirementKind::Text { initial, .. } = &line(form, "username").kind else {
        panic!("no user name");
    };
    assert_eq!(initial, "mia");
    let RequirementKind::Combo { initial, .. } = &line(form, "domain").kind else {
        panic!("no domain");
    };
    assert_eq!(initial.as_deref(), Some("GUEST"));
    let box_ = &line(form, "saveCredentials").kind;
    assert_eq!(box_, &RequirementKind::CheckBox { initial: true });
    let xml = String::from_utf8(form.to_xml()).unwrap();
    assert!(!xml.contains("wrong-password"), "{xml}");
}

#[test]
fn invalid_user_name_is_not_sent_back() {
    for name in ["a\u{0}b", "a\nb", "a\u{ffff}b", &"x".repeat(10_000)] {
        let post = FormPost {
            user_name: Some(name.to_owned()),
            ..filled()
        };
        let reply = refuse(&post, CredentialRefusal::BadCredentials, 1);
        let RequirementKind::Text { initial, .. } = &line(reply.form(), "username").kind else {
            panic!("no user name");
        };
        assert_eq!(initial, "");
    }
}

#[test]
fn last_failed_attempt_ends_the_conversation() {
    // CA-72.
    for failures in 1..FormPolicy::MAX_ATTEMPTS {
        let reply = refuse(&filled(), CredentialRefusal::BadCredentials, failures);
        assert!(matches!(reply, ConversationReply::Again(_)), "{failures}");
    }
    for failures in [FormPolicy::MAX_ATTEMPTS, FormPolicy::MAX_ATTEMPTS + 1] {
        let ConversationReply::End(form) =
            refuse(&filled(), CredentialRefusal::BadCredentials, failures)
        else {
            panic!("still no end after {failures}");
        };
        assert_eq!(
            (&form.status, &form.result),
            (&FormStatus::SUCCESS, &FormResult::FAIL)
        );
        assert_eq!(
            form.log_message.as_deref(),
            Some("Too many attempts. Try again later.")
        );
        assert_eq!(form.state_context, "");
    }
}

#[test]
fn early_attempt_shows_the_time_to_wait() {
    // CA-70.
    let post = filled();
    let conversation = resume(&start(), &post).unless_spent(false).unwrap();
    for (language, minutes, text) in [
        (Language::English, 1, "Wait one minute, then try again."),
        (Language::English, 15, "Wait 15 minutes, then try again."),
        (Language::German, 1, "Warten Sie eine Minute "),
        (Language::German, 2, "Warten Sie 2 Minuten "),
        (Language::French, 4, "Attendez 4 minutes, "),
        (Language::Spanish, 8, "Espere 8 minutos "),
        (Language::Japanese, 16, "16 分待ってから"),
    ] {
        let wait = StatedWait { minutes };
        let form = conversations().ask_to_wait(&conversation, &post, wait, language, &mut rng());
        assert_eq!(
            (&form.status, &form.result),
            (&FormStatus::SUCCESS, &FormResult::MORE_INFO)
        );
        let mut errors = form.requirements.iter();
        let error = errors.find(|line| line.label_type == "error").unwrap();
        let label = error.label.as_deref().unwrap();
        assert!(label.contains(text), "{label}");
        // No field is wrong, and the user name stays.
        assert!(error.highlight.is_empty());
        let RequirementKind::Text { initial, .. } = &line(&form, "username").kind else {
            panic!("no user name");
        };
        assert_eq!(initial, "mia");
    }
}

#[test]
fn other_refusals_end_the_conversation() {
    for (refusal, status, text) in [
        (
            CredentialRefusal::Expired,
            FormStatus::SUCCESS,
            "has expired",
        ),
        (
            CredentialRefusal::MustChange,
            FormStatus::SUCCESS,
            "must change",
        ),
        (
            CredentialRefusal::Unavailable,
            FormStatus::SERVICE_UNAVAILABLE,
            "Try again later",
        ),
    ] {
        assert!(!refusal.is_failed_attempt());
        let ConversationReply::End(form) = refuse(&filled(), refusal, 0) else {
            panic!("{refusal:?} gave the form again");
        };
        assert_eq!((form.status, form.result), (status, FormResult::FAIL));
        assert!(form.log_message.unwrap().contains(text), "{refusal:?}");
    }
}

#[test]
fn cancellation_returns_a_cancelled_form() {
    // CA-73.
    let form = Conversations::cancelled();
    assert_eq!(
        (form.status, form.result),
        (FormStatus::SUCCESS, FormResult::CANCELLED)
    );
    assert_eq!((form.state_context.as_str(), form.log_message), ("", None));
}

#[test]
fn refused_conversation_returns_a_failure_with_status() {
    // CA-46, CA-51, CA-75.
    for (refusal, status) in [
        (
            ConversationRefusal::SessionIdInvalid,
            "error-sessionid-invalid",
        ),
        (
            ConversationRefusal::SessionIdExpired,
            "error-sessionid-expired",
        ),
        (
            ConversationRefusal::StateContextInvalid,
            "error-state-context-invalid",
        ),
    ] {
        let form = refusal.form(Language::English);
        assert_eq!(
            (form.status.0.as_ref(), form.result),
            (status, FormResult::FAIL)
        );
        assert!(form.requirements.is_empty());
    }
}

#[test]
fn form_is_in_the_requested_language() {
    // ST-8: texts for programs are not translated.
    let shape = |form: &Form| {
        let lines = form.requirements.iter();
        let lines = lines.map(|line| (line.id.clone(), line.credential_type.clone()));
        (
            form.status.clone(),
            form.result.clone(),
            lines.collect::<Vec<_>>(),
        )
    };
    let labels = |form: &Form| {
        let lines = form.requirements.iter();
        lines
            .filter_map(|line| line.label.clone())
            .collect::<Vec<_>>()
    };
    let of = |language| {
        let service = service(&token_realm(), None);
        let started = conversations().start(service, everything(), language, at(0), &mut rng());
        started.form
    };
    let english = of(Language::English);
    assert_eq!(
        labels(&english),
        [
            "Sign in",
            "User name",
            "Password",
            "Domain",
            "Keep me signed in"
        ]
    );
    let german = of(Language::German);
    assert_eq!(
        labels(&german),
        [
            "Anmelden",
            "Benutzername",
            "Kennwort",
            "Domäne",
            "Angemeldet bleiben"
        ]
    );
    for language in Language::ALL {
        let form = of(language);
        assert_eq!(shape(&form), shape(&english));
        let is_other = language != Language::English;
        assert_eq!(labels(&form) != labels(&english), is_other);
        let refused = ConversationRefusal::SessionIdExpired.form(language);
        assert!(refused.log_message.is_some_and(|text| !text.is_empty()));
    }
    let RequirementKind::Text { assistive, .. } = &line(&german, "username").kind else {
        panic!("no text box");
    };
    let hint = "benutzer, LAB\\benutzer oder benutzer@lab";
    assert_eq!(assistive.as_deref(), Some(hint));
}
