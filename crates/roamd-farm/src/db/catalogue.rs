//! Farms and what they publish.

use rusqlite::{Connection, OptionalExtension, Row};

use super::Failure;
use crate::Error;
use crate::files::{ContentAddress, FileTypes};
use crate::launch::limits::InstanceLimits;
use crate::name::fold;
use crate::world::Generation;

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

/// An application, desktop or document as it is kept.
#[derive(Debug, Clone)]
pub(crate) struct ApplicationRow {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) is_desktop: bool,
    pub(crate) folder: String,
    pub(crate) description: String,
    pub(crate) restricted: bool,
    pub(crate) seq_no: i32,
    /// The group of hosts that it runs on.
    pub(crate) group: Option<i64>,
    pub(crate) enabled: bool,
    pub(crate) limits: InstanceLimits,
    pub(crate) file_types: FileTypes,
    /// Where a document is. Nothing else has an address.
    pub(crate) content: Option<ContentAddress>,
}

/// For whom a catalogue is read.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Audience {
    /// What this user may see.
    User(i64),
    /// Everything.
    All,
}

impl Audience {
    fn user(self) -> Option<i64> {
        match self {
            Self::User(id) => Some(id),
            Self::All => None,
        }
    }
}

const FARM: &str = "SELECT id, label, name, generation, trust_requests, sta_id FROM farms";
const APPLICATION: &str = "SELECT a.id, a.name, a.title, a.is_desktop, a.folder, a.description, \
                           a.restricted, a.seq_no, a.group_id, a.enabled, a.max_instances, \
                           a.max_instances_per_user, a.file_types, a.content FROM applications a";
const VISIBLE: &str = "(?2 IS NULL OR NOT a.restricted OR EXISTS (SELECT 1 FROM application_users u \
                       WHERE u.application_id = a.id AND u.user_id = ?2))";

/// All farms, in the order of the world.
pub(crate) fn farms(connection: &Connection) -> Result<Vec<FarmRow>, Failure> {
    let mut statement = connection.prepare_cached(&format!("{FARM} ORDER BY id"))?;
    let rows = statement.query_map([], read_farm)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The farm with this id.
pub(crate) fn farm(connection: &Connection, label: &str) -> Result<FarmRow, Failure> {
    let mut statement = connection.prepare_cached(&format!("{FARM} WHERE label_key = ?1"))?;
    let found = statement.query_row([fold(label)], read_farm).optional()?;
    found.ok_or_else(|| unknown_farm(connection, label))
}

/// That no farm has this id, and which there are.
pub(crate) fn unknown_farm(connection: &Connection, label: &str) -> Failure {
    let farm = label.to_owned();
    match farms(connection) {
        Ok(farms) => {
            let known = farms.into_iter().map(|farm| farm.label).collect();
            Failure::Refused(Error::UnknownFarm { farm, known })
        }
        Err(failure) => failure,
    }
}

/// A farm that is known to be there.
pub(crate) fn farm_with_id(connection: &Connection, id: i64) -> Result<FarmRow, Failure> {
    let mut statement = connection.prepare_cached(&format!("{FARM} WHERE id = ?1"))?;
    Ok(statement.query_row([id], read_farm)?)
}

/// What a farm publishes.
pub(crate) fn applications(
    connection: &Connection,
    farm: &FarmRow,
    audience: Audience,
) -> Result<Vec<ApplicationRow>, Failure> {
    let mut statement = connection.prepare_cached(&format!(
        "{APPLICATION} WHERE a.farm_id = ?1 AND {VISIBLE} ORDER BY a.id"
    ))?;
    let rows = statement.query_map((farm.id, audience.user()), read_application)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The application or desktop of this internal name, if the audience may see it. A document is none:
/// nothing of it runs.
pub(crate) fn application(
    connection: &Connection,
    farm: &FarmRow,
    audience: Audience,
    name: &str,
) -> Result<Option<ApplicationRow>, Failure> {
    let mut statement = connection.prepare_cached(&format!(
        "{APPLICATION} WHERE a.farm_id = ?1 AND {VISIBLE} AND a.name_key = ?3 \
         AND a.content IS NULL"
    ))?;
    let parameters = (farm.id, audience.user(), fold(name));
    Ok(statement
        .query_row(parameters, read_application)
        .optional()?)
}

/// An application that is known to be there.
pub(crate) fn application_with_id(
    connection: &Connection,
    id: i64,
) -> Result<ApplicationRow, Failure> {
    let mut statement = connection.prepare_cached(&format!("{APPLICATION} WHERE a.id = ?1"))?;
    Ok(statement.query_row([id], read_application)?)
}

/// Name and domain of each user that a restricted application is published to.
pub(crate) fn users_of(
    connection: &Connection,
    application: &ApplicationRow,
) -> Result<Vec<(String, String)>, Failure> {
    let mut statement = connection.prepare_cached(
        "SELECT u.name, d.name FROM application_users a JOIN users u ON u.id = a.user_id \
         JOIN domains d ON d.id = u.domain_id WHERE a.application_id = ?1 ORDER BY u.id",
    )?;
    let rows = statement.query_map([application.id], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
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
