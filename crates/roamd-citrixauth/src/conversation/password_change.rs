//! The change of a password: one that has expired or must be changed (CA-74), or that the user
//! wants to change (WA-65).
//!
//! The user types the old password again, because it is not stored after the sign-in. The account
//! is that of the sealed state, never a posted one.

use roamd_store_proto::auth::{FormPost, Requirement, RequirementKind};
use roamd_store_proto::{Language, Text};
use secrecy::{ExposeSecret, SecretString};

use super::account::{Account, ChangeReason};
use super::form::{FormError, button, error_row, heading, password};
use super::negotiation::Negotiation;
use super::posted_credentials::is_password;
use crate::{ChangeRefusal, Credentials, PasswordChange, texts};

/// Parses the posted form.
pub(super) fn parse(account: &Account, post: &FormPost) -> Result<PasswordChange, ChangeRefusal> {
    let typed = |field: &Option<SecretString>| {
        let field = field.clone();
        field.filter(|password| is_password(password.expose_secret()))
    };
    let old = typed(&post.old_password).ok_or(ChangeRefusal::OldPassword)?;
    let new = typed(&post.new_password).ok_or(ChangeRefusal::NoPassword)?;
    let confirmation = post.confirm_password.as_ref();
    if confirmation.map(ExposeSecret::expose_secret) != Some(new.expose_secret()) {
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

/// Returns the rows of the form. The names of its fields are fixed, because clients know them.
pub(super) fn rows(
    account: &Account,
    negotiation: Negotiation,
    error: Option<FormError>,
    language: Language,
) -> Vec<Requirement> {
    let title = match account.reason {
        ChangeReason::Required => texts::PASSWORD_CHANGE_REQUIRED,
        ChangeReason::Wanted => texts::PASSWORD_CHANGE,
    };
    let mut rows = vec![heading(title, negotiation, language)];
    rows.extend(error.map(|error| error_row(error, negotiation)));
    rows.push(account_row(account, language));
    rows.push(password(
        "oldPassword",
        "password",
        None,
        texts::OLD_PASSWORD,
        language,
    ));
    rows.push(password(
        "newPassword",
        "newpassword",
        Some("ExplicitForms-Password"),
        texts::NEW_PASSWORD,
        language,
    ));
    rows.push(password(
        "confirmPassword",
        "newpassword",
        None,
        texts::CONFIRM_PASSWORD,
        language,
    ));
    rows.push(button("changePasswordBtn", texts::CHANGE, language));
    rows
}

/// Returns the error of a field, or `None` if the cause is not a field.
pub(super) fn field_error(refusal: ChangeRefusal, language: Language) -> Option<FormError> {
    let (fields, text): (&[&str], Text) = match refusal {
        ChangeRefusal::OldPassword => (&["oldPassword"], texts::OLD_NOT_CORRECT),
        ChangeRefusal::NoPassword => (&["newPassword"], texts::NO_NEW_PASSWORD),
        ChangeRefusal::NotConfirmed => (&["confirmPassword"], texts::NOT_CONFIRMED),
        ChangeRefusal::TooShort => (&["newPassword"], texts::TOO_SHORT),
        ChangeRefusal::UsedBefore => (&["newPassword"], texts::USED_BEFORE),
        ChangeRefusal::Unavailable | ChangeRefusal::Unsure => return None,
    };
    Some(FormError::of(fields, text, language))
}

/// Returns the read-only row of the user, which is not posted because it has no id.
fn account_row(account: &Account, language: Language) -> Requirement {
    let Account {
        user_name, domain, ..
    } = account;
    Requirement {
        credential_type: "username".to_owned(),
        label: Some(texts::USER_NAME.in_language(language).to_owned()),
        label_type: "plain".to_owned(),
        kind: RequirementKind::ReadOnly(format!("{domain}\\{user_name}")),
        ..Requirement::default()
    }
}
