//! `[tls]`: who the gateway is to its clients.

use std::path::PathBuf;

use toml::de::DeValue;

use super::section::{Section, text};
use crate::tls;

/// The files of a listener's TLS. They are read again while the gateway runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenerTls {
    /// The certificate and those between it and its authority, in PEM.
    pub certificate_file: PathBuf,
    /// The key of the certificate, in PEM.
    pub key_file: PathBuf,
    /// Authorities of the certificates of proxies, in PEM; nothing where none are asked for.
    pub client_ca_file: Option<PathBuf>,
}

/// Reads the section, and the files that it names, so that a check of a configuration finds their
/// faults.
pub(super) fn read(mut section: Section<'_>) -> Option<ListenerTls> {
    let certificate_file = section.required("certificate_file", file);
    let key_file = section.required("key_file", file);
    let client_ca_file = section.optional("client_ca_file", file);
    let files = certificate_file
        .zip(key_file)
        .map(|(certificate_file, key_file)| ListenerTls {
            certificate_file,
            key_file,
            client_ca_file,
        });
    if let Some(error) = files.as_ref().and_then(|files| tls::read(files).err()) {
        let key = error.key();
        section.fault(
            key,
            format!("`{key}` cannot be used: {}", error.with_causes()),
        );
    }
    section.finish();
    files
}

fn file(value: &DeValue<'_>) -> Result<PathBuf, String> {
    match text(value)? {
        "" => Err("has to name a file".into()),
        path => Ok(PathBuf::from(path)),
    }
}
