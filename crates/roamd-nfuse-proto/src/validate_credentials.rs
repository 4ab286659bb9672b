//! `RequestValidateCredentials`: is this the user's password (nfuse.md §6.3)?

use roamd_xml::{Element, Fault, Writer};

use crate::credentials::{Ids, write_ids};
use crate::read::Node;
use crate::{Body, Credentials, Effect, Request, write};

/// The only `DesiredInfo` that is known.
const USER_IDENTITY: &str = "user-identity";

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
pub struct ValidateCredentialsResponse {
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

impl Body for ValidateCredentialsRequest {
    const ELEMENT: &'static str = "RequestValidateCredentials";

    fn read(element: &Element) -> Result<Self, Fault> {
        let node = Node::top(element);
        Ok(Self {
            credentials: Credentials::need(&node)?,
            identity_wanted: node
                .all("DesiredInfo")
                .any(|n| n.text().eq_ignore_ascii_case(USER_IDENTITY)),
        })
    }

    fn write(&self, writer: &mut Writer) {
        self.credentials.write(writer);
        if self.identity_wanted {
            writer.leaf("DesiredInfo", &[], USER_IDENTITY);
        }
    }
}

impl Request for ValidateCredentialsRequest {
    type Response = ValidateCredentialsResponse;

    /// A farm counts wrong passwords, and locks the account of who has had too many. An answer that
    /// was lost may have been counted: the same password must not be counted twice.
    fn effect(&self) -> Effect {
        Effect::Change
    }
}

impl Body for ValidateCredentialsResponse {
    const ELEMENT: &'static str = "ResponseValidateCredentials";

    fn read(element: &Element) -> Result<Self, Fault> {
        let node = Node::top(element);
        Ok(Self {
            identity: node
                .first("UserIdentityInfo")
                .map(|n| UserIdentity::read(&n)),
            days_until_password_expiry: node
                .first("DaysUntilPasswordExpiry")
                .and_then(|n| n.text().parse().ok()),
            show_password_expiry_warning: node
                .first("ShowPasswordExpiryWarning")
                .and_then(|n| n.text().to_ascii_lowercase().parse().ok()),
        })
    }

    fn write(&self, writer: &mut Writer) {
        if let Some(UserIdentity { sam, upn, sids }) = &self.identity {
            writer.open("UserIdentityInfo", &[]);
            write_ids(writer, sam.as_deref(), upn.as_deref(), sids);
            writer.close();
        }
        if let Some(days) = self.days_until_password_expiry {
            writer.leaf("DaysUntilPasswordExpiry", &[], &days.to_string());
        }
        if let Some(show) = self.show_password_expiry_warning {
            writer.leaf("ShowPasswordExpiryWarning", &[], write::truth(show));
        }
    }
}

impl UserIdentity {
    fn read(node: &Node<'_>) -> Self {
        let Ids { sam, upn, sids } = Ids::first(node);
        Self { sam, upn, sids }
    }
}
