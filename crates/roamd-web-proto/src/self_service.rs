//! Whether users may manage their own account (WA-69).

use crate::document;

const NAMESPACE: &str =
    "http://citrix.com/delivery-services/webAPI/3-7/selfServiceAccountManagementStatus";

/// Users cannot manage their account on the site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SelfService;

impl SelfService {
    /// Encodes the answer. `False` begins with a capital letter.
    #[must_use]
    pub fn to_xml(self) -> Vec<u8> {
        let mut writer = document::begin("SelfServiceAccountManagementStatus", NAMESPACE);
        writer.leaf("AllowSelfServiceAccountManagement", &[], "False");
        writer.finish()
    }
}
