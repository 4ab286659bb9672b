//! Provisioning file `receiverconfig.cr`: adds stores to a client that opens it (ST-30, ST-73).

use roamd_xml::parse;

use crate::decode_error::DecodeError;
use crate::document;
use crate::service_record::{NAMESPACE, ServiceRecord};
use crate::store_element::StoreElement;

const ROOT: &str = "Services";

/// A provisioning file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provisioning {
    /// The stores.
    pub stores: Vec<ServiceRecord>,
}

impl Provisioning {
    /// Name of the file.
    pub const FILE_NAME: &'static str = "receiverconfig.cr";

    /// Decodes a file. Services that are no stores are ignored.
    ///
    /// # Errors
    /// If the document is not a provisioning file.
    pub fn from_xml(bytes: &[u8]) -> Result<Self, DecodeError> {
        let document = parse(bytes, &document::RESPONSE)?;
        let root = StoreElement::root(&document, NAMESPACE, &[ROOT])?;
        let mut stores = Vec::new();
        for service in root.children_named("Service") {
            stores.extend(ServiceRecord::read(&service)?);
        }
        Ok(Self { stores })
    }

    /// Encodes the file.
    #[must_use]
    pub fn to_xml(&self) -> Vec<u8> {
        let mut writer = document::begin(ROOT, NAMESPACE, &[("version", "1.0")]);
        for store in &self.stores {
            store.write(&mut writer, "", None);
        }
        writer.finish()
    }
}
