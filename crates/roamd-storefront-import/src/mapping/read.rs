//! Reads mappings (SI-13).

use super::found::{FarmSet, Group, Mapping, Members};
use crate::finding::{Findings, Grade};
use crate::record::{Field, OFF, Record, Silence, Unused, Value};

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

/// Reads a mapping.
pub(crate) fn read<'s>(mut record: Record<'s>, findings: &mut Findings) -> Mapping<'s> {
    let place = record.place;
    let name = record.text(&["name"], findings);
    let name = name.map(|name| name.value).unwrap_or_default();
    let members = members(&mut record, findings);
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
        members,
        sets,
    }
}

/// Takes the groups: elements with name and identifier, or a property for each (SI-13).
fn members<'s>(record: &mut Record<'s>, findings: &mut Findings) -> Members<'s> {
    let mut groups = Vec::new();
    if let Some(field) = record.take(&["GroupMembers"]) {
        match field.value {
            Value::Record(members) => {
                groups.extend(members.fields.into_iter().map(Group::of_property));
            }
            Value::List(members) => {
                let read = members
                    .into_iter()
                    .filter_map(|member| Group::of_item(member, findings));
                groups.extend(read);
            }
            Value::Null => {}
            Value::Text(_) | Value::Cut => {
                let text = "is cut; run the cmdlet again with `-Depth 8`";
                findings.error(field.place, field.name, text);
                groups.push(Group {
                    place: field.place,
                    name: "unknown".into(),
                    sid: None,
                });
            }
        }
    }
    let items = record.items(&["groups"], &["group"], findings);
    groups.extend(
        items
            .into_iter()
            .filter_map(|item| Group::of_item(item, findings)),
    );
    if groups.is_empty() || groups.iter().any(Group::is_everyone) {
        Members::Everyone
    } else {
        Members::Groups(groups)
    }
}

impl<'s> Group<'s> {
    /// Reads a property of the SDK: the name with the identifier as value.
    fn of_property(member: Field<'s>) -> Self {
        let sid = match &member.value {
            Value::Text(text) => text.trim().parse().ok(),
            _ => None,
        };
        Self {
            place: member.place,
            name: member.name,
            sid,
        }
    }

    /// Reads an element, or the text of a name or an identifier. Returns `None` if it has neither.
    fn of_item(item: Field<'s>, findings: &mut Findings) -> Option<Self> {
        let place = item.place;
        let (name, sid) = match item.value {
            Value::Record(mut group) => {
                let sid = group.text(&["sid", "GroupSid", "AccountSid"], findings);
                let name = group.text(&["name", "GroupName", "AccountName"], findings);
                group.finish(Grade::Note, findings);
                (name, sid)
            }
            value => (Field { value, ..item }.into_text(findings), None),
        };
        let sid = sid.map(|sid| sid.value);
        let Some(name) = name.map(|name| name.value).or_else(|| sid.clone()) else {
            findings.note(place, "group", "has neither name nor sid: all users");
            return None;
        };
        let sid = sid.as_deref().unwrap_or(&name).parse().ok();
        Some(Self { place, name, sid })
    }

    fn is_everyone(&self) -> bool {
        let is_same = |name: &&str| name.eq_ignore_ascii_case(&self.name);
        self.name.is_empty() || EVERYONE.iter().any(is_same)
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
