//! Names of profiles.

use std::fmt;
use std::str::FromStr;

use roamd_store_client::StoreUrl;
use serde::{Deserialize, Serialize};

/// Limit of the length of a name in bytes.
const MAX_LENGTH: usize = 64;

/// Name of a profile, which is part of a file name: letters, digits, `-`, `_` and `.`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(in crate::commands) struct ProfileName(String);

impl ProfileName {
    /// Returns the name for a store: its host, and its port if that is not the default.
    pub(in crate::commands) fn of_store(store: &StoreUrl) -> Self {
        let authority = store.most_likely().authority();
        let name = authority.replace(|c| !is_allowed(c), "-");
        let name = name.trim_start_matches(['-', '.']);
        Self(name.chars().take(MAX_LENGTH).collect())
    }

    pub(in crate::commands) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ProfileName {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() || text.len() > MAX_LENGTH || !text.chars().all(is_allowed) {
            return Err("must be 1 to 64 letters, digits, or characters of -_.");
        }
        if text.starts_with(['-', '.']) {
            return Err("must not begin with - or .");
        }
        Ok(Self(text.to_owned()))
    }
}

fn is_allowed(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.')
}

impl TryFrom<String> for ProfileName {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<ProfileName> for String {
    fn from(name: ProfileName) -> Self {
        name.0
    }
}

impl fmt::Display for ProfileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_of_a_store_is_its_host_and_port() {
        for (store, expected) in [
            (
                "https://store.example.net/Citrix/Store",
                "store.example.net",
            ),
            ("http://127.0.0.1:8080/Citrix/Store", "127.0.0.1-8080"),
            ("http://[::1]:8080/Citrix/Store", "1--8080"),
        ] {
            let name = ProfileName::of_store(&store.parse().unwrap());
            assert_eq!(name.as_str(), expected);
            assert_eq!(expected.parse(), Ok(name));
        }
    }

    #[test]
    fn name_that_leaves_the_folder_is_rejected() {
        for text in ["", "..", ".x", "-x", "a/b", "a\0", "ä", &"a".repeat(65)] {
            assert!(text.parse::<ProfileName>().is_err(), "{text}");
        }
    }
}
