//! Paths that the server does not use for itself.

use toml::de::DeValue;

use crate::reader::value::text;
use crate::url_path::{UrlPath, UrlPathError};

/// Paths that the server uses itself, whatever the stores are.
const RESERVED: [&str; 5] = [
    "/Citrix/Roaming",
    "/Schemas",
    "/healthz",
    "/readyz",
    "/metrics",
];

/// Reads a path that the server does not use for itself.
pub(crate) fn free_path(value: &DeValue<'_>) -> Result<UrlPath, String> {
    let path: UrlPath = text(value)?
        .parse()
        .map_err(|error: UrlPathError| error.to_string())?;
    let taken = RESERVED.into_iter().find(|reserved| {
        reserved
            .parse()
            .is_ok_and(|reserved: UrlPath| reserved.overlaps(&path))
    });
    match taken {
        Some(reserved) => Err(format!(
            "must not be {reserved} or below it; the server uses that"
        )),
        None => Ok(path),
    }
}
