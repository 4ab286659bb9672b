//! Format of ICA files: sections, keys, values. The format has no escaping, so texts that could
//! change the structure of a file are rejected (ST-39, nfuse.md §9).

use secrecy::{ExposeSecret, SecretString};

use super::error::IcaError;

/// Longest value of a key, in bytes. Real ones have a few hundred at most.
const LONGEST_VALUE: usize = 4096;

/// Value of a key: one line that does not begin like a section.
pub(super) struct Value(SecretString);

/// Name of a section, and of the entry that refers to it.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Label(String);

/// A file: sections in the order of their first key; within a section, keys in alphabetical order
/// without case.
#[derive(Default)]
pub(super) struct Text {
    sections: Vec<(Label, Vec<(String, Value)>)>,
}

impl Value {
    /// Checks the value of a key.
    ///
    /// # Errors
    /// [`IcaError`], which names the key, if the value does not fit.
    pub(super) fn new(key: &'static str, value: impl Into<String>) -> Result<Self, IcaError> {
        let value = value.into();
        if value.contains(breaks_line) {
            Err(IcaError::ControlCharacter { key })
        } else if value.starts_with('[') {
            Err(IcaError::Section { key })
        } else if value.len() > LONGEST_VALUE {
            Err(IcaError::TooLong { key })
        } else {
            Ok(Self(value.into()))
        }
    }

    /// A value that consists of checked parts.
    pub(super) fn checked(value: impl Into<String>) -> Self {
        Self(value.into().into())
    }
}

impl Label {
    /// Returns `None` if the name would not be read as it is written, or is reserved.
    pub(super) fn new(name: &str, reserved: &[&str]) -> Option<Self> {
        let is_plain = !name.is_empty()
            && name.len() <= LONGEST_VALUE
            && name.trim() == name
            && !name.starts_with(['#', ';'])
            && !name.contains(['[', ']', '='])
            && !name.contains(breaks_line);
        let is_free = !reserved
            .iter()
            .any(|other| other.eq_ignore_ascii_case(name));
        (is_plain && is_free).then(|| Self(name.to_owned()))
    }

    /// A name that is known to be valid.
    pub(super) fn fixed(name: &'static str) -> Self {
        Self(name.to_owned())
    }
}

impl Text {
    /// Sets a key; a later value replaces an earlier one.
    pub(super) fn set(&mut self, section: &Label, key: &'static str, value: Value) {
        self.put(section, key, value);
    }

    /// Sets keys whose values are known to be valid.
    pub(super) fn fill(&mut self, section: &Label, keys: &[(&'static str, &'static str)]) {
        for (key, value) in keys {
            self.set(section, key, Value::checked(*value));
        }
    }

    /// Adds the entry that refers to a section.
    pub(super) fn enter(&mut self, section: &Label, entry: &Label) {
        self.put(section, &entry.0, Value::checked(""));
    }

    /// The text of the file: lines end with CR LF.
    pub(super) fn into_secret(mut self) -> SecretString {
        let mut text = String::new();
        for (section, entries) in &mut self.sections {
            entries.sort_by_cached_key(|(key, _)| key.to_ascii_lowercase());
            if !text.is_empty() {
                text.push_str("\r\n");
            }
            text.push_str(&format!("[{}]\r\n", section.0));
            for (key, value) in entries {
                text.push_str(&format!("{key}={}\r\n", value.0.expose_secret()));
            }
        }
        text.into()
    }

    fn put(&mut self, section: &Label, key: &str, value: Value) {
        let entry = (key.to_owned(), value);
        let Some((_, entries)) = self.sections.iter_mut().find(|(name, _)| name == section) else {
            self.sections.push((section.clone(), vec![entry]));
            return;
        };
        match entries.iter_mut().find(|(other, _)| other == key) {
            Some(old) => *old = entry,
            None => entries.push(entry),
        }
    }
}

/// Whether some reader may take the character for the end of a line or of the text.
fn breaks_line(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}
