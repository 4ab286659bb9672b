//! A farm: its database row, its summary, and the kinds of objects in it.

use std::fmt;

use serde::Serialize;

use crate::model::generation::Generation;

/// A farm as it is kept.
#[derive(Debug, Clone)]
pub(crate) struct FarmRow {
    pub(crate) id: i64,
    /// The id that people use, `XA1`.
    pub(crate) label: String,
    pub(crate) name: String,
    pub(crate) generation: Generation,
    pub(crate) trust_requests: bool,
    /// `AuthorityID` of its ticket authority.
    pub(crate) sta_id: String,
}

/// What there is to say about a farm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FarmSummary {
    /// Id, `XA1`.
    pub id: String,
    /// Name that the farm gives itself, `Farm1`.
    pub name: String,
    /// Product generation.
    pub generation: Generation,
}

impl From<FarmRow> for FarmSummary {
    fn from(row: FarmRow) -> Self {
        Self {
            id: row.label,
            name: row.name,
            generation: row.generation,
        }
    }
}

/// What a farm is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FarmPart {
    /// A machine that sessions run on.
    Host,
    /// A group of hosts.
    Group,
    /// An application or desktop.
    Application,
}

impl FarmPart {
    /// The word for it in commands.
    pub(crate) fn command(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Group => "group",
            Self::Application => "app",
        }
    }
}

impl fmt::Display for FarmPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Host => "host",
            Self::Group => "group",
            Self::Application => "application",
        })
    }
}
