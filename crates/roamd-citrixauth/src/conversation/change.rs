//! The change of a password that has expired or must be changed (CA-74).
//!
//! The person has just signed in with the old password, and types it again: it is kept nowhere. Whose
//! password it is, the sealed state says, never the post.

use roamd_store_proto::auth::{FormPost, Requirement, RequirementKind};
use roamd_store_proto::{Language, Text};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::Negotiation;
use super::form::{button, error_line, heading, password};
use super::post::is_password;
use crate::{ChangeRefusal, Credentials, PasswordChange, texts};

/// The account of a conversation in which a password has to be changed, as it was typed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Account {
    #[serde(rename = "u")]
    pub(super) user_name: String,
    #[serde(rename = "d")]
    pub(super) domain: String,
}

impl Account {
    pub(super) fn of(credentials: &Credentials) -> Self {
        Self {
            user_name: credentials.user_name.clone(),
            domain: credentials.domain.clone(),
        }
    }
}

/// A text for the person, and the field that it is about.
pub(super) type Fault = (Text, &'static str);

/// What was typed into the form.
pub(super) fn read(account: &Account, post: &FormPost) -> Result<PasswordChange, ChangeRefusal> {
    let typed = |field: &Option<SecretString>| {
        let field = field.clone();
        field.filter(|password| is_password(password.expose_secret()))
    };
    let old = typed(&post.old_password).ok_or(ChangeRefusal::OldPassword)?;
    let new = typed(&post.new_password).ok_or(ChangeRefusal::NoPassword)?;
    let again = post.confirm_password.as_ref();
    if again.map(ExposeSecret::expose_secret) != Some(new.expose_secret()) {
        return Err(ChangeRefusal::NotConfirmed);
    }
    if old.expose_secret() == new.expose_secret() {
        return Err(ChangeRefusal::UsedBefore);
    }
    Ok(PasswordChange {
        credentials: Credentials {
            user_name: account.user_name.clone(),
            domain: account.domain.clone(),
            password: old,
        },
        new_password: new,
    })
}

/// The lines of the form. Clients know its fields by their fixed names.
pub(super) fn lines(
    account: &Account,
    negotiation: Negotiation,
    fault: Option<Fault>,
    language: Language,
) -> Vec<Requirement> {
    let mut lines = vec![heading(texts::CHANGE_PASSWORD, negotiation, language)];
    lines.extend(fault.map(|(text, field)| error_line(text, &[field], negotiation, language)));
    lines.push(user(account, language));
    lines.push(password(
        "oldPassword",
        "password",
        None,
        texts::OLD_PASSWORD,
        language,
    ));
    lines.push(password(
        "newPassword",
        "newpassword",
        Some("ExplicitForms-Password"),
        texts::NEW_PASSWORD,
        language,
    ));
    lines.push(password(
        "confirmPassword",
        "newpassword",
        None,
        texts::CONFIRM_PASSWORD,
        language,
    ));
    lines.push(button("changePasswordBtn", texts::CHANGE, language));
    lines
}

/// What is wrong with what was typed, and in which field; nothing where it is not that.
pub(super) fn fault(refusal: ChangeRefusal) -> Option<Fault> {
    match refusal {
        ChangeRefusal::OldPassword => Some((texts::OLD_NOT_CORRECT, "oldPassword")),
        ChangeRefusal::NoPassword => Some((texts::NO_NEW_PASSWORD, "newPassword")),
        ChangeRefusal::NotConfirmed => Some((texts::NOT_CONFIRMED, "confirmPassword")),
        ChangeRefusal::TooShort => Some((texts::TOO_SHORT, "newPassword")),
        ChangeRefusal::UsedBefore => Some((texts::USED_BEFORE, "newPassword")),
        ChangeRefusal::Unavailable | ChangeRefusal::Unsure => None,
    }
}

/// Who it is, to read only: without an id it is not posted.
fn user(account: &Account, language: Language) -> Requirement {
    let Account { user_name, domain } = account;
    Requirement {
        id: None,
        save_id: None,
        credential_type: "username".to_owned(),
        label: Some(texts::USER_NAME.in_language(language).to_owned()),
        label_type: "plain".to_owned(),
        highlight: Vec::new(),
        kind: RequirementKind::ReadOnly(format!("{domain}\\{user_name}")),
    }
}
