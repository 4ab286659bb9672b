//! Accounts: the stores of a server, for a client that knows its host only (ST-70 to ST-72).

use roamd_xml::{Fault, Writer, parse};

use crate::decode_error::DecodeError;
use crate::document::{self, boolean};
use crate::service_record::{self, ServiceRecord};
use crate::store_element::StoreElement;

const NAMESPACE: &str = "http://citrix.com/delivery-services/2-1/accounts";
const ROOT: &str = "accounts";

/// Origin of the software updates of a client: the client's own.
const UPDATER: &str = "citrix";

/// The accounts that a client can add.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accounts {
    /// One for each store.
    pub accounts: Vec<Account>,
}

/// An account: a store that a client can add.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// `id`: a GUID, which stays the same.
    pub id: String,
    /// `name`: display name.
    pub name: String,
    /// `description`; may be empty.
    pub description: String,
    /// `published`: clients offer published accounts first.
    pub published: bool,
    /// `contentHash`: an opaque text that changes with the content.
    pub content_hash: String,
    /// `details`: the store; `None` in a summary.
    pub store: Option<ServiceRecord>,
}

impl Accounts {
    /// Decodes a response. Accounts without a store have none here.
    ///
    /// # Errors
    /// If the document is not a valid message.
    pub fn from_xml(bytes: &[u8]) -> Result<Self, DecodeError> {
        let document = parse(bytes, &document::RESPONSE)?;
        let root = StoreElement::root(&document, NAMESPACE, &[ROOT])?;
        let accounts = root.children_named("account");
        let accounts = accounts.map(|account| Account::read(&account));
        Ok(Self {
            accounts: accounts.collect::<Result<_, _>>()?,
        })
    }

    /// Encodes a response.
    #[must_use]
    pub fn to_xml(&self) -> Vec<u8> {
        let prefix = [("xmlns:sr", service_record::NAMESPACE)];
        let mut writer = document::begin(ROOT, NAMESPACE, &prefix);
        for account in &self.accounts {
            account.write(&mut writer);
        }
        writer.finish()
    }
}

impl Account {
    fn read(account: &StoreElement<'_>) -> Result<Self, Fault> {
        let text = |name| -> Result<String, Fault> {
            Ok(account.required(name)?.required_text()?.to_owned())
        };
        let description = account.optional_text("description")?;
        Ok(Self {
            id: text("id")?,
            name: text("name")?,
            description: description.unwrap_or_default(),
            published: account.required("published")?.boolean()?,
            content_hash: text("contentHash")?,
            store: match account.optional("details")? {
                Some(details) => store(&details)?,
                None => None,
            },
        })
    }

    fn write(&self, writer: &mut Writer) {
        writer.open("account", &[]);
        writer.leaf("id", &[], &self.id);
        writer.leaf("name", &[], &self.name);
        writer.leaf("description", &[], &self.description);
        writer.leaf("published", &[], boolean(self.published));
        writer.leaf("contentHash", &[], &self.content_hash);
        if let Some(store) = &self.store {
            writer.open("details", &[]);
            writer.leaf("updaterType", &[], UPDATER);
            writer.open("annotatedServices", &[]);
            writer.open("annotatedService", &[]);
            store.write(writer, "sr:", None);
            write_metadata(writer);
            writer.close();
            writer.close();
            write_metadata(writer);
            writer.close();
        }
        writer.close();
    }
}

/// Returns the first store of the details of an account.
fn store(details: &StoreElement<'_>) -> Result<Option<ServiceRecord>, Fault> {
    let Some(services) = details.optional("annotatedServices")? else {
        return Ok(None);
    };
    for service in services.children_named("annotatedService") {
        let Some(record) = service.child_in_namespace(service_record::NAMESPACE, "Service") else {
            continue;
        };
        if let Some(store) = ServiceRecord::read(&record)? {
            return Ok(Some(store));
        }
    }
    Ok(None)
}

/// Writes metadata without plug-ins, trust settings and properties.
fn write_metadata(writer: &mut Writer) {
    writer.open("metadata", &[]);
    writer.leaf("plugins", &[], "");
    writer.leaf("trustSettings", &[], "");
    writer.leaf("properties", &[], "");
    writer.close();
}
