//! Security identifiers of users and groups.

use std::fmt;
use std::str::FromStr;

/// Most parts after the authority that an identifier has.
const MAX_SUB_AUTHORITIES: usize = 15;

/// Security identifier of a user or group, such as `S-1-5-21-10-20-30-1105`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Sid(String);

/// A text that is not a security identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("has to be a SID, such as \"S-1-5-21-10-20-30-1105\"")]
pub struct SidError;

impl Sid {
    /// Returns the Null SID, that of a group without a member.
    #[must_use]
    pub fn null() -> Self {
        Self("S-1-0-0".to_owned())
    }

    /// The identifier as text, with a capital `S`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Sid {
    type Err = SidError;

    fn from_str(text: &str) -> Result<Self, SidError> {
        let (prefix, numbers) = text.split_at_checked("S-1-".len()).ok_or(SidError)?;
        let mut numbers = numbers.split('-');
        let authority = numbers.next().and_then(decimal::<u64>);
        let authority = authority.filter(|number| *number < 1 << 48);
        let parts: Option<Vec<u32>> = numbers.map(decimal).collect();
        let parts = parts.filter(|parts| (1..=MAX_SUB_AUTHORITIES).contains(&parts.len()));
        if !prefix.eq_ignore_ascii_case("S-1-") || authority.is_none() || parts.is_none() {
            return Err(SidError);
        }
        Ok(Self(text.to_ascii_uppercase()))
    }
}

impl fmt::Display for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Parses a number in its only spelling: decimal, without sign and leading zeros.
fn decimal<T: FromStr>(text: &str) -> Option<T> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let padded = text.len() > 1 && text.starts_with('0');
    (plain && !padded).then(|| text.parse().ok()).flatten()
}
