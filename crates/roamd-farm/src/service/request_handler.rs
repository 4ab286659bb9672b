//! The context of one request: farm, options, time, and access to the database.

use std::net::IpAddr;

use jiff::Timestamp;
use roamd_fairness::NoPermit;
use rusqlite::{Connection, Transaction};
use tokio::task::spawn_blocking;
use tracing::error;

use crate::error::Error;
use crate::farms::Farm;
use crate::model::application::Audience;
use crate::rules::request_refusal::RequestRefusal;
use crate::store::store_error::StoreError;
use crate::turns::Turn;

/// Options of a controller, independent of its farm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ServeOptions {
    /// Whether to list applications, access lists and servers for requests without a user, as old
    /// farms do (nfuse.md §2). Otherwise such requests get empty lists.
    pub expose_catalog: bool,
}

/// Handles one request to a farm. The other files of this module add a method for each request.
pub(crate) struct RequestHandler<'a> {
    pub(crate) farm: &'a Farm,
    pub(crate) options: ServeOptions,
    /// Network of the client, or `None` for a caller in this process.
    pub(crate) client: Option<IpAddr>,
    pub(crate) now: Timestamp,
}

impl RequestHandler<'_> {
    /// Returns the applications that the request may see, or `None` if none.
    pub(crate) fn audience(&self, user: Option<i64>) -> Option<Audience> {
        match user {
            Some(user) => Some(Audience::User(user)),
            None => self.options.expose_catalog.then_some(Audience::All),
        }
    }

    /// Reads from the database.
    pub(crate) fn read<T>(
        &self,
        operation: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, RequestRefusal> {
        self.hide_internal_error(self.farm.database.read(operation))
    }

    /// Waits for the client's turn to hash a password.
    pub(crate) async fn turn_to_hash(&self) -> Result<Turn, RequestRefusal> {
        let turn = self.farm.turns.hash(self.client).await;
        turn.map_err(|NoPermit| RequestRefusal::ServiceUnavailable)
    }

    /// Changes the database in one transaction, in a blocking thread, when it is the client's turn.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        operation: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, RequestRefusal> {
        let turn = self.farm.turns.write(self.client).await;
        let turn = turn.map_err(|NoPermit| RequestRefusal::ServiceUnavailable)?;
        let database = self.farm.database.clone();
        let write = move || {
            let _turn = turn;
            database.write(operation)
        };
        match spawn_blocking(write).await {
            Ok(result) => self.hide_internal_error(result),
            Err(error) => {
                error!(farm = self.farm.row.label, %error, "Database task failed");
                Err(RequestRefusal::ServiceUnavailable)
            }
        }
    }

    /// Logs an internal error and replaces it, so that the client learns no details. A refused
    /// launch is passed on.
    pub(crate) fn hide_internal_error<T>(
        &self,
        result: Result<T, Error>,
    ) -> Result<T, RequestRefusal> {
        result.map_err(|error| match error {
            Error::Launch(refusal) => RequestRefusal::Launch(refusal),
            error => {
                let error: &dyn std::error::Error = &error;
                error!(farm = self.farm.row.label, error, "Request failed");
                RequestRefusal::ServiceUnavailable
            }
        })
    }
}
