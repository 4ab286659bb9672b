//! Declarations of keys.

use std::ops::Range;

use toml::de::DeValue;

/// Reads a value. An error says what is wrong in words that follow the name of the key, such as
/// "has to be text in quotes".
pub(crate) type Read<T> = fn(&DeValue<'_>) -> Result<T, String>;

/// A key without a fixed default: required, optional, or with a default that depends on other keys.
pub(crate) struct Key<T> {
    pub(crate) name: &'static str,
    pub(crate) read: Read<T>,
}

/// A key with a default.
pub(crate) struct DefaultKey<T> {
    pub(crate) name: &'static str,
    pub(crate) default: fn() -> T,
    pub(crate) read: Read<T>,
}

/// A key whose value is a list, without a default.
pub(crate) struct ListKey<T> {
    pub(crate) name: &'static str,
    /// Reads one value of the list.
    pub(crate) item: Read<T>,
}

/// A key whose value is a list, with a default.
pub(crate) struct DefaultListKey<T> {
    pub(crate) name: &'static str,
    pub(crate) default: fn() -> Vec<T>,
    /// Reads one value of the list.
    pub(crate) item: Read<T>,
}

/// Meaning of an absent key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Absence {
    /// An error.
    Error,
    /// The setting is off or empty.
    NotSet,
    /// The default.
    Default,
    /// For a key that is a section: all its keys are absent, too.
    EmptySection,
}

/// A section with the keys that its reader has read.
#[derive(Debug)]
pub(crate) struct KnownSection {
    /// How the file writes the section, for example `[[store.farm]]`; empty for the document
    /// itself.
    pub(crate) name: &'static str,
    /// Line of the section; `None` if the file leaves it out.
    pub(crate) line: Option<usize>,
    pub(crate) keys: Vec<KnownKey>,
}

/// A key that the reader of a section has read.
#[derive(Debug)]
pub(crate) struct KnownKey {
    pub(crate) name: &'static str,
    pub(crate) absence: Absence,
    /// Place of the value in the text, in bytes, and its line; `None` if the file leaves the key
    /// out.
    pub(crate) in_file: Option<(Range<usize>, usize)>,
    /// The default in TOML, if it depends on other keys.
    pub(crate) computed_default: Option<String>,
}
