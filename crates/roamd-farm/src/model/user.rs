//! A user as stored in the database.

use crate::model::account::{AccountState, FailedLogins};

/// A user with their domain, as stored.
#[derive(Debug, Clone)]
pub(crate) struct UserRow {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) sid: String,
    pub(crate) password_hash: String,
    pub(crate) account: AccountState,
    pub(crate) failures: FailedLogins,
    pub(crate) domain: String,
    pub(crate) domain_dns: String,
    pub(crate) domain_sid: String,
}
