//! Icons (web-api.md §9.3).
//!
//! A thumbprint is the hash of a version of a resource, and the id of the resource. The image
//! behind it never changes, so a browser may keep it for a year; the user's right to see it is
//! checked each time all the same.

use std::borrow::Cow;

use bytes::Bytes;
use http::header::{HeaderValue, IF_MODIFIED_SINCE, LAST_MODIFIED};
use http::{Method, StatusCode};
use roamd_http::Response;
use roamd_sessions::{IconSize, ResourceId};
use roamd_web_proto::media_type;

use super::response::{answer, kept};
use super::visit::Visit;
use crate::http::error::ApiError;
use crate::http::request::Request;
use crate::routes::resources::icon_for;

/// The hash in the thumbprint of a resource without a version. All hashes are as long.
const NO_HASH: &str = "00000000000000000000000000000000";

/// Sizes that a client may request, in pixels.
const SIZES: [u16; 9] = [16, 24, 32, 48, 64, 96, 128, 256, 512];

/// The date of every image: what a client has is what the thumbprint names.
const DATE: HeaderValue = HeaderValue::from_static("Sat, 01 Jan 2000 00:00:00 GMT");

/// Returns the thumbprint of a resource. One without a version gets no hash.
pub(super) fn thumbprint(id: &ResourceId, hash: Option<&str>) -> String {
    format!("{}{}", hash.unwrap_or(NO_HASH), id.to_segment())
}

/// Returns an icon in the size that fits best.
pub(super) async fn icon(
    visit: &Visit<'_>,
    thumbprint: &str,
    size: Option<&str>,
    request: Request,
) -> Result<Response, ApiError> {
    let caller = visit.caller(&request).await?;
    let size = match size {
        Some(size) => Some(size.to_owned()),
        None => request.query("size").next().map(Cow::into_owned),
    };
    let size = match size {
        Some(text) => {
            let known = text.parse().ok().filter(|size| SIZES.contains(size));
            let wrong = || ApiError::BadRequest("the size is not one of icons".to_owned());
            IconSize::fitting(known.ok_or_else(wrong)?)
        }
        None => IconSize::DEFAULT,
    };
    let is_known = request.header(&IF_MODIFIED_SINCE).is_some();
    if request.method() == Method::POST {
        caller.body(request).await?;
    }
    let (hash, id) = thumbprint
        .split_at_checked(NO_HASH.len())
        .ok_or(ApiError::RESOURCE_NOT_FOUND)?;
    let id = ResourceId::from_segment(id).ok_or(ApiError::RESOURCE_NOT_FOUND)?;
    let png = icon_for(visit.store, &caller, &id, size).await?;
    // Without a version, nothing shows that the image has changed.
    let has_version = hash != NO_HASH;
    let mut response = if has_version && is_known {
        let mut response = answer(media_type::PNG, Bytes::new());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response
    } else {
        answer(media_type::PNG, png)
    };
    if !has_version {
        return Ok(kept(response, "private, max-age=3600"));
    }
    response.headers_mut().insert(LAST_MODIFIED, DATE);
    Ok(kept(response, "private, max-age=31536000"))
}
