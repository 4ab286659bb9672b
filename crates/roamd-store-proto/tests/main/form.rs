//! Forms, citrixauth.md §5.3 to §5.6.

use roamd_store_proto::auth::{Form, FormResult, FormStatus, Requirement, RequirementKind};
use roamd_xml::FaultKind;

use crate::{ascii, compact, fault};

fn owned(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn line(id: &str, save_id: Option<&str>, kind: &str, label: &str) -> Requirement {
    Requirement {
        id: owned(id),
        save_id: save_id.map(str::to_owned),
        credential_type: kind.to_owned(),
        label: owned(label),
        label_type: "plain".to_owned(),
        ..Requirement::default()
    }
}

fn text(secret: bool, assistive: Option<&str>) -> RequirementKind {
    let assistive = assistive.map(str::to_owned);
    RequirementKind::Text {
        secret,
        initial: String::new(),
        assistive,
    }
}

fn sign_in() -> Form {
    Form {
        status: FormStatus::SUCCESS,
        result: FormResult::MORE_INFO,
        state_context: "q7Zk2mN4-xv1".to_owned(),
        log_message: None,
        post_back: owned("/Citrix/StoreAuth/ExplicitForms/AuthenticateAttempt"),
        cancel_post_back: owned("/Citrix/StoreAuth/ExplicitForms/CancelAuthenticate"),
        cancel_button_text: owned("Cancel"),
        requirements: vec![
            Requirement {
                id: None,
                label_type: "heading".to_owned(),
                ..line("", None, "none", "Sign in to the lab")
            },
            Requirement {
                kind: text(false, Some(r"user, LAB\user or user@lab.example")),
                ..line(
                    "username",
                    Some("ExplicitForms-Username"),
                    "username",
                    "User name",
                )
            },
            Requirement {
                kind: text(true, None),
                ..line(
                    "password",
                    Some("ExplicitForms-Password"),
                    "password",
                    "Password",
                )
            },
            Requirement {
                kind: RequirementKind::Combo {
                    initial: owned("LAB"),
                    values: vec![
                        ("Lab".to_owned(), "LAB".to_owned()),
                        ("Guests".to_owned(), "GUEST".to_owned()),
                    ],
                },
                ..line("domain", Some("ExplicitForms-Domain"), "domain", "Domain")
            },
            Requirement {
                kind: RequirementKind::CheckBox { initial: false },
                ..line(
                    "saveCredentials",
                    None,
                    "savecredentials",
                    "Keep me signed in",
                )
            },
            Requirement {
                label: None,
                label_type: "none".to_owned(),
                kind: RequirementKind::Button("Log On".to_owned()),
                ..line("loginBtn", None, "none", "")
            },
        ],
    }
}

fn ended(result: FormResult, log_message: Option<&str>) -> Form {
    Form {
        status: FormStatus::SUCCESS,
        result,
        state_context: String::new(),
        log_message: log_message.map(str::to_owned),
        post_back: None,
        cancel_post_back: None,
        cancel_button_text: None,
        requirements: Vec::new(),
    }
}

#[test]
fn specified_forms_round_trip_byte_for_byte() {
    // CA-57, CA-59, CA-61, CA-62, CQ-35, CQ-50, CQ-53
    let failed = ended(
        FormResult::FAIL,
        Some("Too many attempts. Try again later."),
    );
    for (form, example) in [
        (sign_in(), include_str!("data/form-sign-in.xml")),
        (failed, include_str!("data/form-failed.xml")),
        (
            ended(FormResult::CANCELLED, None),
            include_str!("data/form-cancelled.xml"),
        ),
    ] {
        assert_eq!(Form::from_xml(example.as_bytes()).as_ref(), Ok(&form));
        assert_eq!(ascii(form.to_xml()), compact(example));
    }
}

#[test]
fn error_label_names_the_highlighted_fields() {
    // CA-70, CQ-54
    let mut form = sign_in();
    form.requirements = vec![Requirement {
        id: None,
        label_type: "error".to_owned(),
        highlight: vec!["username".to_owned(), "password".to_owned()],
        ..line("", None, "none", "Incorrect user name or password")
    }];
    let written = form.to_xml();
    assert_eq!(Form::from_xml(&written), Ok(form));
    insta::assert_snapshot!(ascii(written), @r#"
    <?xml version="1.0" encoding="utf-8"?>
    <AuthenticateResponse xmlns="http://citrix.com/authentication/response/1"><Status>success</Status><Result>more-info</Result><StateContext>q7Zk2mN4-xv1</StateContext><AuthenticationRequirements><PostBack>/Citrix/StoreAuth/ExplicitForms/AuthenticateAttempt</PostBack><CancelPostBack>/Citrix/StoreAuth/ExplicitForms/CancelAuthenticate</CancelPostBack><CancelButtonText>Cancel</CancelButtonText><Requirements><Requirement><Credential><Type>none</Type></Credential><Label><HighlightFields><CredentialID>username</CredentialID><CredentialID>password</CredentialID></HighlightFields><Text>Incorrect user name or password</Text><Type>error</Type></Label><Input/></Requirement></Requirements></AuthenticationRequirements></AuthenticateResponse>
    "#);
}

#[test]
fn unknown_form_input_counts_as_no_input() {
    let form = "<AuthenticateResponse xmlns='http://citrix.com/authentication/response/1'>\
                <Status>success</Status><Result>update-credentials</Result>\
                <AuthenticationRequirements><PostBack>/a</PostBack><Requirements><Requirement>\
                <Credential><Type>none</Type></Credential><Label><Type>image</Type></Label>\
                <Input><Image/></Input></Requirement></Requirements>\
                </AuthenticationRequirements></AuthenticateResponse>";
    let form = Form::from_xml(form.as_bytes()).unwrap();
    assert_eq!(
        (form.state_context.as_str(), &*form.result.0),
        ("", "update-credentials")
    );
    assert_eq!(form.requirements[0].kind, RequirementKind::Nothing);
}

#[test]
fn form_without_control_block_is_rejected() {
    let good = ascii(sign_in().to_xml());
    for (part, path) in [
        ("<Status>success</Status>", "AuthenticateResponse/Status"),
        ("<Result>more-info</Result>", "AuthenticateResponse/Result"),
    ] {
        let read = Form::from_xml(good.replace(part, "").as_bytes());
        assert_eq!(fault(read), (path.to_owned(), FaultKind::Missing));
    }
}
