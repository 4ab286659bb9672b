//! Public documents: endpoints, discovery, schemas (store-services.md §2, §3).

use std::sync::OnceLock;

use bytes::Bytes;
use http::StatusCode;
use http::header::ACCEPT;
use roamd_http::Response;
use roamd_store_proto::{Discovery, Endpoint, Endpoints, Group, media_type, schemas};

use crate::app::state::{AppState, HostedStore};
use crate::http::error::ApiError;
use crate::http::request::Request;
use crate::http::response::{Caching, respond};
use crate::http::urls::{AuthUrls, StoreUrls};
use crate::routes::service_record::service_record;

/// The endpoints of a store (ST-22 to ST-26).
pub(crate) fn store_endpoints(urls: &StoreUrls, request: &Request) -> Result<Response, ApiError> {
    endpoints(&urls.endpoints, || store_document(urls), request)
}

fn store_document(urls: &StoreUrls) -> Vec<u8> {
    let groups = Group::ALL.map(|group| format!("group:{}", group.name()));
    let mut resources = vec!["ResourcesEnumerationV2", "group:all"];
    resources.extend(groups.iter().map(String::as_str));
    let provisioned = [&*resources, &["AutoProvision"]].concat();
    document(
        &urls.root,
        &[
            ("Endpoints", &["endpoints"], "endpoints/v1"),
            ("DiscoveryDocument", &["DiscoveryV1"], "discovery"),
            ("ListSessions", &["listSessions"], "sessions/v1/available"),
            (
                "DisconnectSessions",
                &["disconnectSessions"],
                "sessions/v1/disconnect",
            ),
            ("LogOffSessions", &["logOffSessions"], "sessions/v1/logoff"),
            (
                "ListResources",
                &resources,
                "resources/v2/withoutautoprovision",
            ),
            (
                "ListResourcesWithAutoProvision",
                &provisioned,
                "resources/v2",
            ),
        ],
    )
}

/// The endpoints of the authentication service (ST-24).
pub(crate) fn authentication_endpoints(
    urls: &AuthUrls,
    request: &Request,
) -> Result<Response, ApiError> {
    let services: [(&str, &[&str], &str); 1] = [("Endpoints", &["endpoints"], "endpoints/v1")];
    endpoints(&urls.endpoints, || document(&urls.root, &services), request)
}

/// The response with a document of endpoints, which is written once.
fn endpoints(
    document: &OnceLock<Bytes>,
    write: impl FnOnce() -> Vec<u8>,
    request: &Request,
) -> Result<Response, ApiError> {
    let media = request.accepts(&[media_type::ENDPOINTS], media_type::ENDPOINTS)?;
    let body = document.get_or_init(|| write().into()).clone();
    Ok(respond(StatusCode::OK, media, Caching::None, body))
}

/// The document of services, each with its id, its capabilities and its path below the root.
fn document(root: &str, services: &[(&str, &[&str], &str)]) -> Vec<u8> {
    let endpoints = services.iter().map(|(id, capabilities, path)| Endpoint {
        id: (*id).to_owned(),
        url: format!("{root}/{path}"),
        capabilities: capabilities.iter().map(|&text| text.to_owned()).collect(),
    });
    Endpoints {
        endpoints: endpoints.collect(),
    }
    .to_xml()
}

/// The discovery document of a store (ST-27 to ST-31). It is never refused with 406 (ST-28).
pub(crate) fn discovery(
    state: &AppState,
    store: &HostedStore,
    request: &Request,
) -> Result<Response, ApiError> {
    let (urls, authentication) = (store.urls(request), state.auth_urls(request));
    let document = Discovery {
        store: service_record(store, request),
        store_endpoints: format!("{}/endpoints/v1", urls.root),
        authentication_endpoints: format!("{}/endpoints/v1", authentication.root),
    };
    let accept = request.joined(&ACCEPT).unwrap_or_default();
    let media = Discovery::media_type(&accept);
    Ok(respond(
        StatusCode::OK,
        media,
        Caching::None,
        document.to_xml(),
    ))
}

/// A published schema.
pub(crate) fn schema(name: &str) -> Result<Response, ApiError> {
    let schema = schemas::by_name(name).ok_or(ApiError::NotFound)?;
    Ok(respond(
        StatusCode::OK,
        "application/xml",
        Caching::Hour,
        schema.text,
    ))
}
