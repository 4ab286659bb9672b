//! Paths of the server, and of the URLs that it gives.

/// Path of the store, unless a test sets another one.
pub const STORE_PATH: &str = "/Citrix/Store";

/// Path of the authentication service of that store.
pub const AUTH_PATH: &str = "/Citrix/StoreAuth";

/// Returns the path of an absolute URL.
#[must_use]
pub fn path_of(url: &str) -> &str {
    let rest = url.split_once("://").unwrap().1;
    &rest[rest.find('/').unwrap()..]
}
