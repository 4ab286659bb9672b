//! `[audit]`: the audit log, its file and how much of it is kept.

use std::path::PathBuf;

use super::section::{Section, boolean, number, text};

const DEFAULT_FILE: &str = "audit.jsonl";

/// Small enough to look through, and with [`DEFAULT_KEEP`] weeks of a busy site.
const DEFAULT_MAX_BYTES: u64 = 100 * 1024 * 1024;

const DEFAULT_KEEP: u32 = 9;

/// The audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audit {
    /// The file; a relative path is below the data folder.
    pub file: PathBuf,
    /// Size from which on the file makes room for the next one, in bytes.
    pub max_bytes: u64,
    /// How many full files are kept beside it.
    pub keep: u32,
}

impl Default for Audit {
    fn default() -> Self {
        Self {
            file: DEFAULT_FILE.into(),
            max_bytes: DEFAULT_MAX_BYTES,
            keep: DEFAULT_KEEP,
        }
    }
}

/// Reads the section. Nothing if no log is to be kept.
pub(super) fn read(root: &mut Section<'_>) -> Option<Audit> {
    let mut section = root.section("audit", "[audit]");
    let default = Audit::default();
    let enabled = section.or("enabled", true, boolean);
    let audit = Audit {
        file: section.or("file", default.file, |value| match text(value)? {
            "" => Err("has to name a file".into()),
            file => Ok(file.into()),
        }),
        max_bytes: section.or("max_bytes", default.max_bytes, |value| {
            number(value, 64 * 1024, 1 << 40)
        }),
        keep: section.or("keep", default.keep, |value| {
            number(value, 1, 1000).map(|keep| u32::try_from(keep).unwrap_or(DEFAULT_KEEP))
        }),
    };
    section.finish();
    enabled.then_some(audit)
}
