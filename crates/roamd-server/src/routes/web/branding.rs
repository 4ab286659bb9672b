//! The branding of the page: its description, and the logo (WA-120).

use http::header::{CONTENT_SECURITY_POLICY, HeaderValue};
use roamd_http::Response;
use roamd_web_proto::media_type;

use super::response::{UNCHANGING, answer, kept};
use crate::http::error::ApiError;
use crate::http::web_site::WebSite;

/// An SVG image can contain scripts and links. As a document of its own it runs and loads nothing.
const LOGO_POLICY: HeaderValue =
    HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; sandbox");

/// Describes the branding.
pub(super) fn branding(site: &WebSite) -> Response {
    answer(media_type::JSON, site.branding.json.clone())
}

/// Returns the logo, unless the hash is that of an earlier one.
pub(super) fn logo(site: &WebSite, hash: &str) -> Result<Response, ApiError> {
    let logo = site.branding.logo.as_ref();
    let logo = logo.filter(|logo| logo.hash == hash);
    let logo = logo.ok_or(ApiError::NotFound)?;
    let mut response = kept(answer(logo.media_type, logo.bytes.clone()), UNCHANGING);
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, LOGO_POLICY);
    Ok(response)
}
