//! Handles of the outer layers: the farms of an open data folder, and one farm of them.

use std::path::Path;
use std::sync::Arc;

use crate::crypto::password_verifier::PasswordVerifier;
use crate::error::Error;
use crate::model::farm::{FarmRow, FarmSummary};
use crate::store::account_policy::password_hashing;
use crate::store::database::Database;
use crate::store::farms;
use crate::turns::Turns;

/// The farms of one data folder. Cheap to clone: clones share connections and the password cache.
#[derive(Debug, Clone)]
pub struct Farms {
    pub(crate) database: Arc<Database>,
    verifier: Arc<PasswordVerifier>,
    turns: Arc<Turns>,
}

/// One farm of a data folder, ready to be served. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Farm {
    pub(crate) database: Arc<Database>,
    pub(crate) verifier: Arc<PasswordVerifier>,
    pub(crate) turns: Arc<Turns>,
    pub(crate) row: Arc<FarmRow>,
}

impl Farms {
    /// Opens a data folder.
    ///
    /// # Errors
    /// [`Error::NoWorld`] if the folder contains no world; [`Error::Damaged`], [`Error::Foreign`]
    /// or [`Error::Newer`] if its database cannot be used.
    pub fn open(dir: &Path) -> Result<Self, Error> {
        let database = Database::open(dir)?;
        let verifier = PasswordVerifier::new(database.read(password_hashing)?)?;
        Ok(Self {
            database: Arc::new(database),
            verifier: Arc::new(verifier),
            turns: Arc::new(Turns::new()),
        })
    }

    /// Lists the farms, in the order of the world description.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn list(&self) -> Result<Vec<FarmSummary>, Error> {
        let rows = self.database.read(farms::list)?;
        Ok(rows.into_iter().map(FarmSummary::from).collect())
    }

    /// Returns the farm with this id, compared without case.
    ///
    /// # Errors
    /// [`Error::UnknownFarm`], or the database cannot be read.
    pub fn farm(&self, id: &str) -> Result<Farm, Error> {
        Ok(Farm {
            database: self.database.clone(),
            verifier: self.verifier.clone(),
            turns: self.turns.clone(),
            row: Arc::new(
                self.database
                    .read(|connection| farms::with_label(connection, id))?,
            ),
        })
    }
}

impl Farm {
    /// Returns id, name and generation of the farm.
    #[must_use]
    pub fn summary(&self) -> FarmSummary {
        FarmSummary::from(FarmRow::clone(&self.row))
    }
}
