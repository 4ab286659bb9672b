//! `resources/v2` and what lies below it (store-services.md §5).
//!
//! The store has no subscriptions, so nothing is provisioned, and a list is the same with and without.
//! For the same reason `subscriptionStatus` leaves nothing out: the answer says that there are none.
//! `clientName` and `clientAddress` (ST-57) change nothing either. They may decide what a user sees (ST-16),
//! but what a farm publishes is asked for and kept for each user, whatever the client.

use bytes::Bytes;
use data_encoding::HEXLOWER;
use http::StatusCode;
use http::header::{ETAG, HeaderValue, IF_NONE_MATCH};
use roamd_http::Response;
use roamd_sessions::{
    Description, Icon, IconSize, Kind, ListedResource, ResourceId, ResourceList, Scope,
};
use roamd_store_proto::{EnumerationStatus, Groups, Resource, ResourceType, Resources, media_type};
use sha2::{Digest, Sha256};

use crate::app::state::{AppState, Reach};
use crate::http::error::ApiError;
use crate::http::request::Request;
use crate::http::response::{Caching, whole};
use crate::http::route::IconFormat;
use crate::http::urls::StoreUrls;
use crate::routes::icon_file;

/// What shows what ICA carries, and what is shown without it (ST-63).
const ICA: &str = "ica30";
const CONTENT: &str = "content";

/// Lists what the user may start.
pub(crate) async fn list(
    gate: &AppState,
    site: &StoreUrls,
    request: Request,
) -> Result<Response, ApiError> {
    let trail = request.trail(gate);
    let user = request.user(gate, &site.resources).await?;
    let media = request.accepts(&[media_type::RESOURCES], media_type::RESOURCES)?;
    let groups = groups(&request);
    let list = match scope(&request)? {
        Some(scope) => {
            gate.admit(&trail, &user, &site.resources, site.reach())
                .await?;
            site.store.resources(&user, scope).await?
        }
        None => ResourceList {
            enumeration: EnumerationStatus::Full,
            resources: Vec::new(),
        },
    };
    let resources = list.resources.iter();
    let body = Resources {
        enumeration: list.enumeration,
        resources: resources.map(|listed| resource(site, listed)).collect(),
    }
    .to_xml(&groups);
    Ok(whole(StatusCode::OK, media, Caching::None, body))
}

/// Tells of one resource.
pub(crate) async fn one(
    gate: &AppState,
    site: &StoreUrls,
    id: &str,
    request: Request,
) -> Result<Response, ApiError> {
    let trail = request.trail(gate);
    let user = request.user(gate, &site.resources).await?;
    let media = request.accepts(&[media_type::RESOURCE], media_type::RESOURCE)?;
    let groups = groups(&request);
    let id = ResourceId::from_segment(id).ok_or(ApiError::NotFound)?;
    gate.admit(&trail, &user, &site.resources, site.reach())
        .await?;
    let listed = site.store.resource(&user, &id).await?;
    let body = resource(site, &listed).to_xml(&groups);
    Ok(whole(StatusCode::OK, media, Caching::None, body))
}

/// Shows the picture of a resource.
pub(crate) async fn picture(
    gate: &AppState,
    site: &StoreUrls,
    id: &str,
    format: IconFormat,
    size: Option<&str>,
    request: Request,
) -> Result<Response, ApiError> {
    let trail = request.trail(gate);
    let user = request.user(gate, &site.resources).await?;
    let media = match format {
        IconFormat::Png => request.accepts(&[media_type::PNG], media_type::PNG)?,
        IconFormat::Ico => {
            request.accepts(&[media_type::ICON, media_type::X_ICON], media_type::ICON)?
        }
    };
    let id = ResourceId::from_segment(id).ok_or(ApiError::NotFound)?;
    let size = match size {
        Some(pixels) => IconSize::fitting(pixels.parse().map_err(|_| ApiError::NotFound)?),
        None => IconSize::DEFAULT,
    };
    gate.admit(&trail, &user, &site.resources, Reach::OneFarm)
        .await?;
    let png = match site.store.icon(&user, &id, size).await? {
        Icon::OfFarm(bytes) => Bytes::from_owner(bytes),
        Icon::None { desktop } => Bytes::from_static(icon_file::default(desktop, size)),
    };
    let body = match format {
        IconFormat::Png => png,
        IconFormat::Ico => icon_file::icon_file(&png, size).into(),
    };
    let tag = format!("\"{}\"", hash(&[&body]));
    let known = request.joined(&IF_NONE_MATCH);
    let mut answer = if known.is_some_and(|known| names(&known, &tag)) {
        whole(
            StatusCode::NOT_MODIFIED,
            media,
            Caching::OwnHour,
            Bytes::new(),
        )
    } else {
        whole(StatusCode::OK, media, Caching::OwnHour, body)
    };
    if let Ok(tag) = HeaderValue::try_from(tag) {
        answer.headers_mut().insert(ETAG, tag);
    }
    Ok(answer)
}

/// What the list is about (ST-57); none for what is started for nobody in particular, since here
/// everybody signs in. Of several scopes the last one counts.
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

/// A resource as the document tells it.
fn resource(site: &StoreUrls, listed: &ListedResource) -> Resource {
    let ListedResource {
        id,
        elsewhere,
        application,
        publisher_name,
    } = listed;
    let description = Description::parse(&application.description);
    let featured = description.is_featured();
    let url = site.resource_url(id);
    let (resource_type, client_type, location) = match &application.kind {
        Kind::Application => (ResourceType::APPLICATION, ICA, None),
        Kind::Desktop => (ResourceType::DESKTOP, ICA, None),
        Kind::Document { location } => (ResourceType::DOCUMENT, CONTENT, location.as_ref()),
    };
    Resource {
        id: id.to_string(),
        title: application.title.clone(),
        summary: description.summary,
        path: format!("\\{}", application.folder),
        resource_type,
        plays_file_types: application.file_types.clone(),
        content_location: location.map(|location| location.as_str().to_owned()),
        client_types: vec![client_type.to_owned()],
        keywords: description.keywords,
        properties: description.properties,
        images: application.images.clone(),
        enabled: !application.disabled,
        // What may not be started, or has nothing to start, has no such link (ST-66).
        launch_ica: (!application.disabled && client_type == ICA)
            .then(|| site.launch_resource_url(&listed.ids())),
        image: Some(format!("{url}/image")),
        icon: Some(format!("{url}/icon")),
        on_desktop: application.on_desktop,
        start_menu: application.start_menu.clone(),
        featured,
        image_hash: application
            .version
            .map(|version| hash(&[id.to_string().as_bytes(), &version.to_be_bytes()])),
        aggregated: !elsewhere.is_empty(),
        publisher_resource_id: id.in_name.clone(),
        publisher_name: publisher_name.clone(),
        link: Some(url),
    }
}

/// A short text that is the same for the same bytes only.
fn hash(parts: &[&[u8]]) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part);
    }
    let digest: [u8; 32] = digest.finalize().into();
    HEXLOWER.encode(digest.first_chunk::<16>().unwrap_or(&[0; 16]))
}

/// Whether `If-None-Match` names a tag. Weak ones are as good here.
fn names(header: &str, tag: &str) -> bool {
    header
        .split(',')
        .map(str::trim)
        .any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_known_in_a_list_as_a_weak_one_and_by_a_star() {
        for (header, known) in [
            ("\"ab\"", true),
            ("\"x\", W/\"ab\"", true),
            ("*", true),
            ("\"x\"", false),
            ("ab", false),
            ("", false),
        ] {
            assert_eq!(names(header, "\"ab\""), known, "{header}");
        }
    }
}
