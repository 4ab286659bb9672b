//! Resources: what a user may start (store-services.md §5).

mod groups;
mod resource;

pub use self::groups::{Group, Groups};
pub use self::resource::{Image, Property, Resource, ResourceType, StartMenu};

use roamd_xml::{Writer, parse};

use crate::document::{self, Node};
use crate::{DecodeError, EnumerationStatus};

const NAMESPACE: &str = "http://citrix.com/delivery-services/2-0/resources";
const SUBSCRIPTIONS: &str = "http://citrix.com/delivery-services/2-0/subscriptions";
const ROOT: &str = "resources";
const RESOURCE: &str = "resource";

/// A list of resources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resources {
    /// How many of the farms did answer (ST-60).
    pub enumeration: EnumerationStatus,
    /// The resources.
    pub resources: Vec<Resource>,
}

impl Resources {
    /// Reads an answer. What nobody needs to start a resource may be absent.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn from_xml(bytes: &[u8]) -> Result<Self, DecodeError> {
        let document = parse(bytes, &document::LONG_ANSWER)?;
        let root = Node::root(&document, NAMESPACE, &[ROOT])?;
        Ok(Self {
            enumeration: root.attribute_word("enumeration")?,
            resources: root
                .all(RESOURCE)
                .map(|resource| Resource::from_node(&resource))
                .collect::<Result<_, _>>()?,
        })
    }

    /// Writes an answer with the elements of these groups. It says that there are no subscriptions
    /// in this store.
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
    /// Reads an answer with a single resource.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn from_xml(bytes: &[u8]) -> Result<Self, DecodeError> {
        let document = parse(bytes, &document::ANSWER)?;
        let root = Node::root(&document, NAMESPACE, &[RESOURCE])?;
        Ok(Self::from_node(&root)?)
    }

    /// Writes an answer with a single resource: the same element as in the list (ST-62).
    #[must_use]
    pub fn to_xml(&self, groups: &Groups) -> Vec<u8> {
        let mut writer = begin(RESOURCE, &[]);
        self.write(&mut writer, groups);
        writer.finish()
    }
}

/// Begins a document. A client reads the declaration of the second namespace by its prefix, so it is
/// there even where nothing uses it (ST-61).
fn begin(root: &str, attributes: &[(&str, &str)]) -> Writer {
    let all: Vec<_> = [("xmlns:a", SUBSCRIPTIONS)]
        .into_iter()
        .chain(attributes.iter().copied())
        .collect();
    document::begin(root, NAMESPACE, &all)
}
