//! Audience of a token (CA-13).

use std::fmt;

use url::{Origin, Url};

/// Scheme, host and port of a service. A token is sent only to the audience that it was issued for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audience(Origin);

impl Audience {
    /// Returns the audience of a URL.
    pub(crate) fn of(url: &Url) -> Self {
        Self(url.origin())
    }
}

impl fmt::Display for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.ascii_serialization())
    }
}
