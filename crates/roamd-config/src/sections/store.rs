//! `[[store]]`: a store and its farms.

use std::collections::BTreeSet;

use roamd_citrixauth::NamedSids;
use roamd_sessions::{ClientNameLength, FarmMapping, ResourceFilter, RoamingPolicy, Sid};

use super::citrix_gateway::{self, CitrixGateway};
use super::farm::{self, Farm, SeenFarm};
use super::filter;
use super::free_path::free_path;
use super::web_site::{self, WebSite};
use super::{mapping, roaming};
use crate::files::Files;
use crate::reader::key::{DefaultKey, Key};
use crate::reader::section::Section;
use crate::reader::value::{boolean, number, word};
use crate::url_path::UrlPath;

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

const OVERRIDE_ICA_CLIENT_NAME: DefaultKey<bool> = DefaultKey {
    name: "override_ica_client_name",
    default: || true,
    read: boolean,
};

/// Most SIDs that the exceptions and mappings of all stores may name.
pub const MOST_SIDS: usize = NamedSids::MOST;

/// A store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Store {
    /// Its path below the base URL.
    pub path: UrlPath,
    /// Spelling of responses.
    pub spelling: SpellingChoice,
    /// Length to which client names are cut.
    pub client_name_length: ClientNameLength,
    /// ICA files have the name that the client has sent. Otherwise the client program names itself.
    pub override_ica_client_name: bool,
    /// Which resources it shows.
    pub filter: ResourceFilter,
    /// Which sessions it offers to which clients.
    pub roaming: RoamingPolicy,
    /// The Citrix Gateways for clients outside. Without any, all clients are inside.
    pub gateways: Vec<CitrixGateway>,
    /// Its web site; `None` if it has none.
    pub web: Option<WebSite>,
    /// Its farms, in the order in which their sessions are listed; at least one.
    pub farms: Vec<Farm>,
    /// Which of its farms serve which users; without any, all farms serve all users.
    pub mappings: Vec<FarmMapping>,
}

impl Store {
    /// The security identifiers that its rules name.
    pub fn sids(&self) -> impl Iterator<Item = &Sid> {
        let groups = self.mappings.iter().flat_map(|mapping| &mapping.groups);
        self.roaming.sids().chain(groups)
    }
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
    let mut sids = BTreeSet::new();
    let mut stores: Vec<Store> = Vec::new();
    for mut section in sections.into_iter().flatten() {
        let path = section.required(&PATH);
        let spelling = section.value(&SPELLING);
        let client_name_length = section.value(&CLIENT_NAME_LENGTH);
        let override_ica_client_name = section.value(&OVERRIDE_ICA_CLIENT_NAME);
        let filter = filter::read(&mut section);
        let roaming = roaming::read(&mut section);
        let others = stores.iter().map(|store| ("store", &store.path));
        let sites = stores.iter().filter_map(|store| store.web.as_ref());
        let others = others.chain(sites.map(|site| ("web site", &site.path)));
        let web = web_site::read(
            &mut section,
            files,
            path.as_ref(),
            &others.collect::<Vec<_>>(),
        );
        let first = ids.len();
        let farms = farm::read_all(&mut section, files, &mut ids);
        let own = ids.get(first..).unwrap_or_default();
        let gateways = citrix_gateway::read_all(&mut section, own, files);
        let mappings = mapping::read_all(&mut section, own);
        for (key, named) in [
            ("roaming", roaming.sids().cloned().collect::<Vec<_>>()),
            (
                "mapping",
                mappings.iter().flat_map(|it| it.groups.clone()).collect(),
            ),
        ] {
            let known = sids.len();
            sids.extend(named);
            if sids.len() > MOST_SIDS.max(known) {
                let problem = format!(
                    "the exceptions and mappings of all stores name {} SIDs; {} are possible",
                    sids.len(),
                    MOST_SIDS
                );
                section.error(key, problem);
            }
        }
        if let Some(path) = path {
            if let Some(other) = stores.iter().find(|store| store.path.overlaps(&path)) {
                let problem = format!("path `{path}` overlaps store `{}`", other.path);
                section.error(PATH.name, problem);
            }
            let mut sites = stores.iter().filter_map(|store| store.web.as_ref());
            if let Some(site) = sites.find(|site| site.path.overlaps(&path)) {
                let problem = format!("path `{path}` overlaps web site `{}`", site.path);
                section.error(PATH.name, problem);
            }
            stores.push(Store {
                path,
                spelling,
                client_name_length,
                override_ica_client_name,
                filter,
                roaming,
                gateways,
                web,
                farms,
                mappings,
            });
        }
        section.finish();
    }
    (stores, ids)
}
