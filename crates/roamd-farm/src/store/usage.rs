//! Counts of the licences, sessions and instances in use, and their limits.

use rusqlite::Connection;

use crate::model::farm_limits::{FarmLimits, FarmUsage, InstanceUsage};
use crate::store::store_error::StoreError;

/// Returns the limits of a farm. They are read for every launch, since they may change while the
/// farm is served.
pub(crate) fn farm_limits(connection: &Connection, farm: i64) -> Result<FarmLimits, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT licences, max_sessions, max_sessions_per_user FROM farms WHERE id = ?1",
    )?;
    Ok(statement.query_row([farm], |row| {
        Ok(FarmLimits {
            licences: row.get(0)?,
            sessions: row.get(1)?,
            sessions_per_user: row.get(2)?,
        })
    })?)
}

/// Returns the usage of a farm.
pub(crate) fn of_farm(
    connection: &Connection,
    farm: i64,
    user: i64,
) -> Result<FarmUsage, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT COUNT(DISTINCT user_id) FILTER (WHERE state = 'active'), \
         COUNT(*) FILTER (WHERE state = 'active' AND user_id = ?2) > 0, \
         COUNT(*), COUNT(*) FILTER (WHERE user_id = ?2) FROM sessions WHERE farm_id = ?1",
    )?;
    Ok(statement.query_row([farm, user], |row| {
        Ok(FarmUsage {
            connected_users: row.get(0)?,
            is_connected: row.get(1)?,
            sessions: row.get(2)?,
            sessions_of_user: row.get(3)?,
        })
    })?)
}

/// Returns the usage of an application.
pub(crate) fn of_application(
    connection: &Connection,
    application: i64,
    user: i64,
) -> Result<InstanceUsage, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT COUNT(*), COUNT(*) FILTER (WHERE s.user_id = ?2) FROM instances i \
         JOIN sessions s ON s.id = i.session_id WHERE i.application_id = ?1",
    )?;
    Ok(statement.query_row([application, user], |row| {
        Ok(InstanceUsage {
            total: row.get(0)?,
            of_user: row.get(1)?,
        })
    })?)
}
