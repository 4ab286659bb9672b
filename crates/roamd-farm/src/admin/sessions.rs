//! Sessions: list, start, disconnect and log off.

use rusqlite::Connection;

use crate::error::Error;
use crate::farms::Farms;
use crate::model::client_identity::ClientIdentity;
use crate::model::session::{SessionFilter, SessionRecord, SessionTarget};
use crate::model::world::StartSession;
use crate::rules::session_selection::select_sessions;
use crate::store::store_error::StoreError;
use crate::store::{farms, sessions, users};

impl Farms {
    /// Lists the sessions that match a filter, by farm and age.
    ///
    /// # Errors
    /// The filter names an unknown farm or user, or the database cannot be read.
    pub fn sessions(&self, filter: &SessionFilter) -> Result<Vec<SessionRecord>, Error> {
        self.database
            .read(|connection| sessions::list(connection, filter))
    }

    /// Starts a session without a launch, on the host with the lowest load relative to its
    /// capacity. Limits, licences and maintenance do not apply.
    ///
    /// # Errors
    /// The farm, the user, or the application for this user is unknown, or the database cannot be
    /// written.
    pub fn start_session(&self, session: &StartSession) -> Result<SessionRecord, Error> {
        self.database.write(|transaction| {
            let farm = farms::with_label(transaction, &session.farm)?;
            let id = sessions::start(transaction, &farm, session)?;
            sessions::record(transaction, id)
        })
    }

    /// Returns the sessions that a disconnect or log off would affect.
    ///
    /// # Errors
    /// The farm, user or session is unknown, or the database cannot be read.
    pub fn targeted_sessions(&self, target: &SessionTarget) -> Result<Vec<SessionRecord>, Error> {
        self.database.read(|connection| {
            let ids = select(connection, target)?;
            records(connection, &ids)
        })
    }

    /// Disconnects sessions from their clients. Their programs keep running. Returns them as they
    /// are then.
    ///
    /// # Errors
    /// The farm, user or session is unknown, or the database cannot be written.
    pub fn disconnect_sessions(&self, target: &SessionTarget) -> Result<Vec<SessionRecord>, Error> {
        self.database.write(|transaction| {
            let ids = select(transaction, target)?;
            sessions::disconnect(transaction, &ids)?;
            records(transaction, &ids)
        })
    }

    /// Ends sessions, with their programs. Returns them as they were.
    ///
    /// # Errors
    /// The farm, user or session is unknown, or the database cannot be written.
    pub fn log_off_sessions(&self, target: &SessionTarget) -> Result<Vec<SessionRecord>, Error> {
        self.database.write(|transaction| {
            let ids = select(transaction, target)?;
            let ended = records(transaction, &ids)?;
            sessions::end(transaction, &ids)?;
            Ok(ended)
        })
    }
}

/// Returns the row ids of the targeted sessions. Those of a user are selected by the rule for
/// requests of the user (nfuse.md §4.2).
fn select(connection: &Connection, target: &SessionTarget) -> Result<Vec<i64>, StoreError> {
    match target {
        SessionTarget::OfUser {
            farm,
            user,
            client_name,
        } => {
            let farms = match farm {
                Some(farm) => vec![farms::with_label(connection, farm)?],
                None => farms::list(connection)?,
            };
            let user = users::named(connection, user)?;
            let client = ClientIdentity::new(client_name, &None);
            let mut ids = Vec::new();
            for farm in farms {
                let rows = sessions::of_user(connection, farm.id, user.id)?;
                ids.extend(select_sessions(&client, &rows));
            }
            Ok(ids)
        }
        SessionTarget::Session { farm, host, number } => {
            let farm = farms::with_label(connection, farm)?;
            Ok(vec![sessions::with_number(
                connection, &farm, host, *number,
            )?])
        }
    }
}

fn records(connection: &Connection, ids: &[i64]) -> Result<Vec<SessionRecord>, StoreError> {
    let records = ids.iter().map(|id| sessions::record(connection, *id));
    records.collect()
}
