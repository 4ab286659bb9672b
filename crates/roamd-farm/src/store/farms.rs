//! Queries for the farms of a data folder.

use rusqlite::{Connection, OptionalExtension, Row};

use crate::error::Error;
use crate::model::case_folding::fold_case;
use crate::model::farm::FarmRow;
use crate::store::store_error::StoreError;

const FARM: &str = "SELECT id, label, name, generation, trust_requests, sta_id FROM farms";

/// Lists all farms, in the order of the world description.
pub(crate) fn list(connection: &Connection) -> Result<Vec<FarmRow>, StoreError> {
    let mut statement = connection.prepare_cached(&format!("{FARM} ORDER BY id"))?;
    let rows = statement.query_map([], read_farm)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Returns the farm with this id, or [`Error::UnknownFarm`].
pub(crate) fn with_label(connection: &Connection, label: &str) -> Result<FarmRow, StoreError> {
    let mut statement = connection.prepare_cached(&format!("{FARM} WHERE label_key = ?1"))?;
    let found = statement
        .query_row([fold_case(label)], read_farm)
        .optional()?;
    found.ok_or_else(|| unknown_farm(connection, label))
}

/// Creates the error for an unknown farm id, with the known ids.
pub(crate) fn unknown_farm(connection: &Connection, label: &str) -> StoreError {
    let farm = label.to_owned();
    match list(connection) {
        Ok(farms) => {
            let known = farms.into_iter().map(|farm| farm.label).collect();
            StoreError::Refused(Error::UnknownFarm { farm, known })
        }
        Err(failure) => failure,
    }
}

/// Returns the farm with this row id, which must exist.
pub(crate) fn with_id(connection: &Connection, id: i64) -> Result<FarmRow, StoreError> {
    let mut statement = connection.prepare_cached(&format!("{FARM} WHERE id = ?1"))?;
    Ok(statement.query_row([id], read_farm)?)
}

fn read_farm(row: &Row<'_>) -> rusqlite::Result<FarmRow> {
    Ok(FarmRow {
        id: row.get(0)?,
        label: row.get(1)?,
        name: row.get(2)?,
        generation: row.get(3)?,
        trust_requests: row.get(4)?,
        sta_id: row.get(5)?,
    })
}
