//! Endpoints, store-services.md §2.

use roamd_store_proto::{Endpoint, Endpoints};
use roamd_xml::FaultKind;

use crate::{ascii, compact, fault};

#[test]
fn specified_endpoints_round_trip_byte_for_byte() {
    // ST-23, CQ-68
    let endpoint = |id: &str, path: &str, capability: &str| Endpoint {
        id: id.to_owned(),
        url: format!("https://sf.example.net/Citrix/Store/{path}"),
        capabilities: vec![capability.to_owned()],
    };
    let expected = Endpoints {
        endpoints: vec![
            endpoint("Endpoints", "endpoints/v1", "endpoints"),
            endpoint("ListSessions", "sessions/v1/available", "listSessions"),
            endpoint(
                "DisconnectSessions",
                "sessions/v1/disconnect",
                "disconnectSessions",
            ),
            endpoint("LogOffSessions", "sessions/v1/logoff", "logOffSessions"),
        ],
    };
    let example = include_str!("data/endpoints.xml");
    assert_eq!(
        Endpoints::from_xml(example.as_bytes()),
        Ok(expected.clone())
    );
    assert_eq!(ascii(expected.to_xml()), compact(example));
}

#[test]
fn endpoint_requires_url_but_not_capabilities() {
    let around = |content: &str| {
        let namespace = "http://citrix.com/dazzleservices/2-0/endpoints";
        format!("<endpoints xmlns='{namespace}'><endpoint id='A'>{content}</endpoint></endpoints>")
    };
    let read = Endpoints::from_xml(around("<url>http://a/</url>").as_bytes()).unwrap();
    assert_eq!(read.endpoints[0].capabilities, [""; 0]);
    assert_eq!(
        fault(Endpoints::from_xml(around("<capabilities/>").as_bytes())),
        ("endpoints/endpoint/url".to_owned(), FaultKind::Missing)
    );
}
