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
    /// Acts as the session host of an ICA file: redeems its logon ticket and connects the session
    /// to the client that requested the launch. The session is disconnected from its previous
    /// client. A ticket for an application starts a session, or joins one.
    ///
    /// # Errors
    /// [`Error::Ica`] if the file contains no usable ticket, [`Error::Ticket`] if the ticket is
    /// refused, [`Error::Launch`] if the host or farm refuses the launch. Nothing changes then.
    pub fn connect(&self, ica_file: &str, now: Timestamp) -> Result<SessionRecord, Error> {
        let ticket = logon_ticket(ica_file)?;
        self.database.write(|transaction| {
            let session = redeem_ticket(transaction, ticket.expose_secret(), now)?;
            sessions::record(transaction, session)
        })
    }
}
