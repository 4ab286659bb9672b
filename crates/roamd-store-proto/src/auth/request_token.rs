//! Request token: a request for a token for a service (citrixauth.md §3.1).

use roamd_xml::parse;

use crate::Lifetime;
use crate::decode_error::DecodeError;
use crate::document;
use crate::store_element::{MaxLength, StoreElement};

const NAMESPACE: &str = "http://citrix.com/delivery-services/1-0/auth/requesttoken";
const ROOT: &str = "requesttoken";

/// Request for a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestToken {
    /// `for-service`: the realm of the challenge.
    pub for_service: String,
    /// `for-service-url`, trimmed (CA-18).
    pub for_service_url: String,
    /// `reqtokentemplate`, empty if absent (CA-19).
    pub template: String,
    /// `requested-lifetime`. A malformed one counts as absent (CA-28).
    pub requested_lifetime: Option<Lifetime>,
}

impl RequestToken {
    /// Decodes a request body.
    ///
    /// # Errors
    /// If the document is not a valid message.
    pub fn from_xml(bytes: &[u8]) -> Result<Self, DecodeError> {
        let document = parse(bytes, &document::REQUEST)?;
        let root = StoreElement::root(&document, NAMESPACE, &[ROOT])?;
        let lifetime = root.optional("requested-lifetime")?;
        Ok(Self {
            for_service: root
                .required("for-service")?
                .token(MaxLength::TOKEN)?
                .to_owned(),
            for_service_url: root
                .required("for-service-url")?
                .token(MaxLength::URL)?
                .to_owned(),
            template: root
                .optional_single_line("reqtokentemplate", MaxLength::TOKEN)?
                .unwrap_or_default(),
            requested_lifetime: lifetime.and_then(|lifetime| lifetime.text().parse().ok()),
        })
    }

    /// Encodes a request body.
    #[must_use]
    pub fn to_xml(&self) -> Vec<u8> {
        let mut writer = document::begin(ROOT, NAMESPACE, &[]);
        writer.leaf("for-service", &[], &self.for_service);
        writer.leaf("for-service-url", &[], &self.for_service_url);
        writer.leaf("reqtokentemplate", &[], &self.template);
        if let Some(lifetime) = self.requested_lifetime {
            writer.leaf("requested-lifetime", &[], &lifetime.to_string());
        }
        writer.finish()
    }
}
