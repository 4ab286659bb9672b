//! Refresh token: asks for a later end of a token (citrixauth.md §4.1).

use roamd_xml::parse;
use secrecy::{ExposeSecret, SecretString};

use crate::document::{self, Node};
use crate::{DecodeError, Lifetime};

const NAMESPACE: &str = "http://citrix.com/delivery-services/1-0/auth/refreshtoken";
const ROOT: &str = "refreshtoken";

/// Asks for a later end of a token. The answer is a
/// [`RequestTokenResponse`](super::RequestTokenResponse).
#[derive(Debug, Clone)]
pub struct RefreshToken {
    /// `token`, which may be another than that of the request's header (CA-36).
    pub token: SecretString,
    /// `new-requested-lifetime`, counted from now; one that does not parse counts as absent (CA-28).
    pub requested_lifetime: Option<Lifetime>,
}

impl RefreshToken {
    /// Reads a request body.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn from_xml(bytes: &[u8]) -> Result<Self, DecodeError> {
        let document = parse(bytes, &document::REQUEST)?;
        let root = Node::root(&document, NAMESPACE, &[ROOT])?;
        let lifetime = root.optional("new-requested-lifetime")?;
        Ok(Self {
            token: root.required("token")?.filled()?.into(),
            requested_lifetime: lifetime.and_then(|lifetime| lifetime.text().parse().ok()),
        })
    }

    /// Writes a request body.
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
