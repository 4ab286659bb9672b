//! Sessions: list and start.

use crate::error::Error;
use crate::farms::Farms;
use crate::model::session::{SessionFilter, SessionRecord};
use crate::model::world::StartSession;
use crate::store::{farms, sessions};

impl Farms {
    /// Sessions that pass a filter, by farm and age.
    ///
    /// # Errors
    /// The filter names a farm or a user that does not exist, or the database could not be read.
    pub fn sessions(&self, filter: &SessionFilter) -> Result<Vec<SessionRecord>, Error> {
        self.database
            .read(|connection| sessions::list(connection, filter))
    }

    /// Makes a session on the host of its application with the most room, as if it had been launched,
    /// whatever limits, licences and maintenance say.
    ///
    /// # Errors
    /// No such farm, user, or application for that user, or the database could not be written.
    pub fn start_session(&self, session: &StartSession) -> Result<SessionRecord, Error> {
        self.database.write(|transaction| {
            let farm = farms::with_label(transaction, &session.farm)?;
            let id = sessions::start(transaction, &farm, session)?;
            sessions::record(transaction, id)
        })
    }
}
