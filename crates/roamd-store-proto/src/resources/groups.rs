//! Which elements of a resource a client wants to read (ST-57, ST-64).

use std::collections::BTreeSet;

/// A group of elements. The specification knows more; those have no element that is sent here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// What a person sees.
    Core,
    /// What may have changed since the last list.
    Status,
    /// Which files it opens.
    FileTypes,
    /// How it is started.
    Launch,
    /// Keywords and properties.
    Keywords,
    /// Forms of its picture.
    Images,
    /// Its icon.
    Icon,
}

/// Some of the groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Groups(BTreeSet<Group>);

impl Group {
    /// Every group.
    pub const ALL: [Self; 7] = [
        Self::Core,
        Self::Status,
        Self::FileTypes,
        Self::Launch,
        Self::Keywords,
        Self::Images,
        Self::Icon,
    ];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Core => "core",
            Self::Status => "status",
            Self::FileTypes => "fta",
            Self::Launch => "launch",
            Self::Keywords => "keywords",
            Self::Images => "images",
            Self::Icon => "icon",
        }
    }
}

impl Groups {
    /// Every group: what is sent when none is asked for.
    #[must_use]
    pub fn all() -> Self {
        Self(Group::ALL.into())
    }

    /// The groups of these names, whatever their case. Names that are not known are ignored; no name
    /// at all means every group.
    #[must_use]
    pub fn named<'n>(names: impl IntoIterator<Item = &'n str>) -> Self {
        let mut names = names.into_iter().peekable();
        if names.peek().is_none() {
            return Self::all();
        }
        let named = names.flat_map(|name| {
            let is_all = name.eq_ignore_ascii_case("all");
            Group::ALL
                .into_iter()
                .filter(move |group| is_all || name.eq_ignore_ascii_case(group.name()))
        });
        Self(named.collect())
    }

    /// Whether a group is among them.
    #[must_use]
    pub fn has(&self, group: Group) -> bool {
        self.0.contains(&group)
    }
}
