//! Request token response: a token (citrixauth.md §3.2).

use std::time::Duration;

use jiff::Timestamp;
use roamd_xml::{Fault, parse};
use secrecy::{ExposeSecret, SecretString};

use crate::document::{self, Node};
use crate::{DecodeError, Lifetime};

const NAMESPACE: &str = "http://citrix.com/delivery-services/1-0/auth/requesttokenresponse";
const ROOT: &str = "requesttokenresponse";

/// Namespace of what describes the password (CA-23), the same as that of forms.
const CREDENTIALS: &str = super::form::NAMESPACE;

/// A token for one service.
#[derive(Debug, Clone)]
pub struct RequestTokenResponse {
    /// `for-service`: echo of the request.
    pub for_service: String,
    /// `issued`.
    pub issued: Timestamp,
    /// `expiry`; `lifetime` is the difference.
    pub expiry: Timestamp,
    /// `token`: Base64, one line.
    pub token: SecretString,
    /// `CredentialDisplayName` of the `CredentialUpdateInformationList`, only after a password
    /// sign-in (CA-23).
    pub credential_display_name: Option<String>,
}

impl RequestTokenResponse {
    /// Reads an answer. `lifetime` and `token-template` are not needed.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn from_xml(bytes: &[u8]) -> Result<Self, DecodeError> {
        let document = parse(bytes, &document::ANSWER)?;
        let root = Node::root(&document, NAMESPACE, &[ROOT])?;
        Ok(Self {
            for_service: root.required("for-service")?.text().to_owned(),
            issued: timestamp(&root.required("issued")?)?,
            expiry: timestamp(&root.required("expiry")?)?,
            token: root.required("token")?.filled()?.into(),
            credential_display_name: credential_display_name(&root)?,
        })
    }

    /// Writes an answer: all six elements (CA-22), dates with seven fraction digits.
    #[must_use]
    pub fn to_xml(&self) -> Vec<u8> {
        let mut writer = document::begin(ROOT, NAMESPACE, &[]);
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

    /// `expiry` minus `issued` as they are written, in ticks of 100 ns (CA-22).
    fn lifetime(&self) -> Lifetime {
        let ticks = |at: Timestamp| at.as_nanosecond().div_euclid(100);
        let nanos = (ticks(self.expiry) - ticks(self.issued)) * 100;
        Lifetime(u64::try_from(nanos).map_or(Duration::ZERO, Duration::from_nanos))
    }
}

fn timestamp(node: &Node<'_>) -> Result<Timestamp, Fault> {
    node.text()
        .parse()
        .map_err(|_| node.unexpected("a date and time in UTC"))
}

fn credential_display_name(root: &Node<'_>) -> Result<Option<String>, Fault> {
    let Some(list) = root.foreign(CREDENTIALS, "CredentialUpdateInformationList") else {
        return Ok(None);
    };
    let first = list.all("CredentialUpdateInformation").next();
    match first {
        Some(information) => information.optional_text("CredentialDisplayName"),
        None => Ok(None),
    }
}
