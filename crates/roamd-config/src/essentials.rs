//! The parts of a configuration that operators need to reach a server, although others are invalid.

use std::path::PathBuf;
use std::time::Duration;

use toml::de::DeTable;

use crate::document::{DATA_DIR, LISTEN, base_urls};
use crate::endpoint::Endpoint;
use crate::files::Files;
use crate::reader::report::Report;
use crate::reader::section::Section;
use crate::sections::audit::{self, Audit};
use crate::sections::{authentication, listener, state};

/// Parts of a configuration for commands that connect to a server or read its files. A running
/// server keeps the configuration that it has read, so these commands work while the file has
/// errors in other parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Essentials {
    /// [`Config::data_dir`](crate::Config::data_dir); `None` if it is missing or wrong.
    pub data_dir: Option<PathBuf>,
    /// Where the server responds; `None` if a part of this is missing or wrong.
    pub endpoint: Option<Endpoint>,
    /// The audit log; `None` if it is disabled.
    pub audit: Result<Option<Audit>, WrongPart>,
    /// Longest lifetime of a token; `None` if it is wrong.
    pub token_lifetime_max: Option<Duration>,
    /// Whether the server is one of a group.
    pub is_in_group: Result<bool, WrongPart>,
}

/// A part of a configuration that has an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WrongPart;

impl Essentials {
    /// Reads what can be read of the text of a configuration. [`parse`](crate::parse) reports its
    /// errors.
    #[must_use]
    pub fn of(text: &str, files: &dyn Files) -> Self {
        let (document, _) = DeTable::parse_recoverable(text);
        let root = document.get_ref();
        let data_dir = part(root, |root| root.required(&DATA_DIR));
        let endpoint = part(root, |root| {
            let tls = listener::tls(root, files);
            Some(Endpoint {
                listen: root.required(&LISTEN)?,
                base_urls: base_urls(root)?,
                tls: tls?,
            })
        });
        Self {
            data_dir: data_dir.flatten(),
            endpoint: endpoint.flatten(),
            audit: part(root, audit::read).ok_or(WrongPart),
            token_lifetime_max: part(root, authentication::token_lifetime_max),
            is_in_group: part(root, state::is_in_group).ok_or(WrongPart),
        }
    }
}

/// Reads a part of a document. Returns `None` if this part has an error.
fn part<T>(document: &DeTable<'_>, read: impl FnOnce(&mut Section<'_>) -> T) -> Option<T> {
    let report = Report::new("");
    let found = read(&mut Section::root(document, &report));
    let (errors, _) = report.into_parts();
    errors.is_empty().then_some(found)
}
