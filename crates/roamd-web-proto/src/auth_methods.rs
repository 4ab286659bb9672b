//! Sign-in methods (WA-54).

use crate::document;

const NAMESPACE: &str = "http://citrix.com/delivery-services/webAPI/2-6/authMethods";

/// The sign-in methods of the site: a form for user name and password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuthMethods;

impl AuthMethods {
    /// Encodes the methods. Each has its name before its URL (WA-54).
    #[must_use]
    pub fn to_xml(self) -> Vec<u8> {
        let mut writer = document::begin("authMethods", NAMESPACE);
        let explicit_forms = [("name", "ExplicitForms"), ("url", "ExplicitAuth/Login")];
        writer.leaf("method", &explicit_forms, "");
        writer.finish()
    }
}
