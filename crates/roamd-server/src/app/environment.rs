//! External inputs of the server: keys, shared state, network, audit log, traces, clock.

use std::sync::Arc;

use jiff::Timestamp;
use roamd_nfuse_client::{Network, SystemNetwork};
use roamd_seal::KeyRing;
use roamd_state::{SharedState, SqliteState};

use crate::audit::AuditLog;
use crate::clock::Clock;
use crate::config::Config;
use crate::data_dir;
use crate::error::ServerError;
use crate::keys::KeyFile;
use crate::trace::Tracer;

/// Keys, shared state, network, audit log, traces and clock of a server.
///
/// Durations are measured by the clock of the runtime. Servers made from clones of one environment
/// share it, as the servers of a group do.
#[derive(Clone)]
pub struct Environment {
    /// Keys of tokens and session ids.
    pub keys: Arc<KeyRing>,
    /// Expiring flags and counters.
    pub state: Arc<dyn SharedState>,
    /// Connects to the controllers of farms.
    pub network: Arc<dyn Network>,
    /// The audit log.
    pub audit: AuditLog,
    /// Traces of requests.
    pub tracer: Tracer,
    /// Time of day. Tokens expire by it.
    pub clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
}

impl Environment {
    /// Opens the environment of this machine: keys, state and audit log in the data folder, which
    /// is created if it is missing.
    ///
    /// # Errors
    /// If the folder, the keys, the state or the audit log cannot be created or opened, or traces
    /// cannot be sent.
    pub fn of_system(config: &Config) -> Result<Self, ServerError> {
        let clock: Clock = Arc::new(Timestamp::now);
        let data_dir = &config.data_dir;
        data_dir::open_or_create(data_dir)?;
        data_dir::check_owner(data_dir)?;
        let audit = match &config.audit {
            Some(audit) => AuditLog::open(audit, data_dir, Arc::clone(&clock))?,
            None => AuditLog::off(),
        };
        Ok(Self {
            audit,
            tracer: Tracer::start(&config.tracing)?,
            keys: Arc::new(KeyFile::of(data_dir).open_or_make(clock())?),
            state: Arc::new(SqliteState::open(&data_dir.join("state.db"))?),
            network: Arc::new(SystemNetwork::new()),
            clock,
        })
    }
}
