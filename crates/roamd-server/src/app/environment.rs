//! External inputs of the server: keys, shared state, network, audit log, traces, clock.

use std::sync::Arc;

use jiff::Timestamp;
use roamd_nfuse_client::{Network, SystemNetwork};
use roamd_seal::KeyRing;
use roamd_state::{EtcdState, SharedState, SqliteState};
use rustix::system::uname;

use crate::audit::AuditLog;
use crate::clock::Clock;
use crate::config::{Config, State, group_settings};
use crate::data_dir::{self, STATE_FILE};
use crate::error::ServerError;
use crate::keys::{GroupKeys, KeyFile, KeyStore};
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
    /// Opens the environment of this machine: the audit log in the data folder, which is created if
    /// it is missing, and the keys and the state there or in the group.
    ///
    /// # Errors
    /// If the folder, the keys, the state or the audit log cannot be created or opened, the server
    /// does not fit in the group, or traces cannot be sent.
    pub fn of_system(config: &Config) -> Result<Self, ServerError> {
        Self::with_keys(config).map(|(environment, _)| environment)
    }

    /// The same, with the place of the keys.
    pub(super) fn with_keys(config: &Config) -> Result<(Self, KeyStore), ServerError> {
        let clock: Clock = Arc::new(Timestamp::now);
        let data_dir = &config.data_dir;
        data_dir::open_or_create(data_dir)?;
        data_dir::check_owner(data_dir)?;
        let audit = match &config.audit {
            Some(audit) => AuditLog::open(audit, data_dir, Arc::clone(&clock))?,
            None => AuditLog::off(),
        };
        let tracer = Tracer::start(&config.tracing)?;
        let (keys, state) = shared(config, &clock)?;
        let environment = Self {
            audit,
            tracer,
            keys: Arc::new(keys.open_or_make(clock())?),
            state,
            network: Arc::new(SystemNetwork::new()),
            clock,
        };
        Ok((environment, keys))
    }
}

/// Opens the keys and the state, which servers may share.
fn shared(config: &Config, clock: &Clock) -> Result<(KeyStore, Arc<dyn SharedState>), ServerError> {
    match &config.state {
        State::Embedded => {
            let keys = KeyFile::of(&config.data_dir);
            let state = SqliteState::open(&config.data_dir.join(STATE_FILE))?;
            Ok((keys.into(), Arc::new(state)))
        }
        State::Etcd(etcd) => {
            let settings = group_settings(etcd)?;
            let name = server_name(config);
            let network = Arc::new(roamd_state::SystemNetwork);
            let state = EtcdState::open(&settings, &name, network, Arc::clone(clock))?;
            let keys = GroupKeys::of(state.blocking_group());
            Ok((KeyStore::Group(keys), Arc::new(state)))
        }
    }
}

/// Returns the name of this server for operators: that of the machine, and its address.
fn server_name(config: &Config) -> String {
    let system = uname();
    let machine = system.nodename().to_string_lossy();
    let machine: String = machine.chars().filter(|it| !it.is_control()).collect();
    format!("{machine} {}", config.listen)
}
