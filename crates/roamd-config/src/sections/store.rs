//! `[[store]]`: a store and its farms.

use roamd_sessions::ClientNameLength;
use toml::de::DeValue;

use super::citrix_gateway::{self, CitrixGateway};
use super::farm::{self, Farm, SeenFarm};
use crate::files::Files;
use crate::reader::key::{DefaultKey, Key};
use crate::reader::section::Section;
use crate::reader::value::{number, text, word};
use crate::url_path::{UrlPath, UrlPathError};

/// Paths at the root of the host that the server uses itself.
const RESERVED: [&str; 4] = ["/Schemas", "/healthz", "/readyz", "/metrics"];

const PATH: Key<UrlPath> = Key {
    name: "path",
    read: free_path,
};

const SPELLING: DefaultKey<SpellingChoice> = DefaultKey {
    name: "spelling",
    default: || SpellingChoice::Auto,
    read: |value| {
        word(
            value,
            &[
                ("auto", SpellingChoice::Auto),
                ("document", SpellingChoice::Document),
                ("native", SpellingChoice::Native),
            ],
        )
    },
};

const CLIENT_NAME_LENGTH: DefaultKey<ClientNameLength> = DefaultKey {
    name: "client_name_length",
    default: ClientNameLength::default,
    read: |value| number(value, 0..=256).map(ClientNameLength::new),
};

/// A store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Store {
    /// Its path below the base URL.
    pub path: UrlPath,
    /// Spelling of responses.
    pub spelling: SpellingChoice,
    /// Length to which client names are cut.
    pub client_name_length: ClientNameLength,
    /// The Citrix Gateway for clients outside. Without one, all clients are inside.
    pub gateway: Option<CitrixGateway>,
    /// Its farms, in the order in which their sessions are listed; at least one.
    pub farms: Vec<Farm>,
}

/// Rule that selects the spelling of a response (SS-47).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpellingChoice {
    /// The root element of the request.
    Auto,
    /// Always as in the specification.
    Document,
    /// Always as Citrix's own client reads it.
    Native,
}

/// Reads all stores, without those whose path is missing or wrong, which is reported. Also returns
/// the id of every farm of the file, so that a farm with errors does not count as unknown.
pub(crate) fn read_all(root: &mut Section<'_>, files: &dyn Files) -> (Vec<Store>, Vec<SeenFarm>) {
    let sections = root.sections("store", "[[store]]");
    if sections.as_ref().is_some_and(Vec::is_empty) {
        root.error(
            "store",
            "there is no [[store]]; the server needs at least one",
        );
    }
    let mut ids = Vec::new();
    let mut stores: Vec<Store> = Vec::new();
    for mut section in sections.into_iter().flatten() {
        let path = section.required(&PATH);
        let spelling = section.value(&SPELLING);
        let client_name_length = section.value(&CLIENT_NAME_LENGTH);
        let gateway = citrix_gateway::read(&mut section, files);
        let farms = farm::read_all(&mut section, files, &mut ids);
        if let Some(path) = path {
            if let Some(other) = stores.iter().find(|store| store.path.overlaps(&path)) {
                let problem = format!("path `{path}` overlaps store `{}`", other.path);
                section.error(PATH.name, problem);
            }
            stores.push(Store {
                path,
                spelling,
                client_name_length,
                gateway,
                farms,
            });
        }
        section.finish();
    }
    (stores, ids)
}

/// Reads a path that the server does not use for itself.
pub(crate) fn free_path(value: &DeValue<'_>) -> Result<UrlPath, String> {
    let path: UrlPath = text(value)?
        .parse()
        .map_err(|error: UrlPathError| error.to_string())?;
    let taken = RESERVED.into_iter().find(|reserved| {
        reserved
            .parse()
            .is_ok_and(|reserved: UrlPath| reserved.overlaps(&path))
    });
    match taken {
        Some(reserved) => Err(format!(
            "must not be {reserved} or below it; the server uses that"
        )),
        None => Ok(path),
    }
}
