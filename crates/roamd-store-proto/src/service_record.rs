//! Service records: how provisioning files, accounts and the discovery document describe a store
//! (ST-30).

use roamd_xml::{Fault, Writer};

use crate::store_element::StoreElement;

/// Namespace of service records.
pub(crate) const NAMESPACE: &str = "http://www.citrix.com/ServiceRecord";

/// Type of the service of a store. Provisioning files also spell it in lower case.
const STORE: &str = "Store";

/// Description of a store, from which a client finds its services. It has no Citrix Gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceRecord {
    /// `SRID`: a number that identifies the store, and stays the same.
    pub srid: String,
    /// `Name`: display name of the store.
    pub name: String,
    /// `Address`: absolute URL of the discovery document of the store.
    pub address: String,
    /// `Beacons/Internal/Beacon`: URLs by which a client finds out that it is inside.
    pub internal_beacons: Vec<String>,
}

impl ServiceRecord {
    /// Writes the record as an element `Service`. `prefix` is that of its namespace with a colon,
    /// or empty; `endpoints` is the URL of the endpoints service, which only a discovery document
    /// has.
    pub(crate) fn write(&self, writer: &mut Writer, prefix: &str, endpoints: Option<&str>) {
        let name = |name: &str| format!("{prefix}{name}");
        writer.open(&name("Service"), &[("type", STORE)]);
        writer.leaf(&name("SRID"), &[], &self.srid);
        writer.leaf(&name("Name"), &[], &self.name);
        writer.leaf(&name("Address"), &[], &self.address);
        if let Some(endpoints) = endpoints {
            writer.leaf(&name("Endpoints"), &[], endpoints);
        }
        writer.leaf(&name("Gateways"), &[], "");
        writer.open(&name("Beacons"), &[]);
        writer.open(&name("Internal"), &[]);
        for beacon in &self.internal_beacons {
            writer.leaf(&name("Beacon"), &[], beacon);
        }
        writer.close();
        writer.leaf(&name("External"), &[], "");
        writer.close();
        writer.close();
    }

    /// Reads an element `Service`. Returns `None` if it is another service than a store.
    pub(crate) fn read(service: &StoreElement<'_>) -> Result<Option<Self>, Fault> {
        if !service.attribute("type")?.eq_ignore_ascii_case(STORE) {
            return Ok(None);
        }
        let text = |name| -> Result<String, Fault> {
            Ok(service.required(name)?.required_text()?.to_owned())
        };
        let mut internal_beacons = Vec::new();
        if let Some(beacons) = service.optional("Beacons")?
            && let Some(internal) = beacons.optional("Internal")?
        {
            let beacons = internal.children_named("Beacon");
            internal_beacons.extend(beacons.map(|beacon| beacon.text().to_owned()));
        }
        Ok(Some(Self {
            srid: text("SRID")?,
            name: text("Name")?,
            address: text("Address")?,
            internal_beacons,
        }))
    }
}
