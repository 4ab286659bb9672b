//! Refresh token: a request for a later expiry of a token (citrixauth.md §4.1).

use roamd_xml::parse;
use secrecy::{ExposeSecret, SecretString};

use crate::Lifetime;
use crate::decode_error::DecodeError;
use crate::document;
use crate::store_element::StoreElement;

const NAMESPACE: &str = "http://citrix.com/delivery-services/1-0/auth/refreshtoken";
const ROOT: &str = "refreshtoken";

/// Request for a later expiry of a token. The response is a
/// [`RequestTokenResponse`](super::RequestTokenResponse).
#[derive(Debug, Clone)]
pub struct RefreshToken {
    /// `token`, which may differ from the token in the header of the request (CA-36).
    pub token: SecretString,
    /// `new-requested-lifetime`, from now on. A malformed one counts as absent (CA-28).
    pub requested_lifetime: Option<Lifetime>,
}

impl RefreshToken {
    /// Decodes a request body.
    ///
    /// # Errors
    /// If the document is not a valid message.
    pub fn from_xml(bytes: &[u8]) -> Result<Self, DecodeError> {
        let document = parse(bytes, &document::REQUEST)?;
        let root = StoreElement::root(&document, NAMESPACE, &[ROOT])?;
        let lifetime = root.optional("new-requested-lifetime")?;
        Ok(Self {
            token: root.required("token")?.required_text()?.into(),
            requested_lifetime: lifetime.and_then(|lifetime| lifetime.text().parse().ok()),
        })
    }

    /// Encodes a request body.
    #[must_use]
    pub fn to_xml(&self) -> Vec<u8> {
        let mut writer = document::begin(ROOT, NAMESPACE, &[]);
        writer.leaf("token", &[], self.token.expose_secret());
        if let Some(lifetime) = self.requested_lifetime {
            writer.leaf("new-requested-lifetime", &[], &lifetime.to_string());
        }
        writer.finish()
    }
}
