//! `RequestValidateCredentials`: is this the user's password (nfuse.md §6.3)?

use crate::Credentials;

/// Asks whether credentials are good.
#[derive(Debug, Clone, PartialEq)]
pub struct ValidateCredentialsRequest {
    /// Whose.
    pub credentials: Credentials,
    /// `DesiredInfo` = `user-identity`: the answer shall tell who that is.
    pub identity_wanted: bool,
}

/// The credentials are good.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ValidateCredentialsAnswer {
    /// `UserIdentityInfo`, when it was asked for and the farm can tell.
    pub identity: Option<UserIdentity>,
    /// `DaysUntilPasswordExpiry`.
    pub days_until_password_expiry: Option<u32>,
    /// `ShowPasswordExpiryWarning`.
    pub show_password_expiry_warning: Option<bool>,
}

/// Who a user is, in the farm's words.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UserIdentity {
    /// `ID` of type SAM or without type: `DOMAIN\user`.
    pub sam: Option<String>,
    /// `ID type="UPN"`.
    pub upn: Option<String>,
    /// `ID type="SID"`: the user's own first.
    pub sids: Vec<String>,
}
