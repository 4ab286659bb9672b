//! The farms of a data folder, for programs: what the command line does with them.

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use secrecy::ExposeSecret;
use serde::Serialize;

use crate::db::Db;
use crate::db::catalogue::{self, FarmRow};
use crate::db::{sessions, users};
use crate::error::Error;
use crate::ica;
use crate::launch::redeem::redeem;
use crate::password::Verifier;
use crate::world::{Generation, StartSession, World};
use crate::{SessionFilter, SessionRecord};

/// Makes the world in a data folder, which is created where it does not exist.
///
/// # Errors
/// [`Error::WorldExists`] when the folder has one: then nothing changes. [`Error::World`] when the
/// world does not fit together.
pub fn init(dir: &Path, world: &World) -> Result<(), Error> {
    Db::create(dir, world)
}

/// The farms of one data folder. Cheap to clone; clones share connections and what they remember.
#[derive(Debug, Clone)]
pub struct Farms {
    pub(crate) db: Arc<Db>,
    verifier: Arc<Verifier>,
}

/// What there is to say about a farm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FarmSummary {
    /// Id, `XA1`.
    pub id: String,
    /// Name that the farm gives itself, `Farm1`.
    pub name: String,
    /// Product generation.
    pub generation: Generation,
}

/// One farm, ready to be served. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Farm {
    pub(crate) db: Arc<Db>,
    pub(crate) verifier: Arc<Verifier>,
    pub(crate) row: Arc<FarmRow>,
}

impl Farms {
    /// Opens the world of a data folder.
    ///
    /// # Errors
    /// [`Error::NoWorld`] when there is none; [`Error::Damaged`], [`Error::Foreign`] and
    /// [`Error::Newer`] when what is there is not to be touched.
    pub fn open(dir: &Path) -> Result<Self, Error> {
        let db = Db::open(dir)?;
        let verifier = Verifier::new(db.read(users::password_hashing)?)?;
        Ok(Self {
            db: Arc::new(db),
            verifier: Arc::new(verifier),
        })
    }

    /// The farms, in the order of the world.
    ///
    /// # Errors
    /// The database could not be read.
    pub fn list(&self) -> Result<Vec<FarmSummary>, Error> {
        let rows = self.db.read(catalogue::farms)?;
        Ok(rows.into_iter().map(FarmSummary::from).collect())
    }

    /// The users, as domain and name, in the order of the world.
    ///
    /// # Errors
    /// The database could not be read.
    pub fn users(&self) -> Result<Vec<(String, String)>, Error> {
        self.db.read(users::names)
    }

    /// The farm with this id; case does not matter.
    ///
    /// # Errors
    /// [`Error::UnknownFarm`], or the database could not be read.
    pub fn farm(&self, id: &str) -> Result<Farm, Error> {
        Ok(Farm {
            db: self.db.clone(),
            verifier: self.verifier.clone(),
            row: Arc::new(self.db.read(|connection| catalogue::farm(connection, id))?),
        })
    }

    /// Sessions that pass a filter, by farm and age.
    ///
    /// # Errors
    /// The filter names a farm or a user that does not exist, or the database could not be read.
    pub fn sessions(&self, filter: &SessionFilter) -> Result<Vec<SessionRecord>, Error> {
        self.db
            .read(|connection| sessions::list(connection, filter))
    }

    /// Makes a session on the host of its application with the most room, as if it had been launched,
    /// whatever limits, licences and maintenance say.
    ///
    /// # Errors
    /// No such farm, user, or application for that user, or the database could not be written.
    pub fn start_session(&self, session: &StartSession) -> Result<SessionRecord, Error> {
        self.db.write(|transaction| {
            let farm = catalogue::farm(transaction, &session.farm)?;
            let id = sessions::start(transaction, &farm, session)?;
            sessions::record(transaction, id)
        })
    }

    /// What a session host does when a client comes with an ICA file: redeems the logon ticket and
    /// connects its session to the client that asked for the launch, wherever it was connected
    /// before. A ticket for an application starts a session.
    ///
    /// # Errors
    /// [`Error::Ica`] when the file has no ticket, [`Error::Ticket`] when the ticket is not good,
    /// [`Error::Launch`] when the host or the farm takes nobody now; then nothing changes.
    pub fn connect(&self, ica_file: &str, now: Timestamp) -> Result<SessionRecord, Error> {
        let ticket = ica::logon_ticket(ica_file)?;
        self.db.write(|transaction| {
            let session = redeem(transaction, ticket.expose_secret(), now)?;
            sessions::record(transaction, session)
        })
    }
}

impl Farm {
    /// What there is to say about it.
    #[must_use]
    pub fn summary(&self) -> FarmSummary {
        FarmSummary::from(FarmRow::clone(&self.row))
    }
}

impl From<FarmRow> for FarmSummary {
    fn from(row: FarmRow) -> Self {
        Self {
            id: row.label,
            name: row.name,
            generation: row.generation,
        }
    }
}
