//! `RequestChangePassword`: a user chooses a new password. No such request is publicly known, so this
//! is one of our own, for farms that announce
//! [`PASSWORD_CHANGE`](crate::CapabilityId::PASSWORD_CHANGE).

use roamd_xml::{Element, Fault, Writer};

use crate::read::Node;
use crate::{Body, Credentials, Effect, Password, Request};

/// Replaces the password of a user, who may be one whose password has expired or must be changed.
#[derive(Debug, Clone, PartialEq)]
pub struct ChangePasswordRequest {
    /// Whose, with the password up to now.
    pub credentials: Credentials,
    /// `NewPassword`, which travels as `Password` does.
    pub new_password: Password,
}

/// The new password is the user's from now on, and the old one is not.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChangePasswordResponse;

/// Name of the element with the new password.
const NEW_PASSWORD: &str = "NewPassword";

impl Body for ChangePasswordRequest {
    const ELEMENT: &'static str = "RequestChangePassword";

    fn read(element: &Element) -> Result<Self, Fault> {
        let node = Node::top(element);
        Ok(Self {
            credentials: Credentials::need(&node)?,
            new_password: Password::read(&node.need(NEW_PASSWORD)?)?,
        })
    }

    fn write(&self, writer: &mut Writer) {
        self.credentials.write(writer);
        self.new_password.write(NEW_PASSWORD, writer);
    }
}

impl Request for ChangePasswordRequest {
    type Response = ChangePasswordResponse;

    /// After a change the old password is wrong: sent again, it would count as a wrong one.
    fn effect(&self) -> Effect {
        Effect::Change
    }
}

impl Body for ChangePasswordResponse {
    const ELEMENT: &'static str = "ResponseChangePassword";

    fn read(_: &Element) -> Result<Self, Fault> {
        Ok(Self)
    }

    fn write(&self, _: &mut Writer) {}
}
