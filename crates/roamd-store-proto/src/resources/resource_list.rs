//! The list of resources, and the message with a single one.

use roamd_xml::{Writer, parse};

use super::groups::Groups;
use super::resource::Resource;
use crate::decode_error::DecodeError;
use crate::document;
use crate::session_state::EnumerationStatus;
use crate::store_element::StoreElement;

const NAMESPACE: &str = "http://citrix.com/delivery-services/2-0/resources";
const SUBSCRIPTIONS: &str = "http://citrix.com/delivery-services/2-0/subscriptions";
const ROOT: &str = "resources";
const RESOURCE: &str = "resource";

/// A list of resources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resources {
    /// Part of the farms that responded (ST-60).
    pub enumeration: EnumerationStatus,
    /// The resources.
    pub resources: Vec<Resource>,
}

impl Resources {
    /// Decodes a response. Values that are not required for a launch are optional.
    ///
    /// # Errors
    /// If the document is not a valid message.
    pub fn from_xml(bytes: &[u8]) -> Result<Self, DecodeError> {
        let document = parse(bytes, &document::LONG_RESPONSE)?;
        let root = StoreElement::root(&document, NAMESPACE, &[ROOT])?;
        Ok(Self {
            enumeration: root.attribute_enum("enumeration")?,
            resources: root
                .children_named(RESOURCE)
                .map(|resource| Resource::from_element(&resource))
                .collect::<Result<_, _>>()?,
        })
    }

    /// Encodes a response with the elements of these groups. It states that the store has no
    /// subscriptions.
    #[must_use]
    pub fn to_xml(&self, groups: &Groups) -> Vec<u8> {
        let attributes = [
            ("enumeration", self.enumeration.as_str()),
            ("a:subscriptionsstatus", "disabled"),
        ];
        let mut writer = begin(ROOT, &attributes);
        for resource in &self.resources {
            writer.open(RESOURCE, &[]);
            resource.write(&mut writer, groups);
            writer.close();
        }
        writer.finish()
    }
}

impl Resource {
    /// Decodes a response with a single resource.
    ///
    /// # Errors
    /// If the document is not a valid message.
    pub fn from_xml(bytes: &[u8]) -> Result<Self, DecodeError> {
        let document = parse(bytes, &document::RESPONSE)?;
        let root = StoreElement::root(&document, NAMESPACE, &[RESOURCE])?;
        Ok(Self::from_element(&root)?)
    }

    /// Encodes a response with a single resource: the same element as in the list (ST-62).
    #[must_use]
    pub fn to_xml(&self, groups: &Groups) -> Vec<u8> {
        let mut writer = begin(RESOURCE, &[]);
        self.write(&mut writer, groups);
        writer.finish()
    }
}

/// Starts a document. A client looks for the prefix of the second namespace, so the declaration is
/// written even if it is not used (ST-61).
fn begin(root: &str, attributes: &[(&str, &str)]) -> Writer {
    let all: Vec<_> = [("xmlns:a", SUBSCRIPTIONS)]
        .into_iter()
        .chain(attributes.iter().copied())
        .collect();
    document::begin(root, NAMESPACE, &all)
}
