//! Sessions: list and start.

use crate::error::Error;
use crate::farms::Farms;
use crate::model::session::{SessionFilter, SessionRecord};
use crate::model::world::StartSession;
use crate::store::{farms, sessions};

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
}
