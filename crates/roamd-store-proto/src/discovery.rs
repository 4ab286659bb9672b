//! Discovery: where the services of a store and of its authentication service are
//! (store-services.md §3).
//!
//! The children of the document are not published (ST-31). This one is provisional: it follows the
//! service records of provisioning files (ST-30) and says no more than where the endpoints are.

use crate::document;

const NAMESPACE: &str = "http://www.citrix.com/ServiceRecord";
const ROOT: &str = "Discovery";

/// Type of the document for clients that know it (ST-28).
const CURRENT: &str = "application/vnd.citrix.discovery+xml";
/// Deprecated type, for all others.
const DEPRECATED: &str = "application/vnd.citrix.receiver.configure";
/// The deprecated type as one note spells it; matched, never sent (ST-29).
const DEPRECATED_SLIP: &str = "application/citrix.receiver.configure";

/// Where the services are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discovery {
    /// Name of the store for people.
    pub store_name: String,
    /// Absolute URL of this document.
    pub store_url: String,
    /// Absolute URL of the store's endpoints service.
    pub store_endpoints: String,
    /// Absolute URL of the authentication service's endpoints service.
    pub authentication_endpoints: String,
}

impl Discovery {
    /// The media type of the answer to a client that accepts this (ST-28): the current one for who
    /// names it and not the deprecated one too. There is no 406.
    #[must_use]
    pub fn media_type(accept: &str) -> &'static str {
        let accept = accept.to_ascii_lowercase();
        let deprecated = [DEPRECATED, DEPRECATED_SLIP]
            .iter()
            .any(|name| accept.contains(name));
        if accept.contains(CURRENT) && !deprecated {
            CURRENT
        } else {
            DEPRECATED
        }
    }

    /// Writes the document.
    #[must_use]
    pub fn to_xml(&self) -> Vec<u8> {
        let mut writer = document::begin(ROOT, NAMESPACE, &[]);
        writer.open("Services", &[]);
        writer.open("Service", &[("type", "Store")]);
        writer.leaf("Name", &[], &self.store_name);
        writer.leaf("Address", &[], &self.store_url);
        writer.leaf("Endpoints", &[], &self.store_endpoints);
        writer.close();
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
    fn the_current_type_goes_to_who_names_it_alone() {
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
    fn a_document_says_where_both_endpoints_services_are() {
        let discovery = Discovery {
            store_name: "Store".to_owned(),
            store_url: "https://h/Citrix/Store/discovery".to_owned(),
            store_endpoints: "https://h/Citrix/Store/endpoints/v1".to_owned(),
            authentication_endpoints: "https://h/Citrix/StoreAuth/endpoints/v1".to_owned(),
        };
        assert_eq!(
            String::from_utf8(discovery.to_xml()).unwrap(),
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
             <Discovery xmlns=\"http://www.citrix.com/ServiceRecord\"><Services>\
             <Service type=\"Store\"><Name>Store</Name>\
             <Address>https://h/Citrix/Store/discovery</Address>\
             <Endpoints>https://h/Citrix/Store/endpoints/v1</Endpoints></Service>\
             <Service type=\"Authentication\">\
             <Endpoints>https://h/Citrix/StoreAuth/endpoints/v1</Endpoints></Service>\
             </Services></Discovery>"
        );
    }
}
