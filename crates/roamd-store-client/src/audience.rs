//! Audience of a token (CA-13).

use std::fmt;

use url::{Origin, Url};

/// Scheme, host and port of a server. Passwords and tokens are sent only to the audience of the
/// store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audience(Origin);

impl Audience {
    /// Returns the audience of a URL.
    pub(crate) fn of(url: &Url) -> Self {
        Self(url.origin())
    }

    /// Returns whether the scheme is https.
    pub(crate) fn is_encrypted(&self) -> bool {
        matches!(&self.0, Origin::Tuple(scheme, ..) if scheme == "https")
    }
}

impl fmt::Display for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.ascii_serialization())
    }
}
