//! `[store.filter]`: which resources a store shows.

use roamd_sessions::{FilterType, ResourceFilter};

use crate::reader::key::ListKey;
use crate::reader::section::Section;
use crate::reader::value::{name, word};

const TYPES: ListKey<FilterType> = ListKey {
    name: "types",
    item: |value| word(value, &FilterType::ALL.map(|it| (it.as_str(), it))),
};

const INCLUDE_KEYWORDS: ListKey<String> = ListKey {
    name: "include_keywords",
    item: name,
};

const EXCLUDE_KEYWORDS: ListKey<String> = ListKey {
    name: "exclude_keywords",
    item: name,
};

/// Reads the section of a store.
pub(crate) fn read(store: &mut Section<'_>) -> ResourceFilter {
    let mut section = store.section("filter", "[store.filter]");
    let filter = ResourceFilter {
        types: section.optional_list(&TYPES),
        include_keywords: section.optional_list(&INCLUDE_KEYWORDS),
        exclude_keywords: section.optional_list(&EXCLUDE_KEYWORDS),
    };
    section.finish();
    filter
}
