//! What a gateway needs of the world, beside its configuration.

use std::path::Path;
use std::sync::Arc;

use getrandom::SysRng;
use getrandom::rand_core::UnwrapErr;
use jiff::Timestamp;
use roamd_nfuse_client::{Network, SystemNetwork};
use roamd_seal::KeyRing;
use roamd_state::{SharedState, SqliteState};

use crate::ServerError;
use crate::keys::{KeyFile, make_folder};

/// What a gateway needs of the world. Of the time between two events it asks the clock of the
/// runtime.
pub struct Environment {
    /// Keys of tokens and ids, which all nodes have in common.
    pub keys: Arc<KeyRing>,
    /// The state that all nodes share.
    pub state: Box<dyn SharedState>,
    /// The way to the controllers of the farms.
    pub network: Arc<dyn Network>,
    /// The time of day, by which tokens expire.
    pub clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
}

impl Environment {
    /// The system's, with the keys and the state in a data folder, which is made, closed to others, if it is
    /// missing.
    ///
    /// # Errors
    /// The folder, its keys or its state cannot be made or used.
    pub fn of_system(data_dir: &Path) -> Result<Self, ServerError> {
        make_folder(data_dir).map_err(|source| ServerError::DataDir {
            path: data_dir.to_owned(),
            source,
        })?;
        Ok(Self {
            keys: Arc::new(KeyFile::of(data_dir).open_or_make(Timestamp::now())?),
            state: Box::new(SqliteState::open(&data_dir.join("state.db"))?),
            network: Arc::new(SystemNetwork::new()),
            clock: Arc::new(Timestamp::now),
        })
    }
}

/// The system's source of randomness.
pub(crate) fn rng() -> UnwrapErr<SysRng> {
    UnwrapErr(SysRng)
}
