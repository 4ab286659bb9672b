//! The address of a published document.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Longest address of a document, in characters.
const LONGEST_ADDRESS: usize = 2048;

/// Where a document is: a UNC path such as `\\files\prices.xls`, or a URL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct ContentAddress(String);

/// A text is no address of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("has to be a UNC path or a URL, at most 2048 characters")]
pub struct ContentAddressError;

impl ContentAddress {
    /// The address as text.
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
    fn an_address_is_a_path_of_a_server_or_a_url() {
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
