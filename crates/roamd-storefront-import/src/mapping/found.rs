//! Mappings of a file, before they are applied.

use roamd_config::Sid;

use crate::record::Setting;
use crate::source::Place;

/// A mapping of a file.
pub(crate) struct Mapping<'s> {
    pub(super) place: Place<'s>,
    pub(super) name: String,
    pub(super) members: Members<'s>,
    pub(super) sets: Vec<FarmSet<'s>>,
}

/// Users of a mapping.
pub(super) enum Members<'s> {
    Everyone,
    Groups(Vec<Group<'s>>),
}

/// A group of users.
pub(super) struct Group<'s> {
    pub(super) place: Place<'s>,
    pub(super) name: String,
    /// `None` if the file has none that is valid.
    pub(super) sid: Option<Sid>,
}

/// Farms of a mapping that stand for each other.
pub(super) struct FarmSet<'s> {
    pub(super) mode: Option<Setting<'s>>,
    pub(super) aggregation_group: Option<String>,
    pub(super) primaries: Vec<Setting<'s>>,
    pub(super) backups: Vec<Setting<'s>>,
}
