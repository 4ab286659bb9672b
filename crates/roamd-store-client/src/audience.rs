//! Who may see a token (CA-13).

use std::fmt;

use url::{Origin, Url};

/// Scheme, host and port of a service. A token is sent to the audience that it was issued for and
/// to no other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audience(Origin);

impl Audience {
    /// The audience that a URL belongs to.
    pub(crate) fn of(url: &Url) -> Self {
        Self(url.origin())
    }
}

impl fmt::Display for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.ascii_serialization())
    }
}
