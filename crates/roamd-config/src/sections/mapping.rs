//! `[[store.mapping]]`: which farms of a store serve which users (SS-73).

use roamd_sessions::{FarmId, FarmMapping, FarmSet, LaunchOrder};

use super::farm::{self, SeenFarm};
use super::roaming::GROUPS;
use crate::reader::key::{DefaultKey, Key, ListKey};
use crate::reader::section::{Section, cut};
use crate::reader::value::{farm_id, name, word};

const NAME: Key<String> = Key {
    name: "name",
    read: name,
};

const PRIMARY: ListKey<FarmId> = ListKey {
    name: "primary",
    item: farm_id,
};

const BACKUP: ListKey<FarmId> = ListKey {
    name: "backup",
    item: farm_id,
};

const LAUNCH_ORDER: DefaultKey<LaunchOrder> = DefaultKey {
    name: "launch_order",
    default: LaunchOrder::default,
    read: |value| {
        word(
            value,
            &[
                ("ordered", LaunchOrder::Ordered),
                ("balanced", LaunchOrder::Balanced),
            ],
        )
    },
};

const AGGREGATION_GROUP: Key<String> = Key {
    name: "aggregation_group",
    read: name,
};

/// Reads the mappings of a store with these farms.
pub(crate) fn read_all(store: &mut Section<'_>, farms: &[SeenFarm]) -> Vec<FarmMapping> {
    let sections = store.sections("mapping", "[[store.mapping]]");
    let sections = sections.into_iter().flatten();
    sections
        .filter_map(|section| read(section, farms))
        .collect()
}

fn read(mut section: Section<'_>, farms: &[SeenFarm]) -> Option<FarmMapping> {
    let name = section.required(&NAME);
    let groups = section.optional_list(&GROUPS);
    let sets = section.sections("farm_set", "[[store.mapping.farm_set]]");
    if sets.as_ref().is_some_and(Vec::is_empty) {
        section.error(
            "farm_set",
            "the mapping has no [[store.mapping.farm_set]]; it needs at least one",
        );
    }
    let sets = sets.into_iter().flatten();
    let farm_sets = sets.map(|set| farm_set(set, farms)).collect();
    section.finish();
    Some(FarmMapping {
        name: name?,
        groups,
        farm_sets,
    })
}

fn farm_set(mut section: Section<'_>, farms: &[SeenFarm]) -> FarmSet {
    let primary = section.required_list(&PRIMARY);
    let backup = section.optional_list(&BACKUP);
    farm::report_unknown(&section, PRIMARY.name, &primary, farms);
    farm::report_unknown(&section, BACKUP.name, &backup, farms);
    if let Some(both) = primary.iter().find(|id| backup.contains(id)) {
        let problem = format!(
            "`backup` has \"{}\", which is in `primary` too",
            cut(both.as_str())
        );
        section.error(BACKUP.name, problem);
    }
    let set = FarmSet {
        primary,
        backup,
        launch_order: section.value(&LAUNCH_ORDER),
        aggregation_group: section.optional(&AGGREGATION_GROUP),
    };
    section.finish();
    set
}
