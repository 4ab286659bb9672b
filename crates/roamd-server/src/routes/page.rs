//! The pages for people: at the root of the host, and the index of the schemas. They have no script,
//! and nothing of them comes from elsewhere.

use askama::Template;
use roamd_store_proto::schemas::{self, Schema};

/// What a browser may do with a page: show it, with the style sheet of this server.
pub(crate) const POLICY: &str =
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'";

/// The style sheet of the pages.
pub(crate) const STYLE: &str = include_str!("../../assets/roamd.css");

const VERSION: &str = env!("CARGO_PKG_VERSION");

#[derive(Template)]
#[template(path = "index.html")]
struct Root<'a> {
    version: &'static str,
    stores: Vec<&'a str>,
}

#[derive(Template)]
#[template(path = "schemas.html")]
struct Schemas {
    version: &'static str,
    schemas: &'static [Schema],
}

/// The page at the root of a gateway with these stores.
pub(crate) fn root(stores: Vec<&str>) -> askama::Result<String> {
    let version = VERSION;
    Root { version, stores }.render()
}

/// The index of the schemas.
pub(crate) fn schemas() -> askama::Result<String> {
    let (version, schemas) = (VERSION, schemas::ALL);
    Schemas { version, schemas }.render()
}
