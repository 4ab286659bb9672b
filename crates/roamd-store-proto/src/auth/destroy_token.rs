//! Destroy token and its answer: a client is done with a token (citrixauth.md §4.2).

use roamd_xml::{FaultKind, parse};
use secrecy::{ExposeSecret, SecretString};

use crate::DecodeError;
use crate::document::{self, Node};

const NAMESPACE: &str = "http://citrix.com/delivery-services/1-0/auth/destroytoken";
const ROOT: &str = "destroytoken";

const ANSWER_NAMESPACE: &str = "http://citrix.com/delivery-services/1-0/auth/destroytokenresponse";
const ANSWER_ROOT: &str = "destroytokenresponse";

/// The one status that there is.
const DESTROYED: &str = "destroyed";

/// Says that a token shall no longer work.
#[derive(Debug, Clone)]
pub struct DestroyToken {
    /// `token`, which may be another than that of the request's header.
    pub token: SecretString,
}

/// Says that the token no longer works, whether or not it ever did (CA-39).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DestroyTokenResponse;

impl DestroyToken {
    /// Reads a request body.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn from_xml(bytes: &[u8]) -> Result<Self, DecodeError> {
        let document = parse(bytes, &document::REQUEST)?;
        let root = Node::root(&document, NAMESPACE, &[ROOT])?;
        Ok(Self {
            token: root.required("token")?.filled()?.into(),
        })
    }

    /// Writes a request body.
    #[must_use]
    pub fn to_xml(&self) -> Vec<u8> {
        let mut writer = document::begin(ROOT, NAMESPACE, &[]);
        writer.leaf("token", &[], self.token.expose_secret());
        writer.finish()
    }
}

impl DestroyTokenResponse {
    /// Reads an answer.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn from_xml(bytes: &[u8]) -> Result<Self, DecodeError> {
        let document = parse(bytes, &document::ANSWER)?;
        let root = Node::root(&document, ANSWER_NAMESPACE, &[ANSWER_ROOT])?;
        // The documents write `Status` in their table, and `status` in their example (CA-38).
        let status = root.one_of(&["status", "Status"])?;
        let status = status.ok_or_else(|| root.missing("status"))?;
        if status.text().eq_ignore_ascii_case(DESTROYED) {
            Ok(Self)
        } else {
            let expected = DESTROYED;
            Err(status.fault(FaultKind::Unexpected { expected }).into())
        }
    }

    /// Writes an answer.
    #[must_use]
    pub fn to_xml(self) -> Vec<u8> {
        let mut writer = document::begin(ANSWER_ROOT, ANSWER_NAMESPACE, &[]);
        writer.leaf("status", &[], DESTROYED);
        writer.finish()
    }
}
