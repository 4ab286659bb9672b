//! Queries for the published applications of a farm.

use rusqlite::{Connection, OptionalExtension, Row};

use crate::model::application::{ApplicationRow, Audience};
use crate::model::case_folding::fold_case;
use crate::model::farm::FarmRow;
use crate::model::farm_limits::InstanceLimits;
use crate::store::store_error::StoreError;

const APPLICATION: &str = "SELECT a.id, a.name, a.title, a.is_desktop, a.folder, a.description, \
                           a.restricted, a.seq_no, a.group_id, a.enabled, a.max_instances, \
                           a.max_instances_per_user, a.file_types, a.content FROM applications a";

const VISIBLE: &str = "(?2 IS NULL OR NOT a.restricted OR EXISTS \
                       (SELECT 1 FROM application_users u \
                       WHERE u.application_id = a.id AND u.user_id = ?2))";

/// Lists the published applications that an audience may see.
pub(crate) fn list(
    connection: &Connection,
    farm: &FarmRow,
    audience: Audience,
) -> Result<Vec<ApplicationRow>, StoreError> {
    let mut statement = connection.prepare_cached(&format!(
        "{APPLICATION} WHERE a.farm_id = ?1 AND {VISIBLE} ORDER BY a.id"
    ))?;
    let rows = statement.query_map((farm.id, audience.user()), read_application)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Finds the application or desktop with this internal name, if the audience may see it. Documents
/// are not found, since they cannot be launched.
pub(crate) fn find(
    connection: &Connection,
    farm: &FarmRow,
    audience: Audience,
    name: &str,
) -> Result<Option<ApplicationRow>, StoreError> {
    let mut statement = connection.prepare_cached(&format!(
        "{APPLICATION} WHERE a.farm_id = ?1 AND {VISIBLE} AND a.name_key = ?3 \
         AND a.content IS NULL"
    ))?;
    let parameters = (farm.id, audience.user(), fold_case(name));
    Ok(statement
        .query_row(parameters, read_application)
        .optional()?)
}

/// Returns the application with this row id, which must exist.
pub(crate) fn with_id(connection: &Connection, id: i64) -> Result<ApplicationRow, StoreError> {
    let mut statement = connection.prepare_cached(&format!("{APPLICATION} WHERE a.id = ?1"))?;
    Ok(statement.query_row([id], read_application)?)
}

/// Lists name and domain of each user of a restricted application.
pub(crate) fn users_of(
    connection: &Connection,
    application: &ApplicationRow,
) -> Result<Vec<(String, String)>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT u.name, d.name FROM application_users a JOIN users u ON u.id = a.user_id \
         JOIN domains d ON d.id = u.domain_id WHERE a.application_id = ?1 ORDER BY u.id",
    )?;
    let rows = statement.query_map([application.id], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn read_application(row: &Row<'_>) -> rusqlite::Result<ApplicationRow> {
    Ok(ApplicationRow {
        id: row.get(0)?,
        name: row.get(1)?,
        title: row.get(2)?,
        is_desktop: row.get(3)?,
        folder: row.get(4)?,
        description: row.get(5)?,
        restricted: row.get(6)?,
        seq_no: row.get(7)?,
        group: row.get(8)?,
        enabled: row.get(9)?,
        limits: InstanceLimits {
            total: row.get(10)?,
            per_user: row.get(11)?,
        },
        file_types: row.get(12)?,
        content: row.get(13)?,
    })
}
