//! The address of a published document.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Maximum length of an address, in characters.
const LONGEST_ADDRESS: usize = 2048;

/// Address of a document: a UNC path such as `\\files\prices.xls`, or a URL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct ContentAddress(String);

/// The text is not a UNC path or URL, or is too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a UNC path or a URL of at most 2048 characters")]
pub struct ContentAddressError;

impl ContentAddress {
    /// Returns the address as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ContentAddress {
    type Error = ContentAddressError;

    fn try_from(address: String) -> Result<Self, Self::Error> {
        let is_one = address.starts_with(r"\\") || address.contains("://");
        let fits = address.chars().count() <= LONGEST_ADDRESS && address.trim() == address;
        if is_one && fits && !address.contains(char::is_control) {
            Ok(Self(address))
        } else {
            Err(ContentAddressError)
        }
    }
}

impl FromStr for ContentAddress {
    type Err = ContentAddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.to_owned().try_into()
    }
}

impl fmt::Display for ContentAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_unc_paths_and_urls_are_addresses() {
        for (text, is_one) in [
            (r"\\files\prices.xls", true),
            ("https://intranet.example/", true),
            ("prices.xls", false),
            (" https://intranet.example/", false),
            ("https://intranet.example/\n", false),
            ("", false),
        ] {
            assert_eq!(text.parse::<ContentAddress>().is_ok(), is_one, "{text}");
        }
    }
}
