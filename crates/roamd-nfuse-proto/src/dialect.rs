//! Dialects: versions of the protocol (nfuse.md §1.3).

use std::fmt;
use std::str::FromStr;

/// A version of the protocol: the attribute `version` of the root, for example 5.4.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dialect {
    /// Number before the dot.
    pub major: u16,
    /// Number after the dot.
    pub minor: u16,
}

/// Error of a text that is not a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("version is not two numbers with a dot between them")]
pub struct DialectError;

impl Dialect {
    /// The dialect of a message without a version.
    pub const OLDEST: Self = Self::new(1, 0);
    /// The first dialect of farms of version 7 and later.
    pub const FMA: Self = Self::new(5, 5);
    /// The dialect of ticket authorities (nfuse.md §8).
    pub const STA: Self = Self::new(4, 0);

    /// Creates the dialect `major.minor`.
    #[must_use]
    pub const fn new(major: u16, minor: u16) -> Self {
        Self { major, minor }
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

impl FromStr for Dialect {
    type Err = DialectError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (major, minor) = text.split_once('.').ok_or(DialectError)?;
        Ok(Self {
            major: number(major)?,
            minor: number(minor)?,
        })
    }
}

/// Parses a number without sign, which the standard parser would accept.
fn number(text: &str) -> Result<u16, DialectError> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        text.parse().map_err(|_| DialectError)
    } else {
        Err(DialectError)
    }
}
