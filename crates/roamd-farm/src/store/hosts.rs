//! Queries for session hosts, and their power state.

use jiff::Timestamp;
use rusqlite::{Connection, Row};

use crate::model::farm::FarmRow;
use crate::model::host::HostRow;
use crate::store::store_error::StoreError;

const HOST: &str = "SELECT h.id, h.label, h.name, h.address, h.dns, h.load, h.capacity, \
                    h.maintenance OR COALESCE(g.maintenance, 0), h.boot_seconds, \
                    h.switched_on_at, h.refusing \
                    FROM hosts h LEFT JOIN host_groups g ON g.id = h.group_id";

/// Lists the hosts of a farm.
pub(crate) fn of_farm(connection: &Connection, farm: &FarmRow) -> Result<Vec<HostRow>, StoreError> {
    let mut statement =
        connection.prepare_cached(&format!("{HOST} WHERE h.farm_id = ?1 ORDER BY h.id"))?;
    let rows = statement.query_map([farm.id], read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Lists the hosts of a group, or the hosts without a group.
pub(crate) fn of_group(
    connection: &Connection,
    farm: i64,
    group: Option<i64>,
) -> Result<Vec<HostRow>, StoreError> {
    let mut statement = connection.prepare_cached(&format!(
        "{HOST} WHERE h.farm_id = ?1 AND h.group_id IS ?2 ORDER BY h.id"
    ))?;
    let rows = statement.query_map((farm, group), read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Returns the host with this row id, which must exist.
pub(crate) fn with_id(connection: &Connection, id: i64) -> Result<HostRow, StoreError> {
    let mut statement = connection.prepare_cached(&format!("{HOST} WHERE h.id = ?1"))?;
    Ok(statement.query_row([id], read)?)
}

/// Switches a machine on. Does nothing if it is on or booting.
pub(crate) fn switch_on(
    connection: &Connection,
    host: i64,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(
        "UPDATE hosts SET switched_on_at = ?2 WHERE id = ?1 AND switched_on_at IS NULL",
    )?;
    statement.execute((host, now.as_millisecond()))?;
    Ok(())
}

/// Switches a machine off.
pub(crate) fn switch_off(connection: &Connection, host: i64) -> Result<(), StoreError> {
    let mut statement =
        connection.prepare_cached("UPDATE hosts SET switched_on_at = NULL WHERE id = ?1")?;
    statement.execute([host])?;
    Ok(())
}

fn read(row: &Row<'_>) -> rusqlite::Result<HostRow> {
    Ok(HostRow {
        id: row.get(0)?,
        label: row.get(1)?,
        name: row.get(2)?,
        address: row.get(3)?,
        dns: row.get(4)?,
        load: row.get(5)?,
        capacity: row.get(6)?,
        maintenance: row.get(7)?,
        boot_seconds: row.get(8)?,
        switched_on_at: row.get(9)?,
        refusing: row.get(10)?,
    })
}
