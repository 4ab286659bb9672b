//! Extensions of the files that an application opens.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Maximum length of an extension, in characters with the dot.
const LONGEST_EXTENSION: usize = 32;

/// Extensions of the files that an application opens, such as `.txt`. In TOML and JSON a list; on
/// the command line separated by commas, or `none`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>")]
pub struct FileTypes(Vec<String>);

/// The text is not a list of extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be extensions such as .txt of at most 32 characters each, or none")]
pub struct FileTypesError;

impl FileTypes {
    /// Whether the application opens no files.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the extensions, each with its dot.
    pub fn extensions(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl TryFrom<Vec<String>> for FileTypes {
    type Error = FileTypesError;

    fn try_from(extensions: Vec<String>) -> Result<Self, Self::Error> {
        let is_one = |extension: &String| {
            let odd = |c: char| c.is_whitespace() || c.is_control() || c == ',';
            extension.len() > 1
                && extension.starts_with('.')
                && extension.chars().count() <= LONGEST_EXTENSION
                && !extension.contains(odd)
        };
        if extensions.iter().all(is_one) {
            Ok(Self(extensions))
        } else {
            Err(FileTypesError)
        }
    }
}

impl FromStr for FileTypes {
    type Err = FileTypesError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "none" => Ok(Self::default()),
            list => list
                .split(',')
                .map(str::to_owned)
                .collect::<Vec<_>>()
                .try_into(),
        }
    }
}

impl fmt::Display for FileTypes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [] => f.write_str("none"),
            extensions => f.write_str(&extensions.join(",")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extensions_display_as_parsed() {
        for text in ["none", ".txt", ".txt,.csv", ".tar.gz"] {
            let read: FileTypes = text.parse().unwrap();
            assert_eq!(read.to_string(), text);
        }
        let long = format!(".{}", "x".repeat(32));
        for text in ["", "txt", ".", ".txt,", ".txt, .csv", ".a\n", &long] {
            assert_eq!(text.parse::<FileTypes>(), Err(FileTypesError), "{text}");
        }
    }
}
