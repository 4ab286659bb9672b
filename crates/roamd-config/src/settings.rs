//! Effective settings of a configuration, each with its origin.

use crate::document::parse_and_list_keys;
use crate::files::Files;
use crate::reader::key::{Absence, KnownKey, KnownSection};
use crate::reader::report::LineError;
use crate::sample;

/// A section of a configuration with its settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SectionSettings {
    /// How a file writes the section, for example `[[store.farm]]`; empty for the keys before the
    /// first section.
    pub name: &'static str,
    /// Line of the section; `None` if the file leaves it out, so that all its values are defaults.
    pub line: Option<usize>,
    /// Settings in the order in which the server reads them.
    pub settings: Vec<Setting>,
}

/// A key with its effective value. Values are TOML. None is a secret: secrets are in files, of
/// which a configuration has the paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Name of the key.
    pub key: &'static str,
    /// Value and origin.
    pub value: SettingValue,
}

/// Effective value of a key, and its origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SettingValue {
    /// The file sets it.
    InFile {
        /// The value as the file spells it.
        text: String,
        /// Its line, counted from 1.
        line: usize,
    },
    /// The default, which may depend on other keys.
    Default(String),
    /// The key is off: it has no default, and the file does not set it.
    NotSet,
}

/// Reads and checks the text of a configuration, and returns its settings in the order of the file.
/// Sections that the file leaves out are last.
///
/// # Errors
/// All errors, in the order of their lines; at least one.
pub fn settings(text: &str, files: &dyn Files) -> Result<Vec<SectionSettings>, Vec<LineError>> {
    let (config, sections) = parse_and_list_keys(text, files);
    config?;
    let sections = sections
        .into_iter()
        .map(|section| settings_of(section, text));
    let mut sections: Vec<_> = sections.filter(|it| !it.settings.is_empty()).collect();
    // The keys before the first section come first.
    let line = |section: &SectionSettings| match section.name {
        "" => 0,
        _ => section.line.unwrap_or(usize::MAX),
    };
    sections.sort_by_key(line);
    Ok(sections)
}

fn settings_of(section: KnownSection, text: &str) -> SectionSettings {
    let keys = section.keys.into_iter();
    let keys = keys.filter(|key| key.absence != Absence::EmptySection);
    let settings = keys.map(|key| Setting {
        key: key.name,
        value: value(section.name, key, text),
    });
    SectionSettings {
        name: section.name,
        line: section.line,
        settings: settings.collect(),
    }
}

fn value(section: &str, key: KnownKey, text: &str) -> SettingValue {
    if let Some((span, line)) = key.in_file {
        let text = text.get(span).unwrap_or_default().to_owned();
        return SettingValue::InFile { text, line };
    }
    let default = key
        .computed_default
        .or_else(|| sample::value(section, key.name).map(str::to_owned));
    match (key.absence, default) {
        (Absence::Default, Some(default)) => SettingValue::Default(default),
        _ => SettingValue::NotSet,
    }
}
