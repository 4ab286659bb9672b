//! `[tls]`: the certificate of the listener.

use std::path::PathBuf;

use crate::files::Files;
use crate::reader::key::Key;
use crate::reader::section::Section;
use crate::reader::value::file;
use crate::tls::ListenerTls;

const CERTIFICATE_FILE: Key<PathBuf> = Key {
    name: "certificate_file",
    read: file,
};

const KEY_FILE: Key<PathBuf> = Key {
    name: "key_file",
    read: file,
};

const CLIENT_CA_FILE: Key<PathBuf> = Key {
    name: "client_ca_file",
    read: file,
};

/// Reads the section and checks the files that it names.
pub(crate) fn read(mut section: Section<'_>, files: &dyn Files) -> Option<ListenerTls> {
    let certificate_file = section.required(&CERTIFICATE_FILE);
    let key_file = section.required(&KEY_FILE);
    let client_ca_file = section.optional(&CLIENT_CA_FILE);
    let tls = certificate_file
        .zip(key_file)
        .map(|(certificate_file, key_file)| ListenerTls {
            certificate_file,
            key_file,
            client_ca_file,
        });
    if let Some(error) = tls
        .as_ref()
        .and_then(|tls| files.check_certificate(tls).err())
    {
        let problem = format!("`{}` cannot be used: {}", error.key, error.message);
        section.error(error.key, problem);
    }
    section.finish();
    tls
}
