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
use crate::sections::{authentication, tls};

/// What commands that speak to a server, or read its files, need of its configuration. A running
/// server keeps the configuration that it has read, so these commands work while the file has
/// errors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Essentials {
    /// [`Config::data_dir`](crate::Config::data_dir); `None` if it is missing or wrong.
    pub data_dir: Option<PathBuf>,
    /// Where the server responds; `None` if a part of this is missing or wrong.
    pub endpoint: Option<Endpoint>,
    /// The audit log; `None` if it is disabled. A wrong value counts as the default.
    pub audit: Option<Audit>,
    /// Longest lifetime of a token. A wrong value counts as the default.
    pub token_lifetime_max: Duration,
}

impl Essentials {
    /// Reads what can be read of the text of a configuration. [`parse`](crate::parse) reports its
    /// errors.
    #[must_use]
    pub fn of(text: &str, files: &dyn Files) -> Self {
        let (document, _) = DeTable::parse_recoverable(text);
        let report = Report::new(text);
        let mut root = Section::root(document.get_ref(), &report);
        let listen = root.required(&LISTEN);
        let base_urls = base_urls(&mut root);
        let tls = match root.optional_section("tls", "[tls]") {
            Some(section) => tls::read(section, files).map(Some),
            None if root.has("tls") => None,
            None => Some(None),
        };
        let endpoint = || {
            Some(Endpoint {
                listen: listen?,
                base_urls: base_urls?,
                tls: tls?,
            })
        };
        Self {
            data_dir: root.required(&DATA_DIR),
            endpoint: endpoint(),
            audit: audit::read(&mut root),
            token_lifetime_max: authentication::token_lifetime_max(&mut root),
        }
    }
}
