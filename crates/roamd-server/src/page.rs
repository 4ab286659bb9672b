//! The page at the root of the host. It has no script, and nothing of it comes from elsewhere.

use askama::Template;

/// What a browser may do with the page: show it, with the style sheet of this server.
pub(crate) const POLICY: &str =
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'";

/// The style sheet of the page.
pub(crate) const STYLE: &str = include_str!("../assets/roamd.css");

#[derive(Template)]
#[template(path = "index.html")]
struct Page<'a> {
    version: &'static str,
    stores: Vec<&'a str>,
}

/// The page of a gateway with these stores.
pub(crate) fn render(stores: Vec<&str>) -> askama::Result<String> {
    Page {
        version: env!("CARGO_PKG_VERSION"),
        stores,
    }
    .render()
}
