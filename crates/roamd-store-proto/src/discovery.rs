//! Discovery: the URLs of a store and its authentication service (store-services.md §3).
//!
//! The children of the document are not published (ST-31). This form is provisional: it follows the
//! service records of provisioning files (ST-30), with the URLs of the endpoints.

use crate::document;
use crate::media_type::RECEIVER_CONFIGURE;
use crate::service_record::{NAMESPACE, ServiceRecord};

const ROOT: &str = "Discovery";

/// Media type for clients that accept it (ST-28).
const CURRENT: &str = "application/vnd.citrix.discovery+xml";
/// Deprecated media type, for all other clients.
const DEPRECATED: &str = RECEIVER_CONFIGURE;
/// Misspelling of the deprecated type in one document. It is matched but never sent (ST-29).
const DEPRECATED_MISSPELT: &str = "application/citrix.receiver.configure";

/// URLs of the services of a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discovery {
    /// The store; its address is the absolute URL of this document.
    pub store: ServiceRecord,
    /// Absolute URL of the endpoints service of the store.
    pub store_endpoints: String,
    /// Absolute URL of the endpoints service of the authentication service.
    pub authentication_endpoints: String,
}

impl Discovery {
    /// Returns the media type for an `Accept` value (ST-28): the current one if the client names it
    /// and does not name the deprecated one, else the deprecated one. There is no `406`.
    #[must_use]
    pub fn media_type(accept: &str) -> &'static str {
        let accept = accept.to_ascii_lowercase();
        let deprecated = [DEPRECATED, DEPRECATED_MISSPELT]
            .iter()
            .any(|name| accept.contains(name));
        if accept.contains(CURRENT) && !deprecated {
            CURRENT
        } else {
            DEPRECATED
        }
    }

    /// Encodes the document.
    #[must_use]
    pub fn to_xml(&self) -> Vec<u8> {
        let mut writer = document::begin(ROOT, NAMESPACE, &[]);
        writer.open("Services", &[]);
        self.store
            .write(&mut writer, "", Some(&self.store_endpoints));
        writer.open("Service", &[("type", "Authentication")]);
        writer.leaf("Endpoints", &[], &self.authentication_endpoints);
        writer.close();
        writer.close();
        writer.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn current_media_type_is_sent_if_only_it_is_accepted() {
        // ST-28, ST-29
        let table = [
            ("", DEPRECATED),
            ("*/*", DEPRECATED),
            (CURRENT, CURRENT),
            ("text/html, Application/vnd.citrix.Discovery+xml", CURRENT),
            (
                "application/vnd.citrix.discovery+xml, application/vnd.citrix.receiver.configure",
                DEPRECATED,
            ),
            (
                "application/vnd.citrix.discovery+xml, application/citrix.receiver.configure",
                DEPRECATED,
            ),
        ];
        for (accept, expected) in table {
            assert_eq!(Discovery::media_type(accept), expected, "{accept}");
        }
    }

    #[test]
    fn discovery_has_the_urls_of_both_endpoints_services() {
        let discovery = Discovery {
            store: ServiceRecord {
                srid: "7".to_owned(),
                name: "Store".to_owned(),
                address: "https://h/Citrix/Store/discovery".to_owned(),
                internal_beacons: vec!["https://h/Citrix/Store/discovery".to_owned()],
            },
            store_endpoints: "https://h/Citrix/Store/endpoints/v1".to_owned(),
            authentication_endpoints: "https://h/Citrix/StoreAuth/endpoints/v1".to_owned(),
        };
        assert_eq!(
            String::from_utf8(discovery.to_xml()).unwrap(),
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
             <Discovery xmlns=\"http://www.citrix.com/ServiceRecord\"><Services>\
             <Service type=\"Store\"><SRID>7</SRID><Name>Store</Name>\
             <Address>https://h/Citrix/Store/discovery</Address>\
             <Endpoints>https://h/Citrix/Store/endpoints/v1</Endpoints><Gateways/>\
             <Beacons><Internal><Beacon>https://h/Citrix/Store/discovery</Beacon></Internal>\
             <External/></Beacons></Service>\
             <Service type=\"Authentication\">\
             <Endpoints>https://h/Citrix/StoreAuth/endpoints/v1</Endpoints></Service>\
             </Services></Discovery>"
        );
    }
}
