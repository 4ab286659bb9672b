//! Pages for people: the root of the host, each store, and the index of the schemas. They have no
//! script and load nothing from other hosts.

use askama::Template;
use http::StatusCode;
use http::header::{CONTENT_SECURITY_POLICY, HeaderValue, X_FRAME_OPTIONS};
use roamd_http::Response;
use roamd_store_proto::schemas::{ALL, Schema};

use crate::app::state::AppState;
use crate::http::error::ApiError;
use crate::http::request::Request;
use crate::http::response::{Caching, respond};
use crate::http::urls::StoreUrls;

/// A browser may show a page with the style sheet of this server, and nothing else.
const SECURITY_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'",
);

const STYLE_SHEET: &str = include_str!("../../assets/roamd.css");

const VERSION: &str = env!("CARGO_PKG_VERSION");

#[derive(Template)]
#[template(path = "index.html")]
struct RootPage<'a> {
    version: &'static str,
    stores: Vec<StoreEntry<'a>>,
}

/// A store on the page at the root.
struct StoreEntry<'a> {
    /// URL of the store.
    url: &'a str,
    /// URL of its web site, if it has one.
    site: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "store.html")]
struct StorePage<'a> {
    version: &'static str,
    store: &'a str,
}

#[derive(Template)]
#[template(path = "schemas.html")]
struct SchemasPage {
    version: &'static str,
    schemas: &'static [Schema],
}

/// The page at the root: what this server is, and where its stores and their web sites are.
pub(crate) fn root(state: &AppState, request: &Request) -> Result<Response, ApiError> {
    let stores = state.stores.iter();
    render(&RootPage {
        version: VERSION,
        stores: stores
            .map(|store| StoreEntry {
                url: &store.urls(request).root,
                site: store.site(request).map(|site| site.url.as_str()),
            })
            .collect(),
    })
}

/// The page at the URL of a store: what it is, and how clients use it.
pub(crate) fn store(urls: &StoreUrls) -> Result<Response, ApiError> {
    render(&StorePage {
        version: VERSION,
        store: &urls.root,
    })
}

/// The index of the schemas (SS-65).
pub(crate) fn schemas() -> Result<Response, ApiError> {
    render(&SchemasPage {
        version: VERSION,
        schemas: ALL,
    })
}

/// The style sheet of the pages.
pub(crate) fn style_sheet() -> Response {
    let media = "text/css; charset=utf-8";
    respond(StatusCode::OK, media, Caching::Hour, STYLE_SHEET)
}

fn render(page: &impl Template) -> Result<Response, ApiError> {
    let html = page
        .render()
        .map_err(|error| ApiError::Internal(error.into()))?;
    let media = "text/html; charset=utf-8";
    let mut response = respond(StatusCode::OK, media, Caching::None, html);
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, SECURITY_POLICY);
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    Ok(response)
}
