//! User farm mappings (SI-13 to SI-15).

use crate::farm_name;
use crate::finding::{Finding, Findings, Grade};
use crate::model::{Aggregation, Farm};
use crate::record::{OFF, Record, Setting, Silence, Unused, Value};
use crate::source::Place;

/// Names and security identifiers of groups that all users are in.
const EVERYONE: [&str; 2] = ["everyone", "S-1-1-0"];

const UNUSED_OF_SETS: [Unused; 2] = [
    Unused {
        names: &["name"],
        silence: Silence::Always,
        grade: Grade::Note,
        text: "names the set only",
    },
    Unused {
        names: &["farmsAreIdentical"],
        silence: OFF,
        grade: Grade::Note,
        text: "roamd queries all farms of a group",
    },
];

/// A mapping of a file.
pub(crate) struct Mapping<'s> {
    place: Place<'s>,
    name: String,
    /// Groups whose users see the farms; empty for all users.
    groups: Vec<String>,
    sets: Vec<FarmSet<'s>>,
}

/// Farms of a mapping that stand for each other.
struct FarmSet<'s> {
    mode: Option<Setting<'s>>,
    aggregation_group: Option<String>,
    primaries: Vec<Setting<'s>>,
    backups: Vec<Setting<'s>>,
}

/// Result of the mappings of a store.
#[derive(Default)]
pub(crate) struct Applied {
    /// Number of mappings that the farms express.
    pub(crate) taken: usize,
    /// Comments on the others.
    pub(crate) not_taken: Vec<String>,
}

/// Reads a mapping.
pub(crate) fn read<'s>(mut record: Record<'s>, findings: &mut Findings) -> Mapping<'s> {
    let place = record.place;
    let name = record.text(&["name"], findings);
    let name = name.map(|name| name.value).unwrap_or_default();
    let groups = groups(&mut record, findings);
    let sets = record.items(
        &["equivalentFarmSets", "FarmSets"],
        &["equivalentFarmSet"],
        findings,
    );
    let sets = sets
        .into_iter()
        .filter_map(|set| set.into_record(findings).map(|set| farm_set(set, findings)));
    let sets = sets.collect();
    record.unused(
        &[Unused {
            names: &["indexNumber"],
            silence: Silence::Always,
            grade: Grade::Note,
            text: "roamd uses the order of the file",
        }],
        findings,
    );
    record.finish(Grade::Warning, findings);
    Mapping {
        place,
        name,
        groups,
        sets,
    }
}

/// Takes the groups: elements with name and identifier, or a property for each (SI-13).
fn groups(record: &mut Record<'_>, findings: &mut Findings) -> Vec<String> {
    let mut groups = Vec::new();
    if let Some(members) = record.take(&["GroupMembers"]) {
        match members.value {
            Value::Record(members) => {
                groups.extend(members.fields.into_iter().map(|member| member.name));
            }
            Value::List(members) => {
                let texts = members
                    .into_iter()
                    .filter_map(|member| member.item_text(&["name", "GroupName"], findings));
                groups.extend(texts.map(|text| text.value));
            }
            Value::Null => {}
            Value::Text(_) | Value::Cut => {
                let text = "is cut; run the cmdlet again with `-Depth 8`";
                findings.error(members.place, members.name, text);
                groups.push("unknown".into());
            }
        }
    }
    for group in record.items(&["groups"], &["group"], findings) {
        let place = group.place;
        let Some(mut group) = group.into_record(findings) else {
            continue;
        };
        let sid = group.text(&["sid"], findings).map(|sid| sid.value);
        let name = group.text(&["name"], findings).map(|name| name.value);
        group.finish(Grade::Note, findings);
        match name.or(sid) {
            Some(name) => groups.push(name),
            None => findings.note(place, "group", "has neither name nor sid: all users"),
        }
    }
    let is_everyone = |group: &String| {
        let is_same = |name: &&str| name.eq_ignore_ascii_case(group);
        group.is_empty() || EVERYONE.iter().any(is_same)
    };
    match groups.iter().any(is_everyone) {
        true => Vec::new(),
        false => groups,
    }
}

fn farm_set<'s>(mut set: Record<'s>, findings: &mut Findings) -> FarmSet<'s> {
    let mode = set.text(&["loadBalanceMode"], findings);
    let group = set.text(&["aggregationGroup", "AggregationGroupName"], findings);
    let mut farms = |names: &[&str]| -> Vec<_> {
        let farms = set.items(names, &["farm"], findings);
        farms
            .into_iter()
            .filter_map(|farm| farm.item_text(&["name"], findings))
            .collect()
    };
    let primaries = farms(&["primaryFarmRefs", "PrimaryFarms"]);
    let backups = farms(&["backupFarmRefs", "BackupFarms"]);
    set.unused(&UNUSED_OF_SETS, findings);
    set.finish(Grade::Warning, findings);
    FarmSet {
        mode,
        aggregation_group: group.map(|group| group.value),
        primaries,
        backups,
    }
}

/// Applies the mappings of a store to its farms. `known` are the names of all farms of the store,
/// also of those that were not taken.
pub(crate) fn apply(
    mappings: &[Mapping<'_>],
    farms: &mut [Farm],
    known: &[String],
    findings: &mut Findings,
) -> Applied {
    let mut applied = Applied::default();
    for mapping in mappings {
        report_unknown_farms(mapping, known, findings);
        let has_backups = mapping.sets.iter().any(|set| !set.backups.is_empty());
        if mapping.groups.is_empty() && !has_backups {
            if aggregate(mapping, farms, findings) {
                applied.taken += 1;
            }
        } else {
            applied.not_taken.push(comment(mapping));
            let text = loss(mapping);
            let original = format!("mapping \"{}\"", mapping.name);
            findings.warning(mapping.place, original, text);
        }
    }
    if let Some(first) = mappings.first() {
        report_hidden_farms(first.place, mappings, farms, findings);
    }
    applied
}

/// Puts the farms of a mapping for all users into their groups. Returns whether all fit.
fn aggregate(mapping: &Mapping<'_>, farms: &mut [Farm], findings: &mut Findings) -> bool {
    let mut fits = true;
    for set in &mapping.sets {
        let Some(group) = &set.aggregation_group else {
            continue;
        };
        for name in &set.primaries {
            let Some(farm) = farms.iter_mut().find(|farm| is_named(farm, name)) else {
                continue;
            };
            match &farm.aggregation {
                Some(other) if other.group != *group => {
                    let text = format!(
                        "farm \"{}\" is in the groups \"{}\" and \"{group}\"; a farm has one, and \
                         roamd uses the first",
                        farm.name, other.group
                    );
                    let original = format!("mapping \"{}\"", mapping.name);
                    let finding = Finding::new(Grade::Warning, name.place, original, text);
                    findings.add(name.place, finding.key("aggregation_group"));
                    fits = false;
                }
                Some(_) => {}
                None => {
                    farm.aggregation = Some(Aggregation {
                        group: group.clone(),
                        mapping: mapping.name.clone(),
                    });
                }
            }
        }
        let is_balanced = |mode: &&Setting<'_>| {
            mode.value.eq_ignore_ascii_case("LoadBalanced") || mode.value == "1"
        };
        if let Some(mode) = set.mode.as_ref().filter(is_balanced)
            && set.primaries.len() > 1
        {
            let text = "launches try the farms of a group in their order";
            findings.add(mode.place, mode.finding(Grade::Note, text));
        }
    }
    fits
}

/// Returns what users notice of a mapping that is not taken.
fn loss(mapping: &Mapping<'_>) -> String {
    let mut clauses = Vec::new();
    if !mapping.groups.is_empty() {
        let primaries = quoted(mapping.sets.iter().flat_map(|set| &set.primaries));
        clauses.push(format!(
            "is for {} alone: roamd shows farm {primaries} to all users",
            mapping.groups.join(", ")
        ));
    }
    let backups = quoted(mapping.sets.iter().flat_map(|set| &set.backups));
    if !backups.is_empty() {
        clauses.push(format!(
            "its backup {backups} is not taken: roamd always queries the farm"
        ));
    }
    clauses.join("; ")
}

fn comment(mapping: &Mapping<'_>) -> String {
    let groups = match mapping.groups.is_empty() {
        true => "all users".to_owned(),
        false => mapping.groups.join(", "),
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

/// Reports farms that no mapping names: StoreFront shows them to no user.
fn report_hidden_farms(
    place: Place<'_>,
    mappings: &[Mapping<'_>],
    farms: &[Farm],
    findings: &mut Findings,
) {
    for farm in farms {
        let mut sets = mappings.iter().flat_map(|mapping| &mapping.sets);
        let is_in = |set: &FarmSet<'_>| {
            let mut names = set.primaries.iter().chain(&set.backups);
            names.any(|name| is_named(farm, name))
        };
        if !sets.any(is_in) {
            let text = "no mapping names it, so StoreFront hides it; roamd shows it to all users";
            findings.warning(place, format!("farm \"{}\"", farm.name), text);
        }
    }
}

fn is_named(farm: &Farm, name: &Setting<'_>) -> bool {
    farm_name::is_same(&farm.name, &name.value)
}
