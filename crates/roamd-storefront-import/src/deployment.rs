//! The parts of all files, put together to one deployment.

use std::collections::BTreeSet;
use std::time::Duration;

use roamd_config::{BaseUrl, ResourceFilter, Sid, UrlPath};
use url::Url;

use crate::farm::{self, FarmSet};
use crate::farm_name;
use crate::finding::{Finding, Findings, Grade};
use crate::gateway::{self, FoundGateway};
use crate::launch::{self, LaunchSettings};
use crate::mapping::{self, Mapping};
use crate::model::{Deployment, Farm, Gateway, SignIn, Store};
use crate::options::Options;
use crate::parts::{Kind, Part};
use crate::record::{Field, OFF, Record, Setting, Silence, Unused, Value};
use crate::sign_in;
use crate::source::{Place, Source};
use crate::summary::{Count, Summary};
use crate::web_site::{self, FoundSite};

/// Folder below which StoreFront puts its virtual paths (SI-1).
const ROOT: &str = "/Citrix";

/// Path of a store that no file tells.
const DEFAULT_STORE: &str = "/Citrix/Store";

/// The largest number of farms. roamd queries all of them for each list.
const MOST_FARMS: usize = 1_000;

/// Keys of `appSettings` that ASP.NET sets in every site.
const ASP_NET_KEYS: [&str; 5] = [
    "webpages:",
    "aspnet:",
    "owin:",
    "ClientValidationEnabled",
    "UnobtrusiveJavaScriptEnabled",
];

/// A file with its parts.
pub(crate) struct FileParts<'s> {
    pub(crate) source: &'s Source,
    /// Whether it is a `web.config`, which is more complete than the output of cmdlets (SI-5).
    pub(crate) is_xml: bool,
    pub(crate) parts: Vec<Part<'s>>,
}

/// Where a store gets its path from.
enum PathOrigin {
    /// The folder, the operator, or a site.
    Known,
    Default,
}

/// A store, before its site is known.
struct FoundStore<'s> {
    source: &'s Source,
    origin: PathOrigin,
    store: Store,
}

/// What all stores together have so far.
#[derive(Default)]
struct Taken {
    /// Ids of farms.
    ids: Vec<String>,
    /// Identifiers of groups that mappings name.
    sids: BTreeSet<Sid>,
}

/// Parts of a store.
#[derive(Default)]
struct StoreParts<'s> {
    farms: Vec<(FarmSet, Field<'s>)>,
    launch: LaunchSettings,
    filter: Option<ResourceFilter>,
    mappings: Vec<Mapping<'s>>,
    gateways: Vec<Part<'s>>,
}

/// A URL that may be the address of the server.
struct Address<'s> {
    place: Place<'s>,
    original: &'static str,
    url: Url,
}

/// Puts the parts of all files together. Returns the deployment and what it has of them.
pub(crate) fn assemble<'s>(
    files: Vec<FileParts<'s>>,
    options: &Options,
    findings: &mut Findings,
) -> (Deployment, Summary) {
    let mut summary = Summary::default();
    let mut stores: Vec<FoundStore<'s>> = Vec::new();
    let mut sites: Vec<(&Source, FoundSite<'s>)> = Vec::new();
    let mut sign_ins: Vec<(&Source, Record<'s>)> = Vec::new();
    let mut addresses: Vec<Address<'s>> = Vec::new();
    let mut lifetime_max = None;
    let mut taken = Taken::default();
    let has_xml_store = files.iter().any(|file| file.is_xml && has_farms(file));
    let mut from_cmdlets: Option<(&'s Source, StoreParts<'s>)> = None;
    for file in files {
        let (source, is_store) = (file.source, has_farms(&file));
        let mut parts = StoreParts::default();
        let mut idle = None;
        let mut site = None;
        for Part { kind, record } in file.parts {
            match kind {
                Kind::FarmSet
                | Kind::Farm
                | Kind::Launch
                | Kind::Enumeration
                | Kind::StoreService
                | Kind::Mapping => {
                    store_part(kind, record, &mut parts, findings);
                }
                Kind::OptimalGateway | Kind::RoamingGateway => {
                    parts.gateways.push(Part { kind, record });
                }
                Kind::ExplicitSignIn => sign_ins.push((source, record)),
                Kind::TokenService => {
                    let max = token_service(record, &mut addresses, findings);
                    lifetime_max = lifetime_max.or(max);
                }
                Kind::AppSetting => app_setting(record, findings),
                Kind::WebSite => site = Some(web_site::read(record, findings)),
                Kind::SessionState => idle = web_site::idle_minutes(record, findings),
            }
        }
        if let Some(mut site) = site {
            site.site.idle_minutes = idle;
            site.site.path = folder_path(source, findings);
            sites.push((source, site));
        }
        if file.is_xml && is_store {
            let store = read_store(source, parts, options, &mut taken, &mut summary, findings);
            stores.extend(store);
        } else if !parts.farms.is_empty() && has_xml_store {
            let text = "has farms, which are not taken: the `web.config` of the store is complete";
            findings.warning(source.start(), "file", text);
        } else {
            match &mut from_cmdlets {
                Some((_, all)) => all.extend(parts, findings),
                None if parts.is_empty() => {}
                None => from_cmdlets = Some((source, parts)),
            }
        }
    }
    if let Some((source, parts)) = from_cmdlets {
        match stores.first_mut() {
            Some(first) => {
                let names = farm_names(&first.store);
                first
                    .store
                    .add(parts, &names, options, &mut taken, &mut summary, findings);
            }
            None if parts.farms.is_empty() => {
                let text = "has no farm; give the `web.config` of the store, too";
                findings.error(source.start(), "file", text);
            }
            None => {
                stores.extend(read_store(
                    source,
                    parts,
                    options,
                    &mut taken,
                    &mut summary,
                    findings,
                ));
            }
        }
    }
    let token_lifetime = sites.iter().find_map(|(_, site)| site.token_lifetime);
    let mut site_addresses = Vec::new();
    for (source, site) in sites {
        site_addresses.extend(site.discovery.as_ref().map(|(url, setting)| Address {
            place: setting.place,
            original: "discoveryService",
            url: url.clone(),
        }));
        add_site(source, site, &mut stores, options, findings);
    }
    site_addresses.append(&mut addresses);
    if let Some(first) = stores.first().filter(|_| sign_ins.is_empty()) {
        let text = "no file of the authentication service is given; its domains are not taken";
        findings.warning(first.source.start(), "explicitBL", text);
    }
    let stores = with_free_paths(stores, findings);
    let mut sign_in = read_sign_in(sign_ins, &stores, findings);
    sign_in.token_lifetime = token_lifetime;
    sign_in.token_lifetime_max = lifetime_max;
    fit_lifetimes(&mut sign_in);
    let deployment = Deployment {
        base_urls: base_urls(site_addresses, options, findings),
        sign_in,
        stores,
    };
    summary.complete(&deployment, options.writes_key_files);
    (deployment, summary)
}

fn has_farms(file: &FileParts<'_>) -> bool {
    let is_farm = |part: &Part<'_>| matches!(part.kind, Kind::FarmSet | Kind::Farm);
    file.parts.iter().any(is_farm)
}

/// Reads a part that only one store has.
fn store_part<'s>(
    kind: Kind,
    record: Record<'s>,
    parts: &mut StoreParts<'s>,
    findings: &mut Findings,
) {
    match kind {
        Kind::FarmSet => {
            let (set, farms) = farm::read_set(record, findings);
            parts
                .farms
                .extend(farms.into_iter().map(|farm| (set.clone(), farm)));
        }
        Kind::Farm => parts.farms.push((
            FarmSet::default(),
            Field {
                name: "farm".into(),
                place: record.place,
                value: Value::Record(record),
            },
        )),
        Kind::Launch => {
            let settings = launch::read(record, findings);
            parts.launch = parts.launch.or(settings);
        }
        Kind::Enumeration => {
            let filter = launch::read_enumeration(record, findings);
            parts.filter = parts.filter.take().or(filter);
        }
        Kind::StoreService => launch::read_store_service(record, findings),
        _ => parts.mappings.push(mapping::read(record, findings)),
    }
}

impl<'s> StoreParts<'s> {
    fn is_empty(&self) -> bool {
        self.farms.is_empty()
            && self.mappings.is_empty()
            && self.gateways.is_empty()
            && self.launch.override_client_name.is_none()
            && self.filter.is_none()
    }

    /// Adds the parts of another file of cmdlets. Of a farm that both have, the first one counts.
    fn extend(&mut self, other: Self, findings: &mut Findings) {
        let known = self.farms.iter().filter_map(|(_, farm)| farm_name(farm));
        let mut known: Vec<_> = known.collect();
        for (set, farm) in other.farms {
            match farm_name(&farm) {
                Some(name) if has_name(&known, &name) => {
                    let text = "is also in an earlier file, which roamd uses";
                    findings.warning(farm.place, format!("farm \"{name}\""), text);
                }
                name => {
                    known.extend(name);
                    self.farms.push((set, farm));
                }
            }
        }
        self.launch = self.launch.or(other.launch);
        self.filter = self.filter.take().or(other.filter);
        self.mappings.extend(other.mappings);
        self.gateways.extend(other.gateways);
    }
}

/// Returns whether a farm has one of these names.
fn has_name(names: &[String], name: &str) -> bool {
    names.iter().any(|known| farm_name::is_same(known, name))
}

/// Returns the name of a farm that is not read yet.
fn farm_name(farm: &Field<'_>) -> Option<String> {
    let Value::Record(record) = &farm.value else {
        return None;
    };
    let is_name = |field: &&Field<'_>| {
        let names = ["FarmName", "name"];
        names
            .iter()
            .any(|name| field.name.eq_ignore_ascii_case(name))
    };
    match &record.fields.iter().find(is_name)?.value {
        Value::Text(text) => Some(text.trim().to_owned()),
        _ => None,
    }
}

fn read_store<'s>(
    source: &'s Source,
    mut parts: StoreParts<'s>,
    options: &Options,
    taken: &mut Taken,
    summary: &mut Summary,
    findings: &mut Findings,
) -> Option<FoundStore<'s>> {
    let path = folder_path(source, findings);
    let (path, origin) = match (&options.store, path) {
        (Some(path), _) => (Some(path.clone()), PathOrigin::Known),
        (None, Some(path)) => (Some(path), PathOrigin::Known),
        (None, None) => (None, PathOrigin::Default),
    };
    // INVARIANT: the default is a path, so there is one.
    let path = path.or_else(|| DEFAULT_STORE.parse().ok())?;
    let mut farms: Vec<Farm> = Vec::new();
    let mut names = Vec::new();
    let mut not_taken = Vec::new();
    for (set, record) in std::mem::take(&mut parts.farms) {
        summary.farms.all += 1;
        let Some(record) = record.into_record(findings) else {
            continue;
        };
        let place = record.place;
        if taken.ids.len() >= MOST_FARMS {
            let text = format!("there are more than {MOST_FARMS}; further ones are not taken");
            findings.error(place, "farms", text);
            break;
        }
        let form = parts.launch.address_form;
        match farm::read(record, &set, form, options, &taken.ids, findings) {
            Ok(farm) if has_name(&names, &farm.name) => {
                let original = format!("farm \"{}\"", farm.name);
                findings.error(
                    place,
                    original,
                    "has the name of an earlier farm; not taken",
                );
            }
            Ok(farm) => {
                taken.ids.push(farm.id.clone());
                names.push(farm.name.clone());
                farms.push(farm);
            }
            Err(farm) => {
                not_taken.push(format!(
                    "Not taken: farm \"{}\" {}.",
                    farm.name, farm.reason
                ));
                names.push(farm.name);
            }
        }
    }
    if farms.is_empty() {
        findings.error(source.start(), "store", "has no farm that can be taken");
    }
    let mut store = Store {
        path,
        override_client_name: None,
        filter: None,
        gateways: Vec::new(),
        web: None,
        farms,
        mappings: Vec::new(),
        not_taken,
    };
    store.add(parts, &names, options, taken, summary, findings);
    Some(FoundStore {
        source,
        origin,
        store,
    })
}

/// Returns the names of the farms that a store has.
fn farm_names(store: &Store) -> Vec<String> {
    store.farms.iter().map(|farm| farm.name.clone()).collect()
}

impl Store {
    /// Adds settings that the store does not have yet, mappings and Citrix Gateways. `names` are
    /// the names of all farms, also of those that were not taken.
    fn add<'s>(
        &mut self,
        parts: StoreParts<'s>,
        names: &[String],
        options: &Options,
        taken: &mut Taken,
        summary: &mut Summary,
        findings: &mut Findings,
    ) {
        let override_name = parts.launch.override_client_name;
        self.override_client_name = self.override_client_name.or(override_name);
        self.filter = self.filter.take().or(parts.filter);
        let sids = &mut taken.sids;
        let applied = mapping::apply(&parts.mappings, &mut self.farms, names, sids, findings);
        self.mappings.extend(applied.mappings);
        summary.mappings.add(Count {
            taken: applied.taken,
            all: parts.mappings.len(),
        });
        self.not_taken.extend(applied.not_taken);
        summary.gateways.all += parts.gateways.len();
        let last = parts.gateways.last().map(|part| part.record.place);
        for part in parts.gateways {
            // No id of a farm has a dot, so that no key of a farm has this path.
            let number = summary.gateways.taken + 1;
            let key_path = format!("{}/gateway.sta{number}.key", options.key_folder);
            let found = match part.kind {
                Kind::OptimalGateway => gateway::read_optimal(part.record, &key_path, findings),
                _ => gateway::read_roaming(part.record, &key_path, findings),
            };
            if let Some(found) = found {
                self.add_gateway(found, summary, findings);
            }
        }
        if let Some(place) = last {
            self.report_unreached_farms(place, findings);
        }
    }

    /// Adds a Citrix Gateway, or notes farms that are never reached through one.
    fn add_gateway(
        &mut self,
        found: FoundGateway<'_>,
        summary: &mut Summary,
        findings: &mut Findings,
    ) {
        let original = format!("gateway \"{}\"", found.name);
        let is_of = |farm: &Farm| {
            let is_same = |name: &Setting<'_>| farm_name::is_same(&name.value, &farm.name);
            let has_zone = |zone: &Setting<'_>| {
                let mut own = farm.zones.iter();
                own.any(|own| own.eq_ignore_ascii_case(&zone.value))
            };
            let is_of_all = found.farms.is_empty() && found.zones.is_empty();
            is_of_all || found.farms.iter().any(is_same) || found.zones.iter().any(has_zone)
        };
        let Some(mut gateway) = found.gateway else {
            summary.gateways.all -= 1;
            for farm in self.farms.iter_mut().filter(|farm| is_of(farm)) {
                farm.never_through_gateway = true;
            }
            return;
        };
        if !self.farms.iter().all(is_of) {
            let farms = self.farms.iter().filter(|farm| is_of(farm));
            gateway.farms = farms.map(|farm| farm.id.clone()).collect();
            if gateway.farms.is_empty() {
                let text = "is for no farm that is taken; not taken";
                findings.warning(found.place, original, text);
                return;
            }
        }
        // The store and the deployment describe the same one.
        let mut taken = self.gateways.iter_mut();
        let known = taken.find(|it| {
            let is_wider = it.farms.is_empty() || it.farms == gateway.farms;
            it.address == gateway.address && is_wider
        });
        if let Some(known) = known {
            summary.gateways.all -= 1;
            if known.via.is_empty() {
                known.via = gateway.via;
            }
            let text = "has the address of the one that is taken";
            findings.note(found.place, original, text);
            return;
        }
        let is_alike = |it: &Gateway| it.farms == gateway.farms;
        if gateway.via.is_empty() && self.gateways.iter().any(is_alike) {
            let text = "is used only by clients that `clients` or `via` names; fill in one of them";
            let finding = Finding::new(Grade::Warning, found.place, original, text);
            findings.add(found.place, finding.key("clients"));
        }
        summary.gateways.taken += 1;
        self.gateways.push(gateway);
    }

    /// Reports farms that no Citrix Gateway reaches, if there is one for others.
    fn report_unreached_farms(&self, place: Place<'_>, findings: &mut Findings) {
        if self.gateways.is_empty() {
            return;
        }
        for farm in &self.farms {
            let is_reached = |it: &Gateway| it.farms.is_empty() || it.farms.contains(&farm.id);
            if !farm.never_through_gateway && !self.gateways.iter().any(is_reached) {
                let text = "no Citrix Gateway is for it, so clients outside cannot launch there";
                findings.warning(place, format!("farm \"{}\"", farm.name), text);
            }
        }
    }
}

/// Returns the virtual path that the folder of a file tells (SI-1).
fn folder_path(source: &Source, findings: &mut Findings) -> Option<UrlPath> {
    let folder = source.folder.as_deref()?;
    let path = format!("{ROOT}/{folder}").parse();
    if path.is_err() {
        let text = "the name of the folder cannot be a part of a URL; roamd uses a default path";
        findings.warning(source.start(), "folder", text);
    }
    path.ok()
}

/// Gives a site to the store that its discovery URL names.
fn add_site(
    source: &Source,
    mut found: FoundSite<'_>,
    stores: &mut [FoundStore<'_>],
    options: &Options,
    findings: &mut Findings,
) {
    let path = found.store_path();
    let is_named = |store: &&mut FoundStore<'_>| {
        let named = path.as_ref().map(UrlPath::as_str);
        named.is_none_or(|path| store.store.path.as_str().eq_ignore_ascii_case(path))
    };
    let count = stores.len();
    let mut store = stores.iter_mut().find(is_named);
    if store.is_none() && count == 1 {
        store = stores.first_mut();
        if let (Some(store), Some(path)) = (&mut store, path) {
            let is_fixed = matches!(store.origin, PathOrigin::Known);
            if options.store.is_none() && is_fixed {
                let text = format!("the store is at {path}, not at {}", store.store.path);
                findings.warning(source.start(), "discoveryService", text);
            }
            if options.store.is_none() {
                store.store.path = path;
                store.origin = PathOrigin::Known;
            }
        }
    }
    if let (Some(store), Some(path)) = (&store, &found.site.path)
        && store.store.path.overlaps(path)
    {
        let text = "its folder has the name of the store; the path of the site is a default";
        findings.warning(source.start(), "webReceiver", text);
        found.site.path = None;
    }
    match store {
        Some(store) if store.store.web.is_none() => store.store.web = Some(found.site),
        Some(_) => {
            let text = "a store of roamd has one web site; this one is not taken";
            findings.warning(source.start(), "webReceiver", text);
        }
        None => {
            let text = "its store is in no file; the site is not taken";
            findings.warning(source.start(), "webReceiver", text);
        }
    }
}

/// Removes stores whose path is that of an earlier one, and reports paths that no file tells.
fn with_free_paths(stores: Vec<FoundStore<'_>>, findings: &mut Findings) -> Vec<Store> {
    let mut free: Vec<Store> = Vec::new();
    for FoundStore {
        source,
        origin,
        store,
    } in stores
    {
        if free.iter().any(|other| other.path.overlaps(&store.path)) {
            let text = format!(
                "the path {} is that of an earlier store; not taken",
                store.path
            );
            findings.error(source.start(), "store", text);
            continue;
        }
        if matches!(origin, PathOrigin::Default) {
            let text = format!(
                "no file has the path of the store; {} is a guess, and --store sets another one",
                store.path
            );
            findings.warning(source.start(), "store", text);
        }
        if !store.farms.is_empty() {
            free.push(store);
        }
    }
    free
}

fn read_sign_in(
    sign_ins: Vec<(&Source, Record<'_>)>,
    stores: &[Store],
    findings: &mut Findings,
) -> SignIn {
    let mut sign_ins = sign_ins.into_iter();
    let Some((source, record)) = sign_ins.next() else {
        return SignIn::default();
    };
    let farms = stores.iter().flat_map(|store| &store.farms);
    let is_plain = |farm: &&Farm| {
        let mut controllers = farm.controllers.iter();
        controllers.any(|url| url.to_string().starts_with("http:"))
    };
    let plain: Vec<_> = farms
        .filter(is_plain)
        .map(|farm| farm.name.clone())
        .collect();
    let mut sign_in = sign_in::read(record, &plain, findings);
    let is_free = |path: &UrlPath| {
        let mut taken = stores.iter().flat_map(|store| {
            let site = store.web.as_ref().and_then(|web| web.path.as_ref());
            std::iter::once(&store.path).chain(site)
        });
        !taken.any(|other| other.overlaps(path))
    };
    sign_in.path = folder_path(source, findings).filter(is_free);
    for (source, _) in sign_ins {
        let text = "roamd has one sign-in for all stores; this one is not taken";
        findings.warning(source.start(), "explicitBL", text);
    }
    sign_in
}

/// Raises the longest lifetime of a token to the usual one, if the files have only that one.
fn fit_lifetimes(sign_in: &mut SignIn) {
    let default_max = Duration::from_hours(24);
    if let Some(usual) = sign_in.token_lifetime {
        let max = sign_in.token_lifetime_max.unwrap_or(default_max);
        if usual > max {
            sign_in.token_lifetime_max = Some(usual);
        }
    }
}

/// Reads the audiences of a token service, and returns the longest lifetime of a token (SI-23).
fn token_service<'s>(
    mut service: Record<'s>,
    addresses: &mut Vec<Address<'s>>,
    findings: &mut Findings,
) -> Option<Duration> {
    let audiences = service.items(&["allowedAudiences"], &["add"], findings);
    for audience in audiences {
        let Some(mut audience) = audience.into_record(findings) else {
            continue;
        };
        let url = audience.read(&["audience"], findings, |text| {
            Url::parse(text).map_err(|_| "has to be a URL")
        });
        audience.take(&["name"]);
        audience.finish(Grade::Note, findings);
        addresses.extend(url.map(|(url, setting)| Address {
            place: setting.place,
            original: "audience",
            url,
        }));
    }
    let max = sign_in::lifetime(
        &mut service,
        &["maxLifetime"],
        "token_lifetime_max",
        findings,
    );
    service.unused(
        &[
            Unused {
                names: &["requireTokenConsistency"],
                silence: OFF,
                grade: Grade::Note,
                text: "tokens of roamd are not tied to the address of the client",
            },
            Unused {
                names: &["displayName", "id", "name"],
                silence: Silence::Always,
                grade: Grade::Note,
                text: "names the service only",
            },
        ],
        findings,
    );
    service.finish(Grade::Note, findings);
    max
}

/// Reports a setting of custom code. Its value may be a secret (SI-21).
fn app_setting(mut setting: Record<'_>, findings: &mut Findings) {
    let place = setting.place;
    let key = setting.text(&["key"], findings).map(|key| key.value);
    let key = key.unwrap_or_default();
    if !ASP_NET_KEYS.iter().any(|usual| key.starts_with(usual)) {
        let text = "a setting of custom code; not taken";
        findings.warning(place, format!("appSettings/{key}"), text);
    }
}

/// Returns the addresses of the server, each once. All have the scheme of the first one.
fn base_urls(
    addresses: Vec<Address<'_>>,
    options: &Options,
    findings: &mut Findings,
) -> Vec<BaseUrl> {
    let mut urls: Vec<BaseUrl> = options.base_url.iter().cloned().collect();
    for Address {
        place,
        original,
        url,
    } in addresses
    {
        let origin = url.origin().ascii_serialization();
        let original = format!("{original} {origin}");
        // A site may reach its store by the name of the machine itself.
        let is_local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        let Ok(base) = origin.parse::<BaseUrl>() else {
            findings.warning(place, original, "cannot be a `base_url`; not taken");
            continue;
        };
        if urls.contains(&base) {
            continue;
        }
        let scheme = urls.first().map_or(base.scheme(), BaseUrl::scheme);
        if is_local {
            findings.note(place, original, "names this machine; not taken");
        } else if options.base_url.is_some() {
            findings.note(place, original, "--base-url is given; not taken");
        } else if scheme != base.scheme() {
            let text = "has another scheme than the first address; not taken";
            findings.warning(place, original, text);
        } else {
            urls.push(base);
        }
    }
    urls
}
