//! Settings of hosts, groups, applications and limits: the lists that operators see, and changes.

use std::num::NonZeroU32;

use jiff::Timestamp;
use rusqlite::{Connection, Row, params};

use crate::model::application::{ApplicationChange, ApplicationKind, ApplicationRecord};
use crate::model::case_folding::fold_case;
use crate::model::farm_limits::{FarmLimitsChange, FarmLimitsRecord};
use crate::model::host::{HostChange, HostGroupRecord, HostRecord, HostRow, PowerSetting};
use crate::rules::host_choice::power_state;
use crate::store::store_error::StoreError;
use crate::store::{farms, hosts, sessions};

/// Lists the hosts of one farm or of all, or the host with this id.
pub(crate) fn hosts(
    connection: &Connection,
    farm: Option<&str>,
    host: Option<&str>,
    now: Timestamp,
) -> Result<Vec<HostRecord>, StoreError> {
    let sql = "SELECT f.label, h.label, h.name, g.name, h.switched_on_at, h.boot_seconds, h.load, \
               h.capacity, h.maintenance, h.refusing FROM hosts h JOIN farms f ON f.id = h.farm_id \
               LEFT JOIN host_groups g ON g.id = h.group_id \
               WHERE (?1 IS NULL OR f.id = ?1) AND (?2 IS NULL OR h.label = ?2) ORDER BY h.id";
    list(connection, sql, farm, host.map(str::to_owned), |row| {
        let boot_seconds = row.get(5)?;
        Ok(HostRecord {
            farm: row.get(0)?,
            host_id: row.get(1)?,
            name: row.get(2)?,
            group: row.get(3)?,
            power: power_state(row.get(4)?, boot_seconds, now),
            boot_seconds,
            sessions: row.get(6)?,
            capacity: row.get(7)?,
            maintenance: row.get(8)?,
            refusing: row.get(9)?,
        })
    })
}

/// Lists the groups of one farm or of all, or the group with this name.
pub(crate) fn groups(
    connection: &Connection,
    farm: Option<&str>,
    group: Option<&str>,
) -> Result<Vec<HostGroupRecord>, StoreError> {
    let sql = "SELECT f.label, g.name, (SELECT COUNT(*) FROM hosts h WHERE h.group_id = g.id), \
               g.maintenance FROM host_groups g JOIN farms f ON f.id = g.farm_id \
               WHERE (?1 IS NULL OR f.id = ?1) AND (?2 IS NULL OR g.name_key = ?2) ORDER BY g.id";
    list(connection, sql, farm, group.map(fold_case), |row| {
        Ok(HostGroupRecord {
            farm: row.get(0)?,
            group: row.get(1)?,
            hosts: row.get(2)?,
            maintenance: row.get(3)?,
        })
    })
}

/// Lists the published applications of one farm or of all, or the one with this internal name.
pub(crate) fn applications(
    connection: &Connection,
    farm: Option<&str>,
    app: Option<&str>,
) -> Result<Vec<ApplicationRecord>, StoreError> {
    let sql = "SELECT f.label, a.name, a.is_desktop, g.name, a.enabled, \
               (SELECT COUNT(*) FROM instances i WHERE i.application_id = a.id), \
               a.max_instances, a.max_instances_per_user, a.file_types, a.content \
               FROM applications a JOIN farms f ON f.id = a.farm_id \
               LEFT JOIN host_groups g ON g.id = a.group_id \
               WHERE (?1 IS NULL OR f.id = ?1) AND (?2 IS NULL OR a.name_key = ?2) ORDER BY a.id";
    list(connection, sql, farm, app.map(fold_case), |row| {
        let content = row.get(9)?;
        Ok(ApplicationRecord {
            farm: row.get(0)?,
            app: row.get(1)?,
            kind: match (row.get(2)?, &content) {
                (true, _) => ApplicationKind::Desktop,
                (false, Some(_)) => ApplicationKind::Document,
                (false, None) => ApplicationKind::App,
            },
            group: row.get(3)?,
            enabled: row.get(4)?,
            instances: row.get(5)?,
            max_instances: row.get(6)?,
            max_instances_per_user: row.get(7)?,
            file_types: row.get(8)?,
            content,
        })
    })
}

/// Lists licences and limits of one farm or of all.
pub(crate) fn limits(
    connection: &Connection,
    farm: Option<&str>,
) -> Result<Vec<FarmLimitsRecord>, StoreError> {
    let sql = "SELECT f.label, (SELECT COUNT(DISTINCT s.user_id) FROM sessions s \
               WHERE s.farm_id = f.id AND s.state = 'active'), f.licences, \
               (SELECT COUNT(*) FROM sessions s WHERE s.farm_id = f.id), f.max_sessions, \
               f.max_sessions_per_user FROM farms f \
               WHERE (?1 IS NULL OR f.id = ?1) AND ?2 IS NULL ORDER BY f.id";
    list(connection, sql, farm, None, |row| {
        Ok(FarmLimitsRecord {
            farm: row.get(0)?,
            connected_users: row.get(1)?,
            licences: row.get(2)?,
            sessions: row.get(3)?,
            max_sessions: row.get(4)?,
            max_sessions_per_user: row.get(5)?,
        })
    })
}

/// Changes a host. Does nothing if it does not exist.
pub(crate) fn set_host(
    connection: &Connection,
    farm: &str,
    host: &str,
    change: HostChange,
    now: Timestamp,
) -> Result<(), StoreError> {
    let farm = farms::with_label(connection, farm)?;
    let hosts = hosts::of_farm(connection, &farm)?;
    let Some(HostRow { id, .. }) = hosts.into_iter().find(|found| found.label == host) else {
        return Ok(());
    };
    connection.execute(
        "UPDATE hosts SET capacity = COALESCE(?2, capacity), \
         boot_seconds = COALESCE(?3, boot_seconds), maintenance = COALESCE(?4, maintenance), \
         refusing = COALESCE(?5, refusing) WHERE id = ?1",
        params![
            id,
            change.capacity.map(NonZeroU32::get),
            change.boot_seconds,
            change.maintenance,
            change.refusing,
        ],
    )?;
    match change.power {
        Some(PowerSetting::On) => hosts::switch_on(connection, id, now),
        Some(PowerSetting::Off) => {
            sessions::end_on_host(connection, id)?;
            hosts::switch_off(connection, id)
        }
        None => Ok(()),
    }
}

/// Sets the maintenance mode of a group. Does nothing if the group does not exist.
pub(crate) fn set_group(
    connection: &Connection,
    farm: &str,
    group: &str,
    maintenance: bool,
) -> Result<(), StoreError> {
    connection.execute(
        "UPDATE host_groups SET maintenance = ?3 WHERE farm_id = ?1 AND name_key = ?2",
        params![
            farms::with_label(connection, farm)?.id,
            fold_case(group),
            maintenance
        ],
    )?;
    Ok(())
}

/// Changes a published application. Does nothing if it does not exist. Its sequence number changes
/// with every property that an enumeration shows (nfuse.md §6.2): enabled, file types and content
/// address.
pub(crate) fn set_application(
    connection: &Connection,
    farm: &str,
    app: &str,
    change: &ApplicationChange,
) -> Result<(), StoreError> {
    let farm = farms::with_label(connection, farm)?.id;
    let app = fold_case(app);
    connection.execute(
        "UPDATE applications SET enabled = COALESCE(?3, enabled), \
         file_types = COALESCE(?4, file_types), content = COALESCE(?5, content), \
         seq_no = CASE seq_no WHEN 2147483647 THEN -2147483648 ELSE seq_no + 1 END \
         WHERE farm_id = ?1 AND name_key = ?2 \
         AND (enabled <> ?3 OR file_types <> ?4 OR content <> ?5)",
        params![farm, app, change.enabled, change.file_types, change.content],
    )?;
    let set = [
        (
            "UPDATE applications SET max_instances = ?3 WHERE farm_id = ?1 AND name_key = ?2",
            change.max_instances,
        ),
        (
            "UPDATE applications SET max_instances_per_user = ?3 \
             WHERE farm_id = ?1 AND name_key = ?2",
            change.max_instances_per_user,
        ),
    ];
    for (sql, limit) in set {
        if let Some(limit) = limit {
            connection.execute(sql, params![farm, app, limit])?;
        }
    }
    Ok(())
}

/// Changes licences and limits of a farm.
pub(crate) fn set_limits(
    connection: &Connection,
    farm: &str,
    change: FarmLimitsChange,
) -> Result<(), StoreError> {
    let farm = farms::with_label(connection, farm)?.id;
    let set = [
        (
            "UPDATE farms SET licences = ?2 WHERE id = ?1",
            change.licences,
        ),
        (
            "UPDATE farms SET max_sessions = ?2 WHERE id = ?1",
            change.max_sessions,
        ),
        (
            "UPDATE farms SET max_sessions_per_user = ?2 WHERE id = ?1",
            change.max_sessions_per_user,
        ),
    ];
    for (sql, limit) in set {
        if let Some(limit) = limit {
            connection.execute(sql, params![farm, limit])?;
        }
    }
    Ok(())
}

/// Runs a query with the farm (`?1`, null for all) and a name (`?2`, null for all).
fn list<T>(
    connection: &Connection,
    sql: &str,
    farm: Option<&str>,
    name: Option<String>,
    read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>, StoreError> {
    let farm = match farm {
        Some(farm) => Some(farms::with_label(connection, farm)?.id),
        None => None,
    };
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map((farm, name), |row| read(row))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
