//! A farm: its database row, its summary, and the kinds of objects in it.

use std::fmt;

use serde::Serialize;

use crate::model::generation::Generation;

/// A farm, as stored.
#[derive(Debug, Clone)]
pub(crate) struct FarmRow {
    pub(crate) id: i64,
    /// Id that operators use, such as `XA1`.
    pub(crate) label: String,
    pub(crate) name: String,
    pub(crate) generation: Generation,
    pub(crate) trust_requests: bool,
    /// `AuthorityID` of its Secure Ticket Authority.
    pub(crate) sta_id: String,
}

/// Id, name and generation of a farm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FarmSummary {
    /// Id, such as `XA1`.
    pub id: String,
    /// Name that the farm reports, such as `Farm1`.
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

/// Kind of an object of a farm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FarmPart {
    /// A session host.
    Host,
    /// A host group.
    Group,
    /// A published application, desktop or document.
    Application,
}

impl FarmPart {
    /// Returns the `roamd farm` subcommand for this kind of object.
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
