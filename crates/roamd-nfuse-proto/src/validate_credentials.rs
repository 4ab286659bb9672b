//! `RequestValidateCredentials`: checks the password of a user (nfuse.md §6.3).

use roamd_xml::{Element, Fault, Writer};

use crate::credentials::{Ids, write_ids};
use crate::nfuse_element::NfuseElement;
use crate::{Body, Credentials, Effect, Request, element_writer};

/// The only known value of `DesiredInfo`.
const USER_IDENTITY: &str = "user-identity";

/// Request to check credentials.
#[derive(Debug, Clone, PartialEq)]
pub struct ValidateCredentialsRequest {
    /// `Credentials` of the user.
    pub credentials: Credentials,
    /// Whether `DesiredInfo` is `user-identity`: the response shall contain the identity of the
    /// user.
    pub identity_wanted: bool,
}

/// The credentials are right.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ValidateCredentialsResponse {
    /// `UserIdentityInfo`, if it was requested and the farm supports it.
    pub identity: Option<UserIdentity>,
    /// `DaysUntilPasswordExpiry`.
    pub days_until_password_expiry: Option<u32>,
    /// `ShowPasswordExpiryWarning`.
    pub show_password_expiry_warning: Option<bool>,
}

/// `UserIdentityInfo`: the identity of a user at the farm.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UserIdentity {
    /// `ID` of type SAM or without type: `DOMAIN\user`.
    pub sam: Option<String>,
    /// `ID type="UPN"`.
    pub upn: Option<String>,
    /// `ID type="SID"`: the SID of the user, then those of the groups.
    pub sids: Vec<String>,
}

impl ValidateCredentialsRequest {
    /// Creates a request that checks the credentials and does not ask for the identity of the user.
    #[must_use]
    pub fn new(credentials: Credentials) -> Self {
        Self {
            credentials,
            identity_wanted: false,
        }
    }
}

impl Body for ValidateCredentialsRequest {
    const ELEMENT: &'static str = "RequestValidateCredentials";

    fn read(element: Element<'_>) -> Result<Self, Fault> {
        let element = NfuseElement::root(element);
        Ok(Self {
            credentials: Credentials::read_required(&element)?,
            identity_wanted: element
                .children_named("DesiredInfo")
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

    /// A farm counts wrong passwords and locks accounts with too many. A request whose response was
    /// lost may have been counted, so it must not be sent again.
    fn effect(&self) -> Effect {
        Effect::Change
    }
}

impl Body for ValidateCredentialsResponse {
    const ELEMENT: &'static str = "ResponseValidateCredentials";

    fn read(element: Element<'_>) -> Result<Self, Fault> {
        let element = NfuseElement::root(element);
        Ok(Self {
            identity: element
                .first_child("UserIdentityInfo")
                .map(|n| UserIdentity::read(&n)),
            days_until_password_expiry: element
                .first_child("DaysUntilPasswordExpiry")
                .and_then(|n| n.text().parse().ok()),
            show_password_expiry_warning: element
                .first_child("ShowPasswordExpiryWarning")
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
            writer.leaf(
                "ShowPasswordExpiryWarning",
                &[],
                element_writer::boolean(show),
            );
        }
    }
}

impl UserIdentity {
    fn read(element: &NfuseElement<'_>) -> Self {
        let Ids { sam, upn, sids } = Ids::read_first(element);
        Self { sam, upn, sids }
    }
}
