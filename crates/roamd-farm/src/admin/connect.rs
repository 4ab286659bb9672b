//! Connection of a client with an ICA file, as a session host does it.

use jiff::Timestamp;
use secrecy::ExposeSecret;

use crate::error::Error;
use crate::farms::Farms;
use crate::launch::redemption::redeem_ticket;
use crate::model::ica_file::logon_ticket;
use crate::model::session::SessionRecord;
use crate::store::sessions;

impl Farms {
    /// What a session host does when a client comes with an ICA file: redeems the logon ticket and
    /// connects its session to the client that asked for the launch, wherever it was connected
    /// before. A ticket for an application starts a session.
    ///
    /// # Errors
    /// [`Error::Ica`] when the file has no ticket, [`Error::Ticket`] when the ticket is not good,
    /// [`Error::Launch`] when the host or the farm takes nobody now; then nothing changes.
    pub fn connect(&self, ica_file: &str, now: Timestamp) -> Result<SessionRecord, Error> {
        let ticket = logon_ticket(ica_file)?;
        self.database.write(|transaction| {
            let session = redeem_ticket(transaction, ticket.expose_secret(), now)?;
            sessions::record(transaction, session)
        })
    }
}
