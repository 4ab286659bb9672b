//! `RequestChangePassword`: replaces the password of a user.
//!
//! No such request of Citrix is publicly known. This one is roamd's own, for farms that announce
//! [`PASSWORD_CHANGE`](crate::CapabilityId::PASSWORD_CHANGE).

use roamd_xml::{Element, Fault, Writer};

use crate::nfuse_element::NfuseElement;
use crate::{Body, Credentials, Effect, Password, Request};

/// Request to replace the password of a user, which may have expired or have to be changed.
#[derive(Debug, Clone, PartialEq)]
pub struct ChangePasswordRequest {
    /// `Credentials` of the user, with the current password.
    pub credentials: Credentials,
    /// `NewPassword`, encoded like `Password`.
    pub new_password: Password,
}

/// The new password has replaced the old one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChangePasswordResponse;

/// Name of the element with the new password.
const NEW_PASSWORD: &str = "NewPassword";

impl ChangePasswordRequest {
    /// Creates a request to replace the password in the credentials by a new one.
    #[must_use]
    pub fn new(credentials: Credentials, new_password: Password) -> Self {
        Self {
            credentials,
            new_password,
        }
    }
}

impl Body for ChangePasswordRequest {
    const ELEMENT: &'static str = "RequestChangePassword";

    fn read(element: Element<'_>) -> Result<Self, Fault> {
        let element = NfuseElement::root(element);
        Ok(Self {
            credentials: Credentials::read_required(&element)?,
            new_password: Password::read(&element.required_child(NEW_PASSWORD)?)?,
        })
    }

    fn write(&self, writer: &mut Writer) {
        self.credentials.write(writer);
        self.new_password.write(NEW_PASSWORD, writer);
    }
}

impl Request for ChangePasswordRequest {
    type Response = ChangePasswordResponse;

    /// After a change the old password is wrong, so a repeated request would count as a failed
    /// login.
    fn effect(&self) -> Effect {
        Effect::Change
    }
}

impl Body for ChangePasswordResponse {
    const ELEMENT: &'static str = "ResponseChangePassword";

    fn read(_: Element<'_>) -> Result<Self, Fault> {
        Ok(Self)
    }

    fn write(&self, _: &mut Writer) {}
}
