//! The public addresses of the server.

use std::iter;

use crate::base_url::{BaseUrl, Scheme};

/// The base URLs of a server: one or more, all of one scheme.
///
/// The first is the canonical one. It counts where a request names no base URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrls {
    canonical: BaseUrl,
    others: Vec<BaseUrl>,
}

/// Error of base URLs of which some are http and some https.
///
/// The `Host` of a request does not say which of the two its client uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("has http and https URLs; all of them have to be of one scheme")]
pub struct MixedSchemes;

impl BaseUrls {
    /// Creates a list of base URLs.
    ///
    /// # Errors
    /// If two of them have different schemes.
    pub fn new(canonical: BaseUrl, others: Vec<BaseUrl>) -> Result<Self, MixedSchemes> {
        let scheme = canonical.scheme();
        if others.iter().any(|url| url.scheme() != scheme) {
            return Err(MixedSchemes);
        }
        Ok(Self { canonical, others })
    }

    /// Returns the canonical URL.
    #[must_use]
    pub fn canonical(&self) -> &BaseUrl {
        &self.canonical
    }

    /// Returns the other URLs.
    #[must_use]
    pub fn others(&self) -> &[BaseUrl] {
        &self.others
    }

    /// Returns all URLs, the canonical one first.
    pub fn iter(&self) -> impl Iterator<Item = &BaseUrl> {
        iter::once(&self.canonical).chain(&self.others)
    }

    /// Returns the scheme of all URLs.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        self.canonical.scheme()
    }
}

impl From<BaseUrl> for BaseUrls {
    fn from(canonical: BaseUrl) -> Self {
        let others = Vec::new();
        Self { canonical, others }
    }
}
