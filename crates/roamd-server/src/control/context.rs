//! What commands act on.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use jiff::Timestamp;
use roamd_http::ServerTls;
use roamd_seal::KeyRing;
use roamd_state::StateError;
use tokio::sync::{Mutex, watch};
use tokio::time::Instant;

use crate::app::current_state::CurrentState;
use crate::app::reload::Reloader;
use crate::app::state::AppState;
use crate::auth::login_throttle::overview::HeldBack;
use crate::keys::KeyPolicy;

/// What commands act on.
pub(super) struct Context {
    current: Arc<CurrentState>,
    pub(super) facts: ServerFacts,
    /// Held while the counters of the throttle are read: one command at a time does.
    counting: Mutex<()>,
    /// Reloads the configuration; unset if it comes from no file.
    pub(super) reloader: OnceLock<Reloader>,
}

/// What is known of a server since its start.
pub(crate) struct ServerFacts {
    /// Time of the start.
    pub(crate) started: Timestamp,
    /// The same, for the uptime.
    pub(crate) start: Instant,
    /// Address of the listener.
    pub(crate) listen: SocketAddr,
    /// Data folder, as an absolute path: commands run in other folders.
    pub(crate) data_dir: PathBuf,
    /// TLS of the listener.
    pub(crate) tls: Option<ServerTls>,
    /// Keys of tokens and session ids.
    pub(crate) keys: Arc<KeyRing>,
    /// When keys are added.
    pub(crate) key_policy: watch::Receiver<KeyPolicy>,
    /// Path of the audit log.
    pub(crate) audit_file: Option<PathBuf>,
}

impl Context {
    pub(super) fn new(current: Arc<CurrentState>, facts: ServerFacts) -> Self {
        Self {
            current,
            facts,
            counting: Mutex::default(),
            reloader: OnceLock::new(),
        }
    }

    /// The state in use.
    pub(super) fn state(&self) -> Arc<AppState> {
        self.current.get()
    }

    /// Counts whose sign-ins are held back.
    ///
    /// # Errors
    /// If the shared state does not respond.
    pub(super) async fn held_back(&self) -> Result<HeldBack, StateError> {
        let _counting = self.counting.lock().await;
        self.state().login_throttle.held_back().await
    }
}
