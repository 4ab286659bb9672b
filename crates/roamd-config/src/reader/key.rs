//! Declarations of keys.

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

/// A key that the reader of a section has read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KnownKey {
    /// How the file writes the section, for example `[[store.farm]]`; empty for the document
    /// itself.
    pub(crate) section: &'static str,
    pub(crate) name: &'static str,
    pub(crate) absence: Absence,
    /// Number of the section in this document: there may be several of the same name.
    pub(crate) section_id: usize,
    /// Line of the section; `None` if the file leaves it out.
    pub(crate) section_line: Option<usize>,
    /// Text of the value and its line; `None` if the file leaves the key out.
    pub(crate) in_file: Option<(String, usize)>,
    /// The default in TOML, if it depends on other keys.
    pub(crate) computed_default: Option<String>,
}
