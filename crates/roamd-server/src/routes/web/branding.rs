//! The branding of the page: its description, and the logo (WA-120).

use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, EXPIRES, HeaderValue, PRAGMA};
use roamd_http::Response;
use roamd_web_proto::media_type;

use super::response::answer;
use crate::http::error::ApiError;
use crate::http::web_site::WebSite;

/// An SVG image can contain scripts and links. As a document of its own it runs and loads nothing.
const LOGO_POLICY: HeaderValue =
    HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; sandbox");

/// The name of a logo is the hash of its content, so a browser may keep it for a year.
const ONE_YEAR: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// Describes the branding.
pub(super) fn branding(site: &WebSite) -> Response {
    answer(media_type::JSON, site.branding.json.clone())
}

/// Returns the logo, unless the hash is that of an earlier one.
pub(super) fn logo(site: &WebSite, hash: &str) -> Result<Response, ApiError> {
    let logo = site.branding.logo.as_ref();
    let logo = logo.filter(|logo| logo.hash == hash);
    let logo = logo.ok_or(ApiError::NotFound)?;
    let mut response = answer(logo.media_type, logo.bytes.clone());
    let headers = response.headers_mut();
    headers.remove(PRAGMA);
    headers.remove(EXPIRES);
    headers.insert(CACHE_CONTROL, ONE_YEAR);
    headers.insert(CONTENT_SECURITY_POLICY, LOGO_POLICY);
    Ok(response)
}
