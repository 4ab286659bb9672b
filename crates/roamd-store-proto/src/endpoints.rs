//! Endpoints: which services a store has, and where (store-services.md §2).

use roamd_xml::{Fault, parse};

use crate::DecodeError;
use crate::document::{self, Node};

const NAMESPACE: &str = "http://citrix.com/dazzleservices/2-0/endpoints";
const ROOT: &str = "endpoints";

/// The services of a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    /// One for each service.
    pub endpoints: Vec<Endpoint>,
}

/// One service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Attribute `id`, compared exactly by clients (ST-26).
    pub id: String,
    /// Absolute URL.
    pub url: String,
    /// `capabilities/capability`.
    pub capabilities: Vec<String>,
}

impl Endpoints {
    /// Reads an answer. Capabilities may be absent.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn from_xml(bytes: &[u8]) -> Result<Self, DecodeError> {
        let document = parse(bytes, &document::ANSWER)?;
        let root = Node::root(&document, NAMESPACE, &[ROOT])?;
        let endpoints = root
            .all("endpoint")
            .map(|endpoint| Endpoint::from_node(&endpoint))
            .collect::<Result<_, _>>()?;
        Ok(Self { endpoints })
    }

    /// Writes an answer.
    #[must_use]
    pub fn to_xml(&self) -> Vec<u8> {
        let mut writer = document::begin(ROOT, NAMESPACE, &[]);
        for endpoint in &self.endpoints {
            writer.open("endpoint", &[("id", &endpoint.id)]);
            writer.leaf("url", &[], &endpoint.url);
            writer.open("capabilities", &[]);
            for capability in &endpoint.capabilities {
                writer.leaf("capability", &[], capability);
            }
            writer.close();
            writer.close();
        }
        writer.finish()
    }
}

impl Endpoint {
    fn from_node(node: &Node<'_>) -> Result<Self, Fault> {
        let capabilities = node.optional("capabilities")?;
        Ok(Self {
            id: node.attribute("id")?.to_owned(),
            url: node.required("url")?.filled()?.to_owned(),
            capabilities: capabilities.map_or_else(Vec::new, |list| {
                list.all("capability")
                    .map(|capability| capability.text().to_owned())
                    .collect()
            }),
        })
    }
}
