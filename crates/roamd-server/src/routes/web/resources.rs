//! The list of resources (web-api.md §9.1).

use std::sync::Arc;

use roamd_http::Response;
use roamd_sessions::{ListedResource, Scope};
use roamd_store_proto::EnumerationStatus;
use roamd_web_proto::{FarmNames, Parameters, Resource, Resources, media_type};

use super::icon::thumbprint;
use super::response::{answer, with_farms};
use super::visit::Visit;
use crate::http::error::ApiError;
use crate::http::request::Request;
use crate::http::urls::StoreUrls;
use crate::routes::resources::{list_for, resource};

/// Keyword of a resource that users cannot remove from their page.
const MANDATORY: &str = "mandatory";

/// Lists the resources that the user may start.
pub(super) async fn list(visit: &Visit<'_>, request: Request) -> Result<Response, ApiError> {
    let caller = match visit.caller(&request).await {
        Ok(caller) => caller,
        Err(error) => {
            // This is the first request of many clients, which keep the connection.
            request.body().await?;
            return Err(error);
        }
    };
    let urls = Arc::clone(visit.store.urls(&request));
    let details = Parameters::decode(&caller.body(request).await?).details;
    let (state, store) = (visit.state, visit.store);
    let list = list_for(state, store, &caller, Scope::Everything).await?;
    if list.enumeration == EnumerationStatus::Failed {
        return Err(ApiError::FarmUnavailable);
    }
    let missing_farms = list.missing_farms.clone();
    let size = list.resources.len();
    let write = move || {
        let listed = list.resources.iter();
        let resources = listed.map(|listed| web_resource(&urls, listed)).collect();
        Resources { resources }.to_json(details)
    };
    let body = state.large_work.run(size, write).await?;
    Ok(with_farms(
        answer(media_type::JSON, body),
        FarmNames::MISSING,
        &missing_farms,
    ))
}

/// A resource as the list shows it: what the store says of it, with other URLs.
fn web_resource(urls: &StoreUrls, listed: &ListedResource) -> Resource {
    let of_store = resource(urls, listed);
    let mut keywords = of_store.keywords.iter();
    Resource {
        launch_id: listed.ids().to_segment(),
        thumbprint: thumbprint(&listed.id, of_store.image_hash.as_deref()),
        name: of_store.title,
        description: of_store.summary,
        path: of_store.path,
        resource_type: of_store.resource_type,
        client_types: of_store.client_types,
        disabled: !of_store.enabled,
        recommended: of_store.featured,
        mandatory: keywords.any(|keyword| keyword.eq_ignore_ascii_case(MANDATORY)),
        keywords: of_store.keywords,
        properties: of_store.properties,
        images: of_store.images,
        plays_file_types: of_store.plays_file_types,
        publisher_name: of_store.publisher_name,
        id: of_store.id,
    }
}
