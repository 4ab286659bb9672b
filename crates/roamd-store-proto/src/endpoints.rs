//! Endpoints: the services of a store and their URLs (store-services.md §2).

use roamd_xml::{Fault, parse};

use crate::decode_error::DecodeError;
use crate::document;
use crate::store_element::StoreElement;

const NAMESPACE: &str = "http://citrix.com/dazzleservices/2-0/endpoints";
const ROOT: &str = "endpoints";

/// The services of a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    /// The services.
    pub endpoints: Vec<Endpoint>,
}

/// A service.
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
    /// Decodes a response. Capabilities are optional.
    ///
    /// # Errors
    /// If the document is not a valid message.
    pub fn from_xml(bytes: &[u8]) -> Result<Self, DecodeError> {
        let document = parse(bytes, &document::RESPONSE)?;
        let root = StoreElement::root(&document, NAMESPACE, &[ROOT])?;
        let endpoints = root
            .children_named("endpoint")
            .map(|endpoint| Endpoint::from_element(&endpoint))
            .collect::<Result<_, _>>()?;
        Ok(Self { endpoints })
    }

    /// Encodes a response.
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
    fn from_element(element: &StoreElement<'_>) -> Result<Self, Fault> {
        let capabilities = element.optional("capabilities")?;
        Ok(Self {
            id: element.attribute("id")?.to_owned(),
            url: element.required("url")?.required_text()?.to_owned(),
            capabilities: capabilities.map_or_else(Vec::new, |list| {
                list.children_named("capability")
                    .map(|capability| capability.text().to_owned())
                    .collect()
            }),
        })
    }
}
