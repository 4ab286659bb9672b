//! Account states that allow a login or a password change.

use crate::model::account::AccountState;
use crate::rules::request_refusal::RequestRefusal;

/// Checks whether a user with the correct password may log in.
pub(crate) fn check_login(account: AccountState) -> Result<(), RequestRefusal> {
    match account {
        AccountState::Enabled => Ok(()),
        other => Err(RequestRefusal::Account(other)),
    }
}

/// Checks whether a user with the correct password may change the password.
pub(crate) fn check_password_change(account: AccountState) -> Result<(), RequestRefusal> {
    match account {
        AccountState::Enabled | AccountState::Expired | AccountState::MustChange => Ok(()),
        other => Err(RequestRefusal::Account(other)),
    }
}
