//! Which account states allow a login or a password change.

use crate::model::account::AccountState;
use crate::rules::request_refusal::RequestRefusal;

/// Decides whether a user whose password was right may go on.
pub(crate) fn check_login(account: AccountState) -> Result<(), RequestRefusal> {
    match account {
        AccountState::Enabled => Ok(()),
        other => Err(RequestRefusal::Account(other)),
    }
}

/// Decides whether a user whose password was right may choose another one.
pub(crate) fn check_password_change(account: AccountState) -> Result<(), RequestRefusal> {
    match account {
        AccountState::Enabled | AccountState::Expired | AccountState::MustChange => Ok(()),
        other => Err(RequestRefusal::Account(other)),
    }
}
