//! Paths of stores, of their web sites and of the token service.

use std::fmt;
use std::str::FromStr;

/// A path such as `/Citrix/Store`: without a slash at the end, without empty or dotted segments,
/// and only with characters that need no escape and that a challenge may contain (CA-6).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UrlPath(String);

/// Error of parsing the path of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UrlPathError {
    /// It does not begin at the root of the host.
    #[error("has to begin with a slash, as in \"/Citrix/Store\"")]
    NoSlashBefore,
    /// It ends with a slash.
    #[error("must not end with a slash, as in \"/Citrix/Store\"")]
    SlashAfter,
    /// It has an empty segment, or one that means another folder.
    #[error("must not have an empty segment, \".\" or \"..\"")]
    Segment,
    /// It has a character that would need an escape.
    #[error("may have letters, digits and - _ . ~ between its slashes, nothing else")]
    Character,
}

impl UrlPath {
    /// Returns the path.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether both are the same or one is below the other, without regard to case, as in requests
    /// (SS-11).
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        let segments = |path: &str| {
            path.to_ascii_lowercase()
                .split('/')
                .map(String::from)
                .collect()
        };
        let (one, two): (Vec<_>, Vec<_>) = (segments(&self.0), segments(&other.0));
        one.starts_with(&two) || two.starts_with(&one)
    }

    /// Returns the default path of the token service for this store (CA-1).
    #[must_use]
    pub fn default_authentication(&self) -> Self {
        Self(format!("{}Auth", self.0))
    }

    /// Returns the default path of the web site of this store (WA-6).
    #[must_use]
    pub fn default_web(&self) -> Self {
        Self(format!("{}Web", self.0))
    }
}

impl FromStr for UrlPath {
    type Err = UrlPathError;

    fn from_str(text: &str) -> Result<Self, UrlPathError> {
        let segments = text.strip_prefix('/').ok_or(UrlPathError::NoSlashBefore)?;
        if text.ends_with('/') {
            return Err(UrlPathError::SlashAfter);
        }
        if segments
            .split('/')
            .any(|segment| matches!(segment, "" | "." | ".."))
        {
            return Err(UrlPathError::Segment);
        }
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~/".contains(&byte);
        if !segments.bytes().all(plain) {
            return Err(UrlPathError::Character);
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Display for UrlPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
