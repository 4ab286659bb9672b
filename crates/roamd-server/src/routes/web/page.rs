//! The page of a site: a document and its files, the same for every user (web-api.md §11).
//!
//! The document names the files with the version of the page, which is a hash of all of them. So a
//! browser keeps a file forever, and files of two versions are never mixed.

use std::sync::LazyLock;

use askama::Template;
use bytes::Bytes;
use data_encoding::HEXLOWER;
use http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderValue, X_FRAME_OPTIONS};
use http::{HeaderName, StatusCode};
use roamd_http::Response;
use roamd_web_proto::media_type::SVG;
use sha2::{Digest as _, Sha256};

use super::response::{UNCHANGING, answer, kept};
use crate::http::error::ApiError;
use crate::http::request::Request;

/// The page loads from its own site only. Frames load ICA files (WA-110).
const SECURITY_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
     frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
);

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// Length of a version, in hexadecimal digits.
const VERSION_DIGITS: usize = 16;

/// A file of the page.
struct File {
    name: &'static str,
    media: &'static str,
    content: &'static [u8],
}

macro_rules! file {
    ($name:literal, $media:expr) => {
        File {
            name: $name,
            media: $media,
            content: include_bytes!(concat!("../../../assets/page/", $name)),
        }
    };
}

static FILES: [File; 27] = [
    file!("api.js", SCRIPT),
    file!("bars.js", SCRIPT),
    file!("conversation.js", SCRIPT),
    file!("dom.js", SCRIPT),
    file!("explain.js", SCRIPT),
    file!("forms.js", SCRIPT),
    file!("home.js", SCRIPT),
    file!("icon.svg", SVG),
    file!("icons.js", SCRIPT),
    file!("idle.js", SCRIPT),
    file!("launch.js", SCRIPT),
    file!("main.js", SCRIPT),
    file!("note.js", SCRIPT),
    file!("problems.js", SCRIPT),
    file!("resources.js", SCRIPT),
    file!("session_ends.js", SCRIPT),
    file!("session_row.js", SCRIPT),
    file!("sessions.js", SCRIPT),
    file!("status.js", SCRIPT),
    file!("storage.js", SCRIPT),
    file!("style.css", CSS),
    file!("words-de.js", SCRIPT),
    file!("words-en.js", SCRIPT),
    file!("words-es.js", SCRIPT),
    file!("words-fr.js", SCRIPT),
    file!("words-ja.js", SCRIPT),
    file!("words.js", SCRIPT),
];

/// Modules of the sign-in, which a browser loads at the same time as the first one.
const FIRST_MODULES: [&str; 8] = [
    "api.js",
    "conversation.js",
    "dom.js",
    "forms.js",
    "note.js",
    "problems.js",
    "storage.js",
    "words.js",
];

#[derive(Template)]
#[template(path = "site.html")]
struct Document<'a> {
    version: &'a str,
    modules: &'static [&'static str],
}

/// The document, and the hash that its files are named with.
struct Page {
    version: String,
    document: Bytes,
    document_tag: String,
}

static PAGE: LazyLock<Result<Page, askama::Error>> = LazyLock::new(|| {
    let mut hash = Sha256::new();
    for file in &FILES {
        hash.update(file.name);
        hash.update((file.content.len() as u64).to_be_bytes());
        hash.update(file.content);
    }
    let version = digits(hash);
    let document = Document {
        version: &version,
        modules: &FIRST_MODULES,
    };
    let document = document.render()?;
    let document_tag = digits(Sha256::new_with_prefix(&document));
    Ok(Page {
        version,
        document: document.into(),
        document_tag,
    })
});

fn digits(hash: Sha256) -> String {
    let mut digits = HEXLOWER.encode(&hash.finalize());
    digits.truncate(VERSION_DIGITS);
    digits
}

fn page() -> Result<&'static Page, ApiError> {
    PAGE.as_ref()
        .map_err(|error| ApiError::Internal(error.to_string().into()))
}

/// Returns the document. A browser asks each time whether it has changed, so that an update of the
/// server reaches every user.
pub(super) fn document(request: &Request) -> Result<Response, ApiError> {
    let page = page()?;
    let tag = &page.document_tag;
    let mut response = cached(request, HTML, page.document.clone(), tag, "no-cache")?;
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, SECURITY_POLICY);
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    );
    Ok(response)
}

/// Returns a file of the page. A browser keeps it forever. While the servers of a group are
/// updated, a document of one version may request the files of another server: it gets those of
/// this one, which are not cached under a name that is not theirs.
pub(super) fn file(version: &str, name: &str, request: &Request) -> Result<Response, ApiError> {
    let page = page()?;
    let file = FILES.iter().find(|file| file.name == name);
    let file = file.ok_or(ApiError::NotFound)?;
    let caching = if version == page.version {
        UNCHANGING
    } else {
        "no-cache"
    };
    let content = Bytes::from_static(file.content);
    cached(request, file.media, content, &page.version, caching)
}

/// An answer that a browser may keep, or `304` if it has it (RFC 9110 §13.1.2).
fn cached(
    request: &Request,
    media: &'static str,
    body: Bytes,
    tag: &str,
    caching: &'static str,
) -> Result<Response, ApiError> {
    let tag = format!("\"{tag}\"");
    let response = if request.knows(&tag) {
        let mut response = answer(media, Bytes::new());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response.headers_mut().remove(CONTENT_TYPE);
        response
    } else {
        answer(media, body)
    };
    let mut response = kept(response, caching);
    let tag = HeaderValue::try_from(tag).map_err(|error| ApiError::Internal(error.into()))?;
    response.headers_mut().insert(ETAG, tag);
    Ok(response)
}
