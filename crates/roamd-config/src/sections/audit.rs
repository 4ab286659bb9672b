//! `[audit]`: the audit log, its file and how much of it is kept.

use std::path::PathBuf;

use crate::reader::key::DefaultKey;
use crate::reader::section::Section;
use crate::reader::value::{boolean, file_in_data_dir, number};

const ENABLED: DefaultKey<bool> = DefaultKey {
    name: "enabled",
    default: || true,
    read: boolean,
};

const FILE: DefaultKey<PathBuf> = DefaultKey {
    name: "file",
    default: || "audit.jsonl".into(),
    read: file_in_data_dir,
};

/// By default small enough to open in an editor; with the default of [`KEEP`], weeks of a busy
/// store.
const MAX_BYTES: DefaultKey<u64> = DefaultKey {
    name: "max_bytes",
    default: || 100 * 1024 * 1024,
    read: |value| number(value, 64 * 1024..=1 << 40),
};

const KEEP: DefaultKey<u32> = DefaultKey {
    name: "keep",
    default: || 9,
    read: |value| number(value, 1..=1000),
};

/// The audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audit {
    /// The file; a relative path is below the data folder.
    pub file: PathBuf,
    /// Size at which the file is rotated, in bytes.
    pub max_bytes: u64,
    /// Number of rotated files that are kept.
    pub keep: u32,
}

impl Default for Audit {
    fn default() -> Self {
        Section::defaults(values)
    }
}

/// Reads the section. Returns `None` if the log is disabled.
pub(crate) fn read(root: &mut Section<'_>) -> Option<Audit> {
    let mut section = root.section("audit", "[audit]");
    let enabled = section.value(&ENABLED);
    let audit = values(&mut section);
    section.finish();
    enabled.then_some(audit)
}

fn values(section: &mut Section<'_>) -> Audit {
    Audit {
        file: section.value(&FILE),
        max_bytes: section.value(&MAX_BYTES),
        keep: section.value(&KEEP),
    }
}
