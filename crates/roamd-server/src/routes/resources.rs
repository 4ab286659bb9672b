//! `resources/v2` and what lies below it (store-services.md §5).
//!
//! The store has no subscriptions: nothing is provisioned, the list is the same with and without
//! automatic provisioning, and `subscriptionStatus` filters nothing out. `clientName` and
//! `clientAddress` (ST-57) are ignored. They could decide what a user sees (ST-16), but resources
//! are enumerated and cached per user, not per client.

use std::sync::Arc;

use bytes::Bytes;
use http::StatusCode;
use http::header::{ETAG, HeaderValue};
use roamd_http::Response;
use roamd_sessions::{
    Description, Icon, IconSize, Kind, ListedResource, ResourceError, ResourceId, ResourceList,
    Scope,
};
use roamd_store_proto::{EnumerationStatus, Groups, Resource, ResourceType, Resources, media_type};

use crate::app::state::{AppState, HostedStore};
use crate::auth::password_checks::CheckPolicy;
use crate::http::content_hash::content_hash;
use crate::http::error::ApiError;
use crate::http::request::Request;
use crate::http::response::{Caching, respond};
use crate::http::route::IconFormat;
use crate::http::urls::StoreUrls;
use crate::routes::caller::{Caller, caller};
use crate::routes::icon_file;

/// `clienttype` of applications and desktops, and of documents (ST-63).
const ICA: &str = "ica30";
const CONTENT: &str = "content";

/// Lists the resources that the user may start.
pub(crate) async fn list(
    state: &AppState,
    store: &HostedStore,
    request: Request,
) -> Result<Response, ApiError> {
    let urls = store.urls(&request);
    let caller = caller(state, &request, &urls.resources).await?;
    let media = request.accepts(&[media_type::RESOURCES], media_type::RESOURCES)?;
    let groups = groups(&request);
    let list = match scope(&request)? {
        Some(scope) => list_for(state, store, &caller, scope).await?,
        None => ResourceList {
            enumeration: EnumerationStatus::Full,
            resources: Vec::new(),
            missing_farms: Vec::new(),
            account_refused: false,
        },
    };
    let (size, urls) = (list.resources.len(), Arc::clone(urls));
    let write = move || document(&urls, &list).to_xml(&groups);
    let body = state.large_work.run(size, write).await?;
    Ok(respond(StatusCode::OK, media, Caching::None, body))
}

/// Lists the resources that a caller may start, after a check of the password.
pub(super) async fn list_for(
    state: &AppState,
    store: &HostedStore,
    caller: &Caller<'_>,
    scope: Scope,
) -> Result<ResourceList, ApiError> {
    caller.check_password(store.check_policy()).await?;
    let service = Arc::clone(&store.service);
    let user_farms = caller.farms(store);
    let queried = service
        .query_resources(&user_farms, &caller.user, scope)
        .await;
    let size = queried.size();
    let merge = move || service.merge_resources(queried);
    let list = state.large_work.run(size, merge).await??;
    caller.check_again_if(list.account_refused).await?;
    // The farms may have taken long to respond.
    caller.check_token_again().await?;
    Ok(list)
}

/// Describes one resource.
pub(crate) async fn single(
    state: &AppState,
    store: &HostedStore,
    id: &str,
    request: Request,
) -> Result<Response, ApiError> {
    let urls = store.urls(&request);
    let caller = caller(state, &request, &urls.resources).await?;
    let media = request.accepts(&[media_type::RESOURCE], media_type::RESOURCE)?;
    let groups = groups(&request);
    let id = ResourceId::from_segment(id).ok_or(ApiError::RESOURCE_NOT_FOUND)?;
    caller.check_password(store.check_policy()).await?;
    let user_farms = caller.farms(store);
    let listed = store.service.resource(&user_farms, &caller.user, &id).await;
    let listed = found(&caller, listed).await?;
    caller.check_token_again().await?;
    let body = resource(urls, &listed).to_xml(&groups);
    Ok(respond(StatusCode::OK, media, Caching::None, body))
}

/// Returns the icon of a resource.
pub(crate) async fn icon(
    state: &AppState,
    store: &HostedStore,
    id: &str,
    format: IconFormat,
    size: Option<&str>,
    request: Request,
) -> Result<Response, ApiError> {
    let urls = store.urls(&request);
    let caller = caller(state, &request, &urls.resources).await?;
    let media = match format {
        IconFormat::Png => request.accepts(&[media_type::PNG], media_type::PNG)?,
        IconFormat::Ico => {
            request.accepts(&[media_type::ICON, media_type::X_ICON], media_type::ICON)?
        }
    };
    let id = ResourceId::from_segment(id).ok_or(ApiError::RESOURCE_NOT_FOUND)?;
    let size = match size {
        Some(pixels) => {
            let pixels = pixels.parse().map_err(|_| ApiError::RESOURCE_NOT_FOUND)?;
            IconSize::fitting(pixels)
        }
        None => IconSize::DEFAULT,
    };
    let png = icon_for(store, &caller, &id, size).await?;
    let body = match format {
        IconFormat::Png => png,
        IconFormat::Ico => icon_file::icon_file(&png, size).into(),
    };
    let tag = format!("\"{}\"", content_hash(&[&body]));
    let (status, body) = if request.knows(&tag) {
        (StatusCode::NOT_MODIFIED, Bytes::new())
    } else {
        (StatusCode::OK, body)
    };
    let mut response = respond(status, media, Caching::OwnHour, body);
    if let Ok(tag) = HeaderValue::try_from(tag) {
        response.headers_mut().insert(ETAG, tag);
    }
    Ok(response)
}

/// Returns the icon of a resource of a caller as PNG.
pub(super) async fn icon_for(
    store: &HostedStore,
    caller: &Caller<'_>,
    id: &ResourceId,
    size: IconSize,
) -> Result<Bytes, ApiError> {
    caller.check_password(CheckPolicy::SkipIfUnknown).await?;
    let user_farms = caller.farms(store);
    let icon = store
        .service
        .icon(&user_farms, &caller.user, id, size)
        .await;
    let icon = found(caller, icon).await?;
    caller.check_token_again().await?;
    Ok(match icon {
        Icon::OfFarm(bytes) => Bytes::from_owner(bytes),
        Icon::None { desktop } => Bytes::from_static(icon_file::default(desktop, size)),
    })
}

/// Unwraps what a farm returned. If it refused the account, the password is checked again.
pub(super) async fn found<T>(
    caller: &Caller<'_>,
    result: Result<T, ResourceError>,
) -> Result<T, ApiError> {
    match result {
        Ok(found) => Ok(found),
        Err(error) => {
            caller.check_again_if(error.is_account_refused()).await?;
            Err(error.into())
        }
    }
}

/// The scope of the list (ST-57). Returns `None` for anonymous pre-launch, since every user of this
/// store signs in. Of several scopes the last one counts.
fn scope(request: &Request) -> Result<Option<Scope>, ApiError> {
    let mut scope = Some(Scope::Everything);
    for value in request.query("scope") {
        scope = match value.to_ascii_uppercase().as_str() {
            "$PRELAUNCH$" => Some(Scope::PreLaunch),
            "$ANONYMOUS_PRELAUNCH$" => None,
            _ => {
                let text = "the scope has to be $PRELAUNCH$ or $ANONYMOUS_PRELAUNCH$";
                return Err(ApiError::BadRequest(text.to_owned()));
            }
        };
    }
    Ok(scope)
}

fn groups(request: &Request) -> Groups {
    let names: Vec<_> = request.query("group").collect();
    Groups::named(names.iter().map(AsRef::as_ref))
}

/// The list as a document.
fn document(urls: &StoreUrls, list: &ResourceList) -> Resources {
    let resources = list.resources.iter();
    Resources {
        enumeration: list.enumeration,
        resources: resources.map(|listed| resource(urls, listed)).collect(),
    }
}

/// A resource as the document describes it.
pub(super) fn resource(urls: &StoreUrls, listed: &ListedResource) -> Resource {
    let ListedResource {
        id,
        other_ids,
        application,
        publisher_name,
    } = listed;
    let description = Description::parse(&application.description);
    let featured = description.is_featured();
    let (url, id_text) = (urls.resource(id), id.to_text());
    let image_hash = application
        .version
        .map(|version| content_hash(&[id_text.as_bytes(), &version.to_be_bytes()]));
    let (resource_type, client_type, location) = match &application.kind {
        Kind::Application => (ResourceType::APPLICATION, ICA, None),
        Kind::Desktop => (ResourceType::DESKTOP, ICA, None),
        Kind::Document { location } => (ResourceType::DOCUMENT, CONTENT, location.as_ref()),
    };
    Resource {
        id: id_text,
        title: application.title.clone(),
        summary: description.summary,
        path: ["\\", &application.folder].concat(),
        resource_type,
        plays_file_types: application.file_types.clone(),
        content_location: location.map(|location| location.as_str().to_owned()),
        client_types: vec![client_type.to_owned()],
        keywords: description.keywords,
        properties: description.properties,
        images: application.images.clone(),
        enabled: !application.disabled,
        // A disabled resource and a document have no launch link (ST-66).
        launch_ica: (!application.disabled && client_type == ICA)
            .then(|| urls.resource_launch(&listed.ids())),
        image: Some([&url, "/image"].concat()),
        icon: Some([&url, "/icon"].concat()),
        on_desktop: application.on_desktop,
        start_menu: application.start_menu.clone(),
        featured,
        image_hash,
        aggregated: !other_ids.is_empty(),
        publisher_resource_id: id.in_name.clone(),
        publisher_name: publisher_name.clone(),
        link: Some(url),
    }
}
