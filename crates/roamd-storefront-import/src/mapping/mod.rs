//! User farm mappings (SI-13 to SI-15).

mod apply;
mod read;

use roamd_config::Sid;

use crate::record::Setting;
use crate::source::Place;

pub(crate) use self::apply::apply;
pub(crate) use self::read::read;

/// A mapping of a file.
pub(crate) struct Mapping<'s> {
    place: Place<'s>,
    name: String,
    members: Members<'s>,
    sets: Vec<FarmSet<'s>>,
}

/// Users of a mapping.
enum Members<'s> {
    Everyone,
    Groups(Vec<Group<'s>>),
}

/// A group of users.
struct Group<'s> {
    place: Place<'s>,
    name: String,
    /// `None` if the file has none that is valid.
    sid: Option<Sid>,
}

/// Farms of a mapping that stand for each other.
struct FarmSet<'s> {
    mode: Option<Setting<'s>>,
    aggregation_group: Option<String>,
    primaries: Vec<Setting<'s>>,
    backups: Vec<Setting<'s>>,
}
