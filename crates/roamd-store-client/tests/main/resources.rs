//! Lists of resources (store-services.md §5).

use roamd_store_client::{EnumerationStatus, Resource, Resources};
use roamd_store_proto::{Endpoint, Endpoints, Groups, media_type};
use roamd_testkit::{MockStore, StoreResponse, healthy_store};

use crate::support::client;

/// ST-10: the URL comes from the endpoints document, and may have a query.
#[tokio::test]
async fn resources_are_requested_at_the_endpoint() {
    let list = Resources {
        enumeration: EnumerationStatus::Partial,
        resources: vec![Resource {
            id: "LAB.Ledger".into(),
            title: "Ledger".into(),
            enabled: true,
            ..Resource::default()
        }],
    };
    for (path, expected) in [
        ("/apps", "GET /apps?clientName=kiosk+07%26"),
        ("/apps?a=b", "GET /apps?a=b&clientName=kiosk+07%26"),
    ] {
        let body = list.to_xml(&Groups::all());
        let store = MockStore::start(move |request| match request.line.as_str() {
            "GET /Store/endpoints/v1" => {
                let endpoints = vec![Endpoint {
                    id: "ListResources".into(),
                    url: format!("{}{path}", request.base),
                    capabilities: Vec::new(),
                }];
                StoreResponse::ok(media_type::ENDPOINTS, Endpoints { endpoints }.to_xml())
            }
            line if line.starts_with("GET /apps") => {
                StoreResponse::ok(media_type::RESOURCES, body.clone())
            }
            _ => healthy_store(request),
        });
        let read = client(&store).resources("kiosk 07&").await.unwrap();
        assert_eq!(read, list);
        assert_eq!(store.lines(), ["GET /Store/endpoints/v1", expected]);
        assert_eq!(store.requests()[1].header("accept"), media_type::RESOURCES);
    }
}
