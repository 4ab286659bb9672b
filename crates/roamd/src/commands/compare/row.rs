//! A pair of items as a row of a table.

use clap::ValueEnum;
use serde::Serialize;

use super::item::Item;
use super::pairing::Pair;
use crate::commands::listing::ListField;
use crate::table::Fit;

/// What a comparison found for an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Outcome {
    /// Both stores show it in the same way.
    Equal,
    /// Both stores show it, with differences.
    Different,
    /// Only the first store shows it.
    OnlyFirst,
    /// Only the second store shows it.
    OnlySecond,
}

/// An item of one store or of both.
#[derive(Debug, Clone)]
pub(super) struct CompareRow {
    pub(super) outcome: Outcome,
    pub(super) first: Option<Item>,
    pub(super) second: Option<Item>,
    /// Names of what differs.
    pub(super) differences: Vec<&'static str>,
}

/// A field of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum CompareField {
    /// equal, different, only first, or only second
    Outcome,
    /// application, desktop, or session
    Kind,
    Name,
    /// Resource id and farm at the first store
    First,
    /// Resource id and farm at the second store
    Second,
    /// What differs
    Differences,
}

impl From<Pair> for CompareRow {
    fn from(pair: Pair) -> Self {
        let (first, second) = match pair {
            Pair::Both(first, second) => (Some(first), Some(second)),
            Pair::First(first) => (Some(first), None),
            Pair::Second(second) => (None, Some(second)),
        };
        let differences = match (&first, &second) {
            (Some(first), Some(second)) => first.differences(second),
            _ => Vec::new(),
        };
        let outcome = match (&first, &second) {
            (_, None) => Outcome::OnlyFirst,
            (None, _) => Outcome::OnlySecond,
            _ if differences.is_empty() => Outcome::Equal,
            _ => Outcome::Different,
        };
        Self {
            outcome,
            first,
            second,
            differences,
        }
    }
}

impl CompareRow {
    /// Returns the item of the first store, or else that of the second.
    fn item(&self) -> Option<&Item> {
        self.first.as_ref().or(self.second.as_ref())
    }
}

impl Outcome {
    fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "equal",
            Self::Different => "different",
            Self::OnlyFirst => "only first",
            Self::OnlySecond => "only second",
        }
    }
}

impl ListField for CompareField {
    type Item = CompareRow;

    const TABLE: &'static [Self] = &[
        Self::Outcome,
        Self::Kind,
        Self::Name,
        Self::First,
        Self::Second,
        Self::Differences,
    ];

    const WIDE: &'static [Self] = Self::TABLE;

    const NAME: Self = Self::Name;

    fn header(self) -> &'static str {
        match self {
            Self::Outcome => "OUTCOME",
            Self::Kind => "KIND",
            Self::Name => "NAME",
            Self::First => "FIRST",
            Self::Second => "SECOND",
            Self::Differences => "DIFFERENCES",
        }
    }

    fn value(self, row: &CompareRow) -> String {
        let at = |item: &Option<Item>| {
            let item = item.as_ref();
            let text = item.map(|item| format!("{} on {}", item.resource_id, item.farm));
            text.unwrap_or_default()
        };
        let item = row.item();
        match self {
            Self::Outcome => row.outcome.as_str().to_owned(),
            Self::Kind => item.map(|item| item.kind.clone()).unwrap_or_default(),
            Self::Name => item.map(|item| item.name.clone()).unwrap_or_default(),
            Self::First => at(&row.first),
            Self::Second => at(&row.second),
            Self::Differences => row.differences.join(", "),
        }
    }

    fn fit(self) -> Fit {
        match self {
            Self::Outcome | Self::Kind | Self::Name => Fit::Whole,
            Self::First | Self::Second => Fit::Detail,
            Self::Differences => Fit::Text,
        }
    }
}
