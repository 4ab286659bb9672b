//! What a gateway needs of the world, beside its configuration.

use std::sync::Arc;

use getrandom::SysRng;
use getrandom::rand_core::UnwrapErr;
use jiff::Timestamp;
use roamd_nfuse_client::{Network, SystemNetwork};
use roamd_seal::KeyRing;
use roamd_state::{SharedState, SqliteState};

use crate::app::data_dir;
use crate::app::server::ServerError;
use crate::audit::AuditLog;
use crate::config::Config;
use crate::keys::KeyFile;

/// What a gateway needs of the world. Of the time between two events it asks the clock of the
/// runtime. What is cloned is the same world: so several nodes share it.
#[derive(Clone)]
pub struct Environment {
    /// Keys of tokens and ids, which all nodes have in common.
    pub keys: Arc<KeyRing>,
    /// The state that all nodes share.
    pub state: Arc<dyn SharedState>,
    /// The way to the controllers of the farms.
    pub network: Arc<dyn Network>,
    /// Where it is written down who did what.
    pub audit: AuditLog,
    /// The time of day, by which tokens expire.
    pub clock: Clock,
}

/// Tells the time of day.
pub(crate) type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

impl Environment {
    /// The system's, with keys, state and audit log in the data folder, which is made if it is
    /// missing, and which nobody else may write to.
    ///
    /// # Errors
    /// The folder, its keys, its state or the audit log cannot be made or used.
    pub fn of_system(config: &Config) -> Result<Self, ServerError> {
        let data_dir = &config.data_dir;
        data_dir::open_or_make(data_dir)?;
        let audit = match &config.audit {
            Some(audit) => AuditLog::open(audit, data_dir)?,
            None => AuditLog::off(),
        };
        Ok(Self {
            audit,
            keys: Arc::new(KeyFile::of(data_dir).open_or_make(Timestamp::now())?),
            state: Arc::new(SqliteState::open(&data_dir.join("state.db"))?),
            network: Arc::new(SystemNetwork::new()),
            clock: Arc::new(Timestamp::now),
        })
    }
}

/// The system's source of randomness.
pub(crate) fn rng() -> UnwrapErr<SysRng> {
    UnwrapErr(SysRng)
}
