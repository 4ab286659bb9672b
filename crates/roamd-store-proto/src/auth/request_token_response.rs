//! Request token response: a token (citrixauth.md §3.2).

use std::time::Duration;

use jiff::Timestamp;
use roamd_xml::{Fault, parse};
use secrecy::{ExposeSecret, SecretString};

use crate::Lifetime;
use crate::decode_error::DecodeError;
use crate::document;
use crate::store_element::StoreElement;

const NAMESPACE: &str = "http://citrix.com/delivery-services/1-0/auth/requesttokenresponse";
const ROOT: &str = "requesttokenresponse";

/// Namespace of `CredentialUpdateInformationList` (CA-23), which is that of forms.
const CREDENTIALS: &str = super::form::NAMESPACE;

/// A token for one service.
#[derive(Debug, Clone)]
pub struct RequestTokenResponse {
    /// `for-service` of the request.
    pub for_service: String,
    /// `issued`.
    pub issued: Timestamp,
    /// `expiry`. `lifetime` is the difference to `issued`.
    pub expiry: Timestamp,
    /// `token`: a single line of Base64.
    pub token: SecretString,
    /// `CredentialDisplayName` of the `CredentialUpdateInformationList`, only after a password
    /// sign-in (CA-23).
    pub credential_display_name: Option<String>,
}

impl RequestTokenResponse {
    /// Decodes a response. `lifetime` and `token-template` are optional.
    ///
    /// # Errors
    /// If the document is not a valid message.
    pub fn from_xml(bytes: &[u8]) -> Result<Self, DecodeError> {
        let document = parse(bytes, &document::RESPONSE)?;
        let root = StoreElement::root(&document, NAMESPACE, &[ROOT])?;
        Ok(Self {
            for_service: root.required("for-service")?.text().to_owned(),
            issued: timestamp(&root.required("issued")?)?,
            expiry: timestamp(&root.required("expiry")?)?,
            token: root.required("token")?.required_text()?.into(),
            credential_display_name: credential_display_name(&root)?,
        })
    }

    /// Encodes a response with all six elements (CA-22). Seconds have seven decimals.
    #[must_use]
    pub fn to_xml(&self) -> Vec<u8> {
        let mut writer = document::begin_secret(ROOT, NAMESPACE, &[]);
        writer.leaf("for-service", &[], &self.for_service);
        writer.leaf("issued", &[], &format!("{:.7}", self.issued));
        writer.leaf("expiry", &[], &format!("{:.7}", self.expiry));
        writer.leaf("lifetime", &[], &self.lifetime().to_string());
        writer.leaf("token-template", &[], "");
        writer.leaf("token", &[], self.token.expose_secret());
        if let Some(name) = &self.credential_display_name {
            writer.open("CredentialUpdateInformationList", &[("xmlns", CREDENTIALS)]);
            writer.open("CredentialUpdateInformation", &[]);
            writer.leaf("CredentialDisplayName", &[], name);
            writer.leaf("AuthenticationInfoId", &[], "Citrix Common Forms 1.0");
            writer.leaf("CredentialUpdateService", &[], "");
        }
        writer.finish()
    }

    /// Returns `expiry` minus `issued`, both in the written precision of 100 ns (CA-22).
    fn lifetime(&self) -> Lifetime {
        let ticks = |at: Timestamp| at.as_nanosecond().div_euclid(100);
        let nanos = (ticks(self.expiry) - ticks(self.issued)) * 100;
        Lifetime(u64::try_from(nanos).map_or(Duration::ZERO, Duration::from_nanos))
    }
}

fn timestamp(element: &StoreElement<'_>) -> Result<Timestamp, Fault> {
    element
        .text()
        .parse()
        .map_err(|_| element.unexpected("a date and time in UTC"))
}

fn credential_display_name(root: &StoreElement<'_>) -> Result<Option<String>, Fault> {
    let Some(list) = root.child_in_namespace(CREDENTIALS, "CredentialUpdateInformationList") else {
        return Ok(None);
    };
    let first = list.children_named("CredentialUpdateInformation").next();
    match first {
        Some(information) => information.optional_text("CredentialDisplayName"),
        None => Ok(None),
    }
}
