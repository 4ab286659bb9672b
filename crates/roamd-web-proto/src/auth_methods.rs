//! Sign-in methods (WA-54).

use crate::document;

const NAMESPACE: &str = "http://citrix.com/delivery-services/webAPI/2-6/authMethods";

/// The sign-in methods of the site: a form for user name and password is always one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuthMethods {
    /// Whether clients may also post user name and password without a form (WA-66).
    pub post_credentials: bool,
}

impl AuthMethods {
    /// Encodes the methods. The form is first, because a client takes the first one (WA-55), and
    /// each has its name before its URL (WA-54).
    #[must_use]
    pub fn to_xml(self) -> Vec<u8> {
        let mut writer = document::begin("authMethods", NAMESPACE);
        let explicit_forms = [("name", "ExplicitForms"), ("url", "ExplicitAuth/Login")];
        writer.leaf("method", &explicit_forms, "");
        if self.post_credentials {
            let post_credentials = [
                ("name", "PostCredentials"),
                ("url", "PostCredentialsAuth/Login"),
            ];
            writer.leaf("method", &post_credentials, "");
        }
        writer.finish()
    }
}
