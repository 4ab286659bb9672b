//! The sign-in form, and the rows of all forms (citrixauth.md §5.3, §5.4, §5.6).

use roamd_store_proto::auth::{
    Form, FormPost, FormResult, FormStatus, Requirement, RequirementKind,
};
use roamd_store_proto::{Language, Text};

use super::form_policy::FormPolicy;
use super::negotiation::Negotiation;
use super::posted_credentials::{in_list, is_name};
use crate::{StatedWait, texts};

/// Initial values of a form that is shown again, without the password (CA-71).
#[derive(Debug, Default)]
pub(super) struct FormValues<'a> {
    user_name: &'a str,
    domain: Option<&'a str>,
    save_credentials: bool,
}

impl<'a> FormValues<'a> {
    pub(super) fn from_post(post: &'a FormPost) -> Self {
        let user_name = post.user_name.as_deref().unwrap_or_default();
        Self {
            // A text that is not a valid name is not sent back.
            user_name: if is_name(user_name) { user_name } else { "" },
            domain: post.domain.as_deref(),
            save_credentials: post.save_credentials,
        }
    }
}

/// Why a form is shown again, for the user.
#[derive(Debug)]
pub(super) struct FormError {
    text: String,
    /// Ids of the fields that it is about.
    fields: &'static [&'static str],
}

impl FormError {
    /// The error of a field, or of all fields that were not accepted.
    pub(super) fn of(fields: &'static [&'static str], text: Text, language: Language) -> Self {
        Self {
            text: text.in_language(language).to_owned(),
            fields,
        }
    }

    /// The attempt came too early. It is about no field: none was checked.
    pub(super) fn wait(wait: StatedWait, language: Language) -> Self {
        Self {
            text: texts::wait(wait, language),
            fields: &[],
        }
    }
}

/// Returns the sign-in form. The names of its fields are fixed, because clients know them (CA-61).
pub(super) fn sign_in(
    policy: &FormPolicy,
    negotiation: Negotiation,
    state_context: String,
    values: &FormValues<'_>,
    error: Option<FormError>,
    language: Language,
) -> Form {
    let mut requirements = vec![heading(texts::SIGN_IN, negotiation, language)];
    requirements.extend(error.map(|error| error_row(error, negotiation)));
    requirements.push(user_name(policy, values, language));
    requirements.push(password(
        "password",
        "password",
        Some("ExplicitForms-Password"),
        texts::PASSWORD,
        language,
    ));
    if negotiation.domain && !policy.domains.is_empty() && !policy.hide_domain_field {
        requirements.push(domain(policy, values, language));
    }
    if negotiation.save_credentials {
        requirements.push(save_credentials(values, language));
    }
    requirements.push(button("loginBtn", texts::LOG_ON, language));
    input_form(
        policy,
        FormResult::MORE_INFO,
        state_context,
        requirements,
        language,
    )
}

/// Returns a form with input.
pub(super) fn input_form(
    policy: &FormPolicy,
    result: FormResult,
    state_context: String,
    requirements: Vec<Requirement>,
    language: Language,
) -> Form {
    Form {
        status: FormStatus::SUCCESS,
        result,
        state_context,
        log_message: None,
        post_back: Some(policy.post_back.clone()),
        cancel_post_back: Some(policy.cancel_post_back.clone()),
        cancel_button_text: Some(texts::CANCEL.in_language(language).to_owned()),
        requirements,
    }
}

/// Returns the last form of a failed conversation.
pub(super) fn failed(status: FormStatus, text: &str) -> Form {
    end(status, FormResult::FAIL, Some(text.to_owned()))
}

/// Returns the last form of a cancelled conversation (CA-73).
pub(super) fn cancelled() -> Form {
    end(FormStatus::SUCCESS, FormResult::CANCELLED, None)
}

fn end(status: FormStatus, result: FormResult, log_message: Option<String>) -> Form {
    Form {
        status,
        result,
        state_context: String::new(),
        log_message,
        post_back: None,
        cancel_post_back: None,
        cancel_button_text: None,
        requirements: Vec::new(),
    }
}

pub(super) fn heading(text: Text, negotiation: Negotiation, language: Language) -> Requirement {
    Requirement {
        credential_type: "none".to_owned(),
        label: Some(text.in_language(language).to_owned()),
        label_type: label_type("heading", negotiation.heading),
        ..Requirement::default()
    }
}

pub(super) fn error_row(error: FormError, negotiation: Negotiation) -> Requirement {
    Requirement {
        credential_type: "none".to_owned(),
        label: Some(error.text),
        label_type: label_type("error", negotiation.error),
        highlight: if negotiation.error {
            error.fields.iter().copied().map(str::to_owned).collect()
        } else {
            Vec::new()
        },
        ..Requirement::default()
    }
}

fn user_name(policy: &FormPolicy, values: &FormValues<'_>, language: Language) -> Requirement {
    Requirement {
        id: Some("username".to_owned()),
        save_id: Some("ExplicitForms-Username".to_owned()),
        credential_type: "username".to_owned(),
        label: Some(texts::USER_NAME.in_language(language).to_owned()),
        label_type: "plain".to_owned(),
        kind: RequirementKind::Text {
            secret: false,
            initial: values.user_name.to_owned(),
            assistive: Some(texts::user_name_hint(
                policy.default_domain.as_deref(),
                language,
            )),
        },
        ..Requirement::default()
    }
}

/// Returns a row for a password.
pub(super) fn password(
    id: &str,
    credential_type: &str,
    save_id: Option<&str>,
    label: Text,
    language: Language,
) -> Requirement {
    Requirement {
        id: Some(id.to_owned()),
        save_id: save_id.map(str::to_owned),
        credential_type: credential_type.to_owned(),
        label: Some(label.in_language(language).to_owned()),
        label_type: "plain".to_owned(),
        kind: RequirementKind::Text {
            secret: true,
            initial: String::new(),
            assistive: None,
        },
        ..Requirement::default()
    }
}

fn domain(policy: &FormPolicy, values: &FormValues<'_>, language: Language) -> Requirement {
    let initial = values
        .domain
        .and_then(|domain| in_list(policy, domain))
        .or_else(|| in_list(policy, policy.default_domain.as_deref()?));
    Requirement {
        id: Some("domain".to_owned()),
        save_id: Some("ExplicitForms-Domain".to_owned()),
        credential_type: "domain".to_owned(),
        label: Some(texts::DOMAIN.in_language(language).to_owned()),
        label_type: "plain".to_owned(),
        kind: RequirementKind::Combo {
            initial: initial.map(str::to_owned),
            values: policy
                .domains
                .iter()
                .map(|domain| (domain.display.clone(), domain.value.clone()))
                .collect(),
        },
        ..Requirement::default()
    }
}

fn save_credentials(values: &FormValues<'_>, language: Language) -> Requirement {
    Requirement {
        id: Some("saveCredentials".to_owned()),
        credential_type: "savecredentials".to_owned(),
        label: Some(texts::KEEP_SIGNED_IN.in_language(language).to_owned()),
        label_type: "plain".to_owned(),
        kind: RequirementKind::CheckBox {
            initial: values.save_credentials,
        },
        ..Requirement::default()
    }
}

pub(super) fn button(id: &str, caption: Text, language: Language) -> Requirement {
    Requirement {
        id: Some(id.to_owned()),
        credential_type: "none".to_owned(),
        label_type: "none".to_owned(),
        kind: RequirementKind::Button(caption.in_language(language).to_owned()),
        ..Requirement::default()
    }
}

/// Returns the label type, or `plain` if the client does not support it.
fn label_type(name: &str, supported: bool) -> String {
    if supported { name } else { "plain" }.to_owned()
}
