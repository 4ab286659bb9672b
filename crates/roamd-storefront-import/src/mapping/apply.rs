//! Applies mappings to the farms of a store (SI-14, SI-15).

use std::collections::BTreeSet;

use roamd_config::{MOST_SIDS, Sid};

use super::found::{FarmSet, Group, Mapping, Members};
use crate::farm_name;
use crate::finding::{Finding, Findings, Grade};
use crate::model::{self, Aggregation, Farm};
use crate::record::Setting;
use crate::source::Place;

/// Most groups that the mappings of all stores may name. One identifier remains for the group
/// without a member.
const MOST_GROUPS: usize = MOST_SIDS - 1;

/// Result of the mappings of a store.
#[derive(Default)]
pub(crate) struct Applied {
    /// Number of mappings that the configuration has.
    pub(crate) taken: usize,
    /// The mappings, unless the aggregation groups of the farms express them.
    pub(crate) mappings: Vec<model::Mapping>,
    /// Comments on the others.
    pub(crate) not_taken: Vec<String>,
}

/// Applies the mappings of a store to its farms. `known` are the names of all farms of the store,
/// also of those that were not taken, and `sids` the identifiers that earlier stores name.
pub(crate) fn apply(
    mappings: &[Mapping<'_>],
    farms: &mut [Farm],
    known: &[String],
    sids: &mut BTreeSet<Sid>,
    findings: &mut Findings,
) -> Applied {
    for mapping in mappings {
        report_unknown_farms(mapping, known, findings);
    }
    if is_for_all_alike(mappings, farms) {
        aggregate(mappings, farms);
        return Applied {
            taken: mappings.len(),
            ..Applied::default()
        };
    }
    let mut applied = Applied::default();
    for mapping in mappings {
        report_second_groups(mapping, mappings, farms, findings);
        match mapping.taken(farms, sids, findings) {
            Some(taken) => applied.mappings.push(taken),
            None => applied.not_taken.push(comment(mapping)),
        }
    }
    applied.taken = applied.mappings.len();
    if let Some(first) = mappings.first() {
        report_hidden_farms(first.place, mappings, farms, findings);
        if applied.mappings.is_empty() {
            let text = "none can be taken; no user gets a farm before you complete the mapping";
            findings.error(first.place, "userFarmMappings", text);
            applied.mappings.extend(for_no_user(farms));
        }
    }
    applied
}

/// Returns a mapping that no user is in. Without any, all users would get all farms, which
/// StoreFront did not allow. Returns `None` without farms.
fn for_no_user(farms: &[Farm]) -> Option<model::Mapping> {
    let primary: Vec<_> = farms.iter().map(|farm| farm.id.clone()).collect();
    (!primary.is_empty()).then(|| model::Mapping {
        name: "to do".to_owned(),
        to_do: Some("name the groups of users and their farms. The group here has no member."),
        groups: vec![("Null SID".to_owned(), Sid::null())],
        sets: vec![model::FarmSet {
            primary,
            backup: Vec::new(),
            is_balanced: false,
            aggregation_group: None,
        }],
    })
}

/// Whether all users have all farms, without backups, so that aggregation groups express the
/// mappings (SI-15).
fn is_for_all_alike(mappings: &[Mapping<'_>], farms: &[Farm]) -> bool {
    let is_plain = |mapping: &Mapping<'_>| {
        let is_everyone = matches!(mapping.members, Members::Everyone);
        let mut sets = mapping.sets.iter();
        is_everyone && sets.all(|set| set.backups.is_empty() && !set.is_balanced())
    };
    let has_one_group = |farm: &Farm| {
        let mut sets = sets_of(farm, mappings);
        let Some(first) = sets.next() else {
            return false;
        };
        sets.all(|set| set.aggregation_group == first.aggregation_group)
    };
    mappings.is_empty() || (mappings.iter().all(is_plain) && farms.iter().all(has_one_group))
}

/// Puts the farms into their groups.
fn aggregate(mappings: &[Mapping<'_>], farms: &mut [Farm]) {
    for mapping in mappings {
        for set in &mapping.sets {
            let Some(group) = &set.aggregation_group else {
                continue;
            };
            for farm in farms.iter_mut().filter(|farm| set.has(farm)) {
                farm.aggregation.get_or_insert_with(|| Aggregation {
                    group: group.clone(),
                    mapping: mapping.name.clone(),
                });
            }
        }
    }
}

impl Mapping<'_> {
    /// Returns the mapping of the configuration. Groups and sets that cannot be taken are reported.
    /// Returns `None` if none is left: a mapping without groups would be for all users.
    fn taken(
        &self,
        farms: &[Farm],
        sids: &mut BTreeSet<Sid>,
        findings: &mut Findings,
    ) -> Option<model::Mapping> {
        let original = || format!("mapping \"{}\"", self.name);
        let groups = match &self.members {
            Members::Everyone => Vec::new(),
            Members::Groups(groups) => {
                let usable = groups
                    .iter()
                    .filter_map(|group| group.usable(&original(), sids, findings));
                let usable: Vec<_> = usable.collect();
                if usable.is_empty() {
                    let text = "has no group that can be taken; its users do not get its farms";
                    findings.warning(self.place, original(), text);
                    return None;
                }
                let text = "works for users whose SIDs the farm reports when it checks passwords";
                findings.note(self.place, original(), text);
                usable
            }
        };
        if self.sets.is_empty() {
            findings.warning(self.place, original(), "has no farms; not taken");
        }
        let mut sets = Vec::new();
        for set in &self.sets {
            let ids = |names: &[Setting<'_>]| -> Vec<String> {
                let farm = |name| farms.iter().find(|farm| is_named(farm, name));
                let found = names.iter().filter_map(farm);
                let mut ids: Vec<String> = Vec::new();
                for farm in found {
                    if !ids.contains(&farm.id) {
                        ids.push(farm.id.clone());
                    }
                }
                ids
            };
            let primary = ids(&set.primaries);
            let mut backup = ids(&set.backups);
            backup.retain(|id| !primary.contains(id));
            if primary.is_empty() {
                let text = "has a set without a primary farm that is taken; the set is left out";
                findings.warning(self.place, original(), text);
                continue;
            }
            sets.push(model::FarmSet {
                primary,
                backup,
                is_balanced: set.is_balanced(),
                aggregation_group: set.aggregation_group.clone(),
            });
        }
        (!sets.is_empty()).then(|| model::Mapping {
            name: self.name.clone(),
            to_do: None,
            groups,
            sets,
        })
    }
}

impl Group<'_> {
    /// Returns the name and the identifier; `None` if the group cannot be taken, which is reported.
    fn usable(
        &self,
        mapping: &str,
        sids: &mut BTreeSet<Sid>,
        findings: &mut Findings,
    ) -> Option<(String, Sid)> {
        let Some(sid) = &self.sid else {
            let text = format!(
                "group {} has no SID; its users do not get the farms",
                self.name
            );
            findings.warning(self.place, mapping, text);
            return None;
        };
        if !sids.contains(sid) && sids.len() >= MOST_GROUPS {
            let text = format!(
                "group {} is one of more than {MOST_GROUPS}; its users do not get the farms",
                self.name
            );
            findings.error(self.place, mapping, text);
            return None;
        }
        sids.insert(sid.clone());
        Some((self.name.clone(), sid.clone()))
    }
}

impl FarmSet<'_> {
    fn has(&self, farm: &Farm) -> bool {
        let mut names = self.primaries.iter().chain(&self.backups);
        names.any(|name| is_named(farm, name))
    }

    /// Whether launches are spread over several primary farms.
    fn is_balanced(&self) -> bool {
        let mode = self.mode.as_ref().map(|mode| mode.value.as_str());
        let is_on =
            mode.is_some_and(|mode| mode.eq_ignore_ascii_case("LoadBalanced") || mode == "1");
        is_on && self.primaries.len() > 1
    }
}

/// Returns the sets that have a farm.
fn sets_of<'m>(farm: &Farm, mappings: &'m [Mapping<'_>]) -> impl Iterator<Item = &'m FarmSet<'m>> {
    let sets = mappings.iter().flat_map(|mapping| &mapping.sets);
    sets.filter(move |set| set.has(farm))
}

/// Reports farms that a set puts into another aggregation group than an earlier set.
fn report_second_groups(
    mapping: &Mapping<'_>,
    mappings: &[Mapping<'_>],
    farms: &[Farm],
    findings: &mut Findings,
) {
    for set in &mapping.sets {
        let Some(group) = &set.aggregation_group else {
            continue;
        };
        for farm in farms.iter().filter(|farm| set.has(farm)) {
            let first = sets_of(farm, mappings).find_map(|set| set.aggregation_group.as_ref());
            if let Some(first) = first.filter(|first| *first != group) {
                let text = format!(
                    "farm \"{}\" is in the groups \"{first}\" and \"{group}\"; a user has it in \
                     one, and roamd uses the first",
                    farm.name
                );
                let original = format!("mapping \"{}\"", mapping.name);
                let finding = Finding::new(Grade::Warning, mapping.place, original, text);
                findings.add(mapping.place, finding.key("aggregation_group"));
            }
        }
    }
}

fn comment(mapping: &Mapping<'_>) -> String {
    let groups = match &mapping.members {
        Members::Everyone => "all users".to_owned(),
        Members::Groups(groups) => {
            let names: Vec<_> = groups.iter().map(|group| group.name.as_str()).collect();
            names.join(", ")
        }
    };
    let primaries = quoted(mapping.sets.iter().flat_map(|set| &set.primaries));
    let backups = quoted(mapping.sets.iter().flat_map(|set| &set.backups));
    let backups = match backups.is_empty() {
        true => String::new(),
        false => format!(", backup {backups}"),
    };
    let name = &mapping.name;
    format!("Not taken: mapping \"{name}\" ({groups}): primary {primaries}{backups}.")
}

fn quoted<'a>(names: impl Iterator<Item = &'a Setting<'a>>) -> String {
    let names: Vec<_> = names.map(|name| format!("\"{}\"", name.value)).collect();
    names.join(", ")
}

fn report_unknown_farms(mapping: &Mapping<'_>, known: &[String], findings: &mut Findings) {
    let sets = mapping.sets.iter();
    for name in sets.flat_map(|set| set.primaries.iter().chain(&set.backups)) {
        let is_same = |known: &String| farm_name::is_same(known, &name.value);
        if !known.iter().any(is_same) {
            let text = format!(
                "names farm \"{}\", which the store does not have",
                name.value
            );
            let original = format!("mapping \"{}\"", mapping.name);
            findings.warning(name.place, original, text);
        }
    }
}

/// Reports farms that no mapping names: users do not see them, as in StoreFront.
fn report_hidden_farms(
    place: Place<'_>,
    mappings: &[Mapping<'_>],
    farms: &[Farm],
    findings: &mut Findings,
) {
    for farm in farms {
        if sets_of(farm, mappings).next().is_none() {
            let text = "no mapping names it, so no user sees it, as in StoreFront";
            findings.warning(place, format!("farm \"{}\"", farm.name), text);
        }
    }
}

fn is_named(farm: &Farm, name: &Setting<'_>) -> bool {
    farm_name::is_same(&farm.name, &name.value)
}
