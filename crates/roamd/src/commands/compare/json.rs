//! A comparison as JSON.

use std::collections::BTreeMap;

use roamd_store_client::EnumerationStatus;
use serde::Serialize;

use super::item::Item;
use super::row::{CompareRow, Outcome};
use super::shown::Shown;

/// The comparison as JSON.
#[derive(Serialize)]
pub(super) struct CompareJson<'r> {
    /// Whether both stores show the same, and all farms responded.
    pub(super) equal: bool,
    pub(super) stores: [StoreJson; 2],
    pub(super) items: Vec<RowJson<'r>>,
}

/// A store as JSON.
#[derive(Serialize)]
pub(super) struct StoreJson {
    store: Option<String>,
    resource_enumeration: &'static str,
    session_enumeration: &'static str,
}

/// A resource or session as JSON; `first` or `second` is `null` if that store does not show it.
#[derive(Serialize)]
pub(super) struct RowJson<'r> {
    outcome: Outcome,
    first: Option<ItemJson<'r>>,
    second: Option<ItemJson<'r>>,
    differences: &'r [&'static str],
}

/// An item of one store as JSON.
#[derive(Serialize)]
struct ItemJson<'r> {
    kind: &'r str,
    name: &'r str,
    resource_id: &'r str,
    farm: &'r str,
    details: BTreeMap<&'static str, &'r str>,
}

impl StoreJson {
    /// Returns whether all farms of the store responded.
    pub(super) fn is_complete(&self) -> bool {
        let full = EnumerationStatus::Full.as_str();
        self.resource_enumeration == full && self.session_enumeration == full
    }
}

impl From<&Shown> for StoreJson {
    fn from(shown: &Shown) -> Self {
        Self {
            store: shown.url.as_ref().map(ToString::to_string),
            resource_enumeration: shown.resources.as_str(),
            session_enumeration: shown.sessions.as_str(),
        }
    }
}

impl<'r> From<&'r CompareRow> for RowJson<'r> {
    fn from(row: &'r CompareRow) -> Self {
        Self {
            outcome: row.outcome,
            first: row.first.as_ref().map(ItemJson::from),
            second: row.second.as_ref().map(ItemJson::from),
            differences: &row.differences,
        }
    }
}

impl<'r> From<&'r Item> for ItemJson<'r> {
    fn from(item: &'r Item) -> Self {
        let details = item.details.iter();
        Self {
            kind: &item.kind,
            name: &item.name,
            resource_id: &item.resource_id,
            farm: &item.farm,
            details: details.map(|(name, value)| (*name, &**value)).collect(),
        }
    }
}
