//! An upper limit on a number, or none.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// An upper limit on a number, or none. In TOML a number, or a missing key; in JSON a number or
/// `null`; on the command line a number or `none`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "u32", into = "Option<u32>")]
pub enum Limit {
    /// No limit.
    #[default]
    None,
    /// At most this many; 0 allows none.
    AtMost(u32),
}

/// The text is neither a number nor `none`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a number, or none")]
pub struct LimitError;

impl Limit {
    /// Whether one more is allowed in addition to `used`.
    pub(crate) fn allows_one_more(self, used: u32) -> bool {
        match self {
            Self::None => true,
            Self::AtMost(most) => used < most,
        }
    }
}

impl From<u32> for Limit {
    fn from(most: u32) -> Self {
        Self::AtMost(most)
    }
}

impl From<Limit> for Option<u32> {
    fn from(limit: Limit) -> Self {
        match limit {
            Limit::None => None,
            Limit::AtMost(most) => Some(most),
        }
    }
}

impl FromStr for Limit {
    type Err = LimitError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "none" => Ok(Self::None),
            number => number.parse().map(Self::AtMost).map_err(|_| LimitError),
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::AtMost(most) => most.fmt(f),
        }
    }
}
