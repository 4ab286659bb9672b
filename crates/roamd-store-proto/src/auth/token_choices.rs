//! Request token choices: the protocols for signing in (citrixauth.md §3.3).

use roamd_xml::{Fault, parse};

use crate::decode_error::DecodeError;
use crate::document;
use crate::store_element::StoreElement;

const NAMESPACE: &str = "http://citrix.com/delivery-services/1-0/auth/requesttokenchoices";
const ROOT: &str = "requesttokenchoices";

/// The protocols for signing in, in order of preference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenChoices {
    /// The protocols; at least one.
    pub choices: Vec<Choice>,
}

/// A protocol for signing in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// `protocol`: its name, for example `ExplicitForms`.
    pub protocol: String,
    /// `location`: absolute URL that accepts the request token message.
    pub location: String,
}

impl Choice {
    /// User name and password in a form.
    pub const EXPLICIT_FORMS: &'static str = "ExplicitForms";

    fn from_element(element: &StoreElement<'_>) -> Result<Self, Fault> {
        Ok(Self {
            protocol: element.required("protocol")?.required_text()?.to_owned(),
            location: element.required("location")?.required_text()?.to_owned(),
        })
    }
}

impl TokenChoices {
    /// Decodes a response.
    ///
    /// # Errors
    /// If the document is not a valid message.
    pub fn from_xml(bytes: &[u8]) -> Result<Self, DecodeError> {
        let document = parse(bytes, &document::RESPONSE)?;
        let root = StoreElement::root(&document, NAMESPACE, &[ROOT])?;
        let choices = root.required("choices")?;
        let choices = choices
            .children_named("choice")
            .map(|choice| Choice::from_element(&choice));
        Ok(Self {
            choices: choices.collect::<Result<_, _>>()?,
        })
    }

    /// Encodes a response.
    #[must_use]
    pub fn to_xml(&self) -> Vec<u8> {
        let mut writer = document::begin(ROOT, NAMESPACE, &[]);
        writer.open("choices", &[]);
        for choice in &self.choices {
            writer.open("choice", &[]);
            // A client assigns each location to the preceding protocol (CQ-56).
            writer.leaf("protocol", &[], &choice.protocol);
            writer.leaf("location", &[], &choice.location);
            writer.close();
        }
        writer.finish()
    }
}
