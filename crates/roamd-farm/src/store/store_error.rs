//! Errors inside a database operation.

use crate::error::Error;
use crate::model::launch_refusal::LaunchRefusal;
use crate::model::ticket::TicketRefusal;

/// Error of a database operation.
#[derive(Debug)]
pub(crate) enum StoreError {
    /// An error of SQLite.
    Sql(rusqlite::Error),
    /// An error of the operation itself.
    Refused(Error),
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

impl From<TicketRefusal> for StoreError {
    fn from(refusal: TicketRefusal) -> Self {
        Self::Refused(refusal.into())
    }
}

impl From<LaunchRefusal> for StoreError {
    fn from(refusal: LaunchRefusal) -> Self {
        Self::Refused(refusal.into())
    }
}
