//! Destroy token: a request to invalidate a token (citrixauth.md §4.2).

use roamd_xml::{FaultKind, parse};
use secrecy::{ExposeSecret, SecretString};

use crate::decode_error::DecodeError;
use crate::document;
use crate::store_element::StoreElement;

const NAMESPACE: &str = "http://citrix.com/delivery-services/1-0/auth/destroytoken";
const ROOT: &str = "destroytoken";

const RESPONSE_NAMESPACE: &str =
    "http://citrix.com/delivery-services/1-0/auth/destroytokenresponse";
const RESPONSE_ROOT: &str = "destroytokenresponse";

/// The only status.
const DESTROYED: &str = "destroyed";

/// Request to invalidate a token.
#[derive(Debug, Clone)]
pub struct DestroyToken {
    /// `token`, which may differ from the token in the header of the request.
    pub token: SecretString,
}

/// The token is not valid, and may never have been (CA-39).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DestroyTokenResponse;

impl DestroyToken {
    /// Decodes a request body.
    ///
    /// # Errors
    /// If the document is not a valid message.
    pub fn from_xml(bytes: &[u8]) -> Result<Self, DecodeError> {
        let document = parse(bytes, &document::REQUEST)?;
        let root = StoreElement::root(&document, NAMESPACE, &[ROOT])?;
        Ok(Self {
            token: root.required("token")?.required_text()?.into(),
        })
    }

    /// Encodes a request body.
    #[must_use]
    pub fn to_xml(&self) -> Vec<u8> {
        let mut writer = document::begin(ROOT, NAMESPACE, &[]);
        writer.leaf("token", &[], self.token.expose_secret());
        writer.finish()
    }
}

impl DestroyTokenResponse {
    /// Decodes a response.
    ///
    /// # Errors
    /// If the document is not a valid message.
    pub fn from_xml(bytes: &[u8]) -> Result<Self, DecodeError> {
        let document = parse(bytes, &document::RESPONSE)?;
        let root = StoreElement::root(&document, RESPONSE_NAMESPACE, &[RESPONSE_ROOT])?;
        // The documentation has `Status` in its table and `status` in its example (CA-38).
        let status = root.optional_of(&["status", "Status"])?;
        let status = status.ok_or_else(|| root.missing("status"))?;
        if status.text().eq_ignore_ascii_case(DESTROYED) {
            Ok(Self)
        } else {
            let expected = DESTROYED;
            Err(status.fault(FaultKind::Unexpected { expected }).into())
        }
    }

    /// Encodes a response.
    #[must_use]
    pub fn to_xml(self) -> Vec<u8> {
        let mut writer = document::begin(RESPONSE_ROOT, RESPONSE_NAMESPACE, &[]);
        writer.leaf("status", &[], DESTROYED);
        writer.finish()
    }
}
