//! Findings: what an import did not take over, or took over with a change.

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;

use crate::source::Place;
use crate::unprintable::Escaped;
use crate::user_info::hide_user_info;

/// The largest number of findings. A file with more of them is not a file of StoreFront.
const MOST_FINDINGS: usize = 10_000;

/// Longest value in a finding, in characters.
const LONGEST_VALUE: usize = 80;

/// Grade of a finding (SI-28).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Grade {
    /// Cannot be served, or cannot be read.
    Error,
    /// Users notice the difference, or security differs.
    Warning,
    /// Has no meaning for roamd.
    Note,
}

/// A setting that roamd does not take over, or takes over with a change.
///
/// Displays as one line, `file:line: grade: original="value": text`, with escapes for characters
/// that a terminal would obey. It never contains a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Grade.
    pub grade: Grade,
    /// Name of the file.
    pub file: String,
    /// Line in the file, counted from 1.
    pub line: usize,
    /// Name of the setting in StoreFront, or an object such as `farm "Mill"`.
    pub original: String,
    /// Value of the setting, if it is a word or a number that explains the text.
    pub value: Option<String>,
    /// Key in the configuration of roamd that has the same meaning.
    pub key: Option<&'static str>,
    /// What roamd does instead, as a clause.
    pub text: String,
}

/// The findings so far.
#[derive(Default)]
pub(crate) struct Findings {
    /// Findings, each with the place of its file in the order of reading.
    list: Vec<(usize, Finding)>,
    /// Notes of a file, which would be the same for each farm.
    notes: BTreeSet<(String, String, String)>,
}

impl Finding {
    /// Returns a finding without value and key.
    pub(crate) fn new(
        grade: Grade,
        place: Place<'_>,
        original: impl Into<String>,
        text: impl Into<String>,
    ) -> Self {
        Self {
            grade,
            file: place.source.name.clone(),
            line: place.line,
            original: original.into(),
            value: None,
            key: None,
            text: text.into(),
        }
    }

    /// Adds the value of the setting. It must not be a secret.
    pub(crate) fn value(mut self, value: &str) -> Self {
        self.value = Some(value.chars().take(LONGEST_VALUE).collect());
        self
    }

    /// Adds the key of roamd.
    pub(crate) fn key(mut self, key: &'static str) -> Self {
        self.key = Some(key);
        self
    }
}

impl Findings {
    /// Adds a finding. A note that the file already has is left out.
    pub(crate) fn add(&mut self, place: Place<'_>, finding: Finding) {
        let finding = Finding {
            original: hide_user_info(finding.original),
            value: finding.value.map(hide_user_info),
            text: hide_user_info(finding.text),
            ..finding
        };
        if finding.grade == Grade::Note {
            let note = (
                finding.file.clone(),
                finding.original.clone(),
                finding.text.clone(),
            );
            if !self.notes.insert(note) {
                return;
            }
        }
        match self.list.len() {
            MOST_FINDINGS => {
                let text = "the file has too many; further findings are left out";
                let last = Finding::new(Grade::Error, place, "findings", text);
                self.list.push((place.source.order, last));
            }
            0..MOST_FINDINGS => self.list.push((place.source.order, finding)),
            _ => {}
        }
    }

    /// Adds an error.
    pub(crate) fn error(
        &mut self,
        place: Place<'_>,
        original: impl Into<String>,
        text: impl Into<String>,
    ) {
        self.add(place, Finding::new(Grade::Error, place, original, text));
    }

    /// Adds a warning.
    pub(crate) fn warning(
        &mut self,
        place: Place<'_>,
        original: impl Into<String>,
        text: impl Into<String>,
    ) {
        self.add(place, Finding::new(Grade::Warning, place, original, text));
    }

    /// Adds a note.
    pub(crate) fn note(
        &mut self,
        place: Place<'_>,
        original: impl Into<String>,
        text: impl Into<String>,
    ) {
        self.add(place, Finding::new(Grade::Note, place, original, text));
    }

    /// Returns the findings in the order of files and lines.
    pub(crate) fn into_sorted(mut self) -> Vec<Finding> {
        self.list
            .sort_by_key(|(order, finding)| (*order, finding.line));
        self.list.into_iter().map(|(_, finding)| finding).collect()
    }
}

impl fmt::Display for Grade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        })
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}:{}: {}: {}",
            Escaped(&self.file),
            self.line,
            self.grade,
            Escaped(&self.original)
        )?;
        if let Some(value) = &self.value {
            write!(f, "=\"{}\"", Escaped(value))?;
        }
        write!(f, ": {}", Escaped(&self.text))
    }
}
