//! Queries for sessions, and their start, connection, disconnection and end.

use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::error::Error;
use crate::model::account_name::AccountName;
use crate::model::application::{ApplicationRow, Audience};
use crate::model::case_folding::fold_case;
use crate::model::client_identity::ClientIdentity;
use crate::model::farm::FarmRow;
use crate::model::session::{
    NewSession, SessionFilter, SessionRecord, SessionRow, SessionState, SharingKey,
};
use crate::model::world::StartSession;
use crate::store::store_error::StoreError;
use crate::store::{farms, published_applications, users};

const SESSION: &str = "SELECT s.id, s.host_id, h.label, s.number, a.name, s.state, \
                       s.client_name, s.device_id, s.sharing_key FROM sessions s \
                       JOIN hosts h ON h.id = s.host_id \
                       JOIN applications a ON a.id = s.application_id";

const RECORD: &str = "SELECT f.label, d.name, u.name, a.name, h.label, s.number, s.state, \
                      s.client_name, s.device_id, \
                      (SELECT group_concat(name, char(10)) FROM (SELECT b.name FROM instances i \
                      JOIN applications b ON b.id = i.application_id WHERE i.session_id = s.id \
                      ORDER BY i.id)) FROM sessions s \
                      JOIN farms f ON f.id = s.farm_id JOIN hosts h ON h.id = s.host_id \
                      JOIN applications a ON a.id = s.application_id \
                      JOIN users u ON u.id = s.user_id JOIN domains d ON d.id = u.domain_id";

/// Lists the sessions of a user on a farm, oldest first.
pub(crate) fn of_user(
    connection: &Connection,
    farm: i64,
    user: i64,
) -> Result<Vec<SessionRow>, StoreError> {
    let mut statement = connection.prepare_cached(&format!(
        "{SESSION} WHERE s.farm_id = ?1 AND s.user_id = ?2 ORDER BY s.id"
    ))?;
    let rows = statement.query_map((farm, user), read_session)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Finds the session of a user by host id and session number.
pub(crate) fn find(
    connection: &Connection,
    farm: &FarmRow,
    user: i64,
    host: &str,
    number: &str,
) -> Result<Option<SessionRow>, StoreError> {
    let Ok(number) = number.parse::<u32>() else {
        return Ok(None);
    };
    let mut statement = connection.prepare_cached(&format!(
        "{SESSION} WHERE s.farm_id = ?1 AND s.user_id = ?2 AND h.label = ?3 AND s.number = ?4"
    ))?;
    Ok(statement
        .query_row((farm.id, user, host, number), read_session)
        .optional()?)
}

/// Returns the row id of the session with this number on a host, or [`Error::UnknownSession`].
pub(crate) fn with_number(
    connection: &Connection,
    farm: &FarmRow,
    host: &str,
    number: u32,
) -> Result<i64, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT s.id FROM sessions s JOIN hosts h ON h.id = s.host_id \
         WHERE s.farm_id = ?1 AND h.label = ?2 AND s.number = ?3",
    )?;
    let id = statement.query_row((farm.id, host, number), |row| row.get(0));
    id.optional()?.ok_or_else(|| {
        StoreError::Refused(Error::UnknownSession {
            farm: farm.label.clone(),
            host: host.to_owned(),
            number,
        })
    })
}

/// Returns the session with this row id, which must exist.
pub(crate) fn with_id(connection: &Connection, id: i64) -> Result<SessionRow, StoreError> {
    let mut statement = connection.prepare_cached(&format!("{SESSION} WHERE s.id = ?1"))?;
    Ok(statement.query_row([id], read_session)?)
}

/// Finds the user's session in which the application runs: the oldest disconnected one, else, with
/// `also_active`, the oldest active one.
pub(crate) fn running(
    connection: &Connection,
    farm: i64,
    user: i64,
    application: i64,
    also_active: bool,
) -> Result<Option<SessionRow>, StoreError> {
    let mut statement = connection.prepare_cached(&format!(
        "{SESSION} WHERE s.farm_id = ?1 AND s.user_id = ?2 AND (?4 OR s.state = 'disconnected') \
         AND EXISTS (SELECT 1 FROM instances i \
         WHERE i.session_id = s.id AND i.application_id = ?3) \
         ORDER BY s.state = 'active', s.id LIMIT 1"
    ))?;
    let parameters = (farm, user, application, also_active);
    Ok(statement.query_row(parameters, read_session).optional()?)
}

/// Lists the sessions that match a filter, by farm and age. An unknown farm or user is an error, so
/// that a typing error does not look like an empty farm.
pub(crate) fn list(
    connection: &Connection,
    filter: &SessionFilter,
) -> Result<Vec<SessionRecord>, StoreError> {
    let farm = match &filter.farm {
        Some(label) => Some(farms::with_label(connection, label)?.id),
        None => None,
    };
    let user = filter.user.as_deref().map(AccountName::parse);
    let domain = user.as_ref().and_then(|user| user.domain.as_deref());
    let name = user.as_ref().map(|user| fold_case(&user.user));
    if let (Some(text), Some(name)) = (&filter.user, &user)
        && !users::exists(connection, name)?
    {
        return Err(users::unknown(connection, text));
    }
    let mut statement = connection.prepare_cached(&format!(
        "{RECORD} WHERE (?1 IS NULL OR s.farm_id = ?1) AND (?2 IS NULL OR u.name_key = ?2) \
         AND (?3 IS NULL OR d.name_key = ?3 OR d.dns_key = ?3) ORDER BY s.farm_id, s.id"
    ))?;
    let rows = statement.query_map((farm, name, domain.map(fold_case)), read_record)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Starts a session on the host with the lowest load relative to its capacity. Limits, licences and
/// maintenance do not apply: they restrict users, not operators.
pub(crate) fn start(
    connection: &Connection,
    farm: &FarmRow,
    session: &StartSession,
) -> Result<i64, StoreError> {
    let user = users::named(connection, &session.user)?;
    let audience = Audience::User(user.id);
    let application = published_applications::find(connection, farm, audience, &session.app)?;
    let Some(application) = application else {
        let known = published_applications::list(connection, farm, audience)?.into_iter();
        return Err(StoreError::Refused(Error::UnknownApplication {
            farm: farm.label.clone(),
            app: session.app.clone(),
            known: known.map(|it| it.name).collect(),
        }));
    };
    let host = host_for_start(connection, farm, &application)?;
    let client = match session.state {
        SessionState::Active => ClientIdentity::new(&session.client_name, &session.device_id),
        SessionState::Disconnected => ClientIdentity::default(),
    };
    let new = NewSession {
        farm: farm.id,
        host,
        user: user.id,
        application: application.id,
        sharing_key: (!application.is_desktop)
            .then(|| SharingKey::compute(&farm.label, &user.sid, None))
            .flatten(),
    };
    insert(connection, &new, session.state, &client)
}

/// Returns the host for a session that an operator starts, and switches its machine on.
fn host_for_start(
    connection: &Connection,
    farm: &FarmRow,
    application: &ApplicationRow,
) -> Result<i64, StoreError> {
    let mut statement = connection.prepare_cached(
        "UPDATE hosts SET switched_on_at = COALESCE(switched_on_at, 0) WHERE id = \
         (SELECT id FROM hosts WHERE farm_id = ?1 AND group_id IS ?2 \
         ORDER BY switched_on_at IS NULL, 1.0 * load / capacity, id LIMIT 1) RETURNING id",
    )?;
    Ok(statement.query_row((farm.id, application.group), |row| row.get(0))?)
}

/// Inserts a session.
pub(crate) fn insert(
    connection: &Connection,
    new: &NewSession,
    state: SessionState,
    client: &ClientIdentity,
) -> Result<i64, StoreError> {
    let mut take_number = connection.prepare_cached(
        "UPDATE hosts SET next_session = next_session + 1 WHERE id = ?1 \
         RETURNING next_session - 1",
    )?;
    let number: u32 = take_number.query_row([new.host], |row| row.get(0))?;
    let mut insert = connection.prepare_cached(
        "INSERT INTO sessions (farm_id, host_id, number, user_id, application_id, state, \
         client_name, device_id, sharing_key) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?;
    insert.execute(params![
        new.farm,
        new.host,
        number,
        new.user,
        new.application,
        state,
        client.name,
        client.device_id,
        new.sharing_key,
    ])?;
    let session = connection.last_insert_rowid();
    add_instance(connection, session, new.application)?;
    Ok(session)
}

/// Adds a running instance of an application to a session.
pub(crate) fn add_instance(
    connection: &Connection,
    session: i64,
    application: i64,
) -> Result<(), StoreError> {
    let mut statement = connection
        .prepare_cached("INSERT INTO instances (session_id, application_id) VALUES (?1, ?2)")?;
    statement.execute([session, application])?;
    Ok(())
}

/// Connects a session to a client, and disconnects it from the previous one.
pub(crate) fn connect(
    connection: &Connection,
    session: i64,
    client: &ClientIdentity,
) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(
        "UPDATE sessions SET state = 'active', client_name = ?2, device_id = ?3 WHERE id = ?1",
    )?;
    statement.execute((session, &client.name, &client.device_id))?;
    Ok(())
}

/// Disconnects sessions. Their programs keep running.
pub(crate) fn disconnect(connection: &Connection, sessions: &[i64]) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(
        "UPDATE sessions SET state = 'disconnected', client_name = NULL, device_id = NULL \
         WHERE id = ?1",
    )?;
    for session in sessions {
        statement.execute([session])?;
    }
    Ok(())
}

/// Ends sessions.
pub(crate) fn end(connection: &Connection, sessions: &[i64]) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached("DELETE FROM sessions WHERE id = ?1")?;
    for session in sessions {
        statement.execute([session])?;
    }
    Ok(())
}

/// Ends all sessions on a host.
pub(crate) fn end_on_host(connection: &Connection, host: i64) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached("DELETE FROM sessions WHERE host_id = ?1")?;
    statement.execute([host])?;
    Ok(())
}

/// Returns the record of one session.
pub(crate) fn record(connection: &Connection, session: i64) -> Result<SessionRecord, StoreError> {
    let mut statement = connection.prepare_cached(&format!("{RECORD} WHERE s.id = ?1"))?;
    Ok(statement.query_row([session], read_record)?)
}

fn read_session(row: &Row<'_>) -> rusqlite::Result<SessionRow> {
    Ok(SessionRow {
        id: row.get(0)?,
        host_id: row.get(1)?,
        host: row.get(2)?,
        number: row.get(3)?,
        application: row.get(4)?,
        state: row.get(5)?,
        client: ClientIdentity {
            name: row.get(6)?,
            device_id: row.get(7)?,
        },
        sharing_key: row.get(8)?,
    })
}

fn read_record(row: &Row<'_>) -> rusqlite::Result<SessionRecord> {
    Ok(SessionRecord {
        farm: row.get(0)?,
        domain: row.get(1)?,
        user: row.get(2)?,
        app: row.get(3)?,
        // No name contains a line break.
        apps: row
            .get_ref(9)?
            .as_str()?
            .lines()
            .map(str::to_owned)
            .collect(),
        host_id: row.get(4)?,
        session_id: row.get(5)?,
        state: row.get(6)?,
        client_name: row.get(7)?,
        device_id: row.get(8)?,
    })
}
