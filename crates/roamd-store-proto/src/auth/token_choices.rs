//! Request token choices: the ways to sign in (citrixauth.md §3.3).

use roamd_xml::{Fault, parse};

use crate::DecodeError;
use crate::document::{self, Node};

const NAMESPACE: &str = "http://citrix.com/delivery-services/1-0/auth/requesttokenchoices";
const ROOT: &str = "requesttokenchoices";

/// The ways to sign in, in order of preference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenChoices {
    /// One for each protocol; at least one.
    pub choices: Vec<Choice>,
}

/// One way to sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// Name, for example `ExplicitForms`.
    pub protocol: String,
    /// Absolute URL that takes the request token message.
    pub location: String,
}

impl Choice {
    /// User name and password in a form.
    pub const EXPLICIT_FORMS: &'static str = "ExplicitForms";

    fn from_node(node: &Node<'_>) -> Result<Self, Fault> {
        Ok(Self {
            protocol: node.required("protocol")?.filled()?.to_owned(),
            location: node.required("location")?.filled()?.to_owned(),
        })
    }
}

impl TokenChoices {
    /// Reads an answer.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn from_xml(bytes: &[u8]) -> Result<Self, DecodeError> {
        let document = parse(bytes, &document::ANSWER)?;
        let root = Node::root(&document, NAMESPACE, &[ROOT])?;
        let choices = root.required("choices")?;
        let choices = choices
            .all("choice")
            .map(|choice| Choice::from_node(&choice));
        Ok(Self {
            choices: choices.collect::<Result<_, _>>()?,
        })
    }

    /// Writes an answer.
    #[must_use]
    pub fn to_xml(&self) -> Vec<u8> {
        let mut writer = document::begin(ROOT, NAMESPACE, &[]);
        writer.open("choices", &[]);
        for choice in &self.choices {
            writer.open("choice", &[]);
            // A client gives each location to the protocol that it read last (CQ-56).
            writer.leaf("protocol", &[], &choice.protocol);
            writer.leaf("location", &[], &choice.location);
            writer.close();
        }
        writer.finish()
    }
}
