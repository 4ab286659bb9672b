//! `[[store]]`: a store and its farms.

use toml::de::DeValue;

use super::farm::{self, Farm, SeenFarm};
use super::remote_access::{self, CitrixGateway};
use super::section::{Section, text, word};
use super::url_path::{UrlPath, UrlPathError};

/// What the gateway itself serves at the root of the host.
const RESERVED: [&str; 4] = ["/Schemas", "/healthz", "/readyz", "/metrics"];

/// A store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Store {
    /// Where it lives below the base URL.
    pub path: UrlPath,
    /// Spelling of its answers.
    pub spelling: SpellingChoice,
    /// How clients outside reach hosts; without it, nobody is outside.
    pub gateway: Option<CitrixGateway>,
    /// Its farms, in the order in which their sessions are listed; at least one.
    pub farms: Vec<Farm>,
}

/// Who picks the spelling of an answer (SS-47).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpellingChoice {
    /// The request's root.
    Auto,
    /// Always as in the specification.
    Document,
    /// Always as the vendor's own client reads it.
    Native,
}

/// Reads all stores; those with a missing or wrong value are left out, and the fault is noted. Also
/// gives every farm of the file, so that a name of one with faults does not count as unknown.
pub(super) fn read_all(root: &mut Section<'_>) -> (Vec<Store>, Vec<SeenFarm>) {
    let sections = root.sections("store", "[[store]]");
    if sections.as_ref().is_some_and(Vec::is_empty) {
        root.fault(
            "store",
            "there is no [[store]]; a gateway needs one at least",
        );
    }
    let mut ids = Vec::new();
    let mut stores: Vec<Store> = Vec::new();
    for mut section in sections.into_iter().flatten() {
        let path = section.required("path", path);
        let spelling = section.or("spelling", SpellingChoice::Auto, |value| {
            word(
                value,
                &[
                    ("auto", SpellingChoice::Auto),
                    ("document", SpellingChoice::Document),
                    ("native", SpellingChoice::Native),
                ],
            )
        });
        let gateway = remote_access::read(&mut section);
        let farms = farm::read_all(&mut section, &mut ids);
        if let Some(path) = path {
            if let Some(other) = stores.iter().find(|store| store.path.overlaps(&path)) {
                let problem = format!("path `{path}` overlaps store `{}`", other.path);
                section.fault("path", problem);
            }
            stores.push(Store {
                path,
                spelling,
                gateway,
                farms,
            });
        }
        section.finish();
    }
    (stores, ids)
}

/// A path that nothing else of the gateway uses.
pub(super) fn path(value: &DeValue<'_>) -> Result<UrlPath, String> {
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
            "must not be {reserved} or below it; the gateway uses that"
        )),
        None => Ok(path),
    }
}
