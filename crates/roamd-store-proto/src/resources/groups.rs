//! Groups of elements of a resource, which a client can request (ST-57, ST-64).

use std::collections::BTreeSet;

/// A group of elements. The specification has more groups, of whose elements roamd sends none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// Elements that users see.
    Core,
    /// Elements that may have changed since the last list.
    Status,
    /// Types of the files that the resource opens.
    FileTypes,
    /// Elements for launching.
    Launch,
    /// Keywords and properties.
    Keywords,
    /// Available forms of the icon.
    Images,
    /// URL of the icon file.
    Icon,
}

/// A set of groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Groups(BTreeSet<Group>);

impl Group {
    /// All groups.
    pub const ALL: [Self; 7] = [
        Self::Core,
        Self::Status,
        Self::FileTypes,
        Self::Launch,
        Self::Keywords,
        Self::Images,
        Self::Icon,
    ];

    /// Returns the name of the group.
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
    /// Returns all groups, the default for requests without groups.
    #[must_use]
    pub fn all() -> Self {
        Self(Group::ALL.into())
    }

    /// Returns the groups with these names, ignoring case and unknown names. Without names, returns
    /// all groups.
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

    /// Returns whether the set has this group.
    #[must_use]
    pub fn has(&self, group: Group) -> bool {
        self.0.contains(&group)
    }
}
