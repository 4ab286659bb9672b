//! Reload of the configuration while the server runs.
//!
//! A reload reads the file, builds a whole new state from it, and replaces the state in use with
//! it. Requests in progress end with the state that they began with. What the server counts, limits
//! and remembers is the same in both states ([`Lasting`]). A file with errors changes nothing, and
//! neither does one that changes a key of [`fixed`].

mod error;
mod fixed;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use roamd_http::LiveSettings;
use serde::{Deserialize, Serialize};
use tokio::sync::{Mutex, watch};
use tokio::task::spawn_blocking;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

pub use self::error::{ReloadError, RestartKey};
use crate::app::current_state::CurrentState;
use crate::app::lasting::Lasting;
use crate::app::listener_settings::listener_settings;
use crate::app::state::AppState;
use crate::app::warnings::warnings;
use crate::audit::{Event, Operator};
use crate::config::{self, Config};
use crate::error::ServerError;
use crate::keys::KeyPolicy;
use crate::tls::{CertificateReloader, LoadedCertificate};

/// Longest wait for the first probes of new farms, before requests use them.
const FIRST_PROBES: Duration = Duration::from_secs(3);

/// Reloads the configuration of a running server. A clone is for the same server.
#[derive(Clone)]
pub struct Reloader(Arc<Inner>);

struct Inner {
    file: PathBuf,
    /// The configuration in use. It is locked during a reload, so that there is one at a time.
    config: Mutex<Config>,
    running: Running,
    stop: CancellationToken,
}

/// Parts of a running server that a reload uses or replaces.
#[derive(Clone)]
pub(super) struct Running {
    pub(super) lasting: Lasting,
    pub(super) state: Arc<CurrentState>,
    pub(super) listener: LiveSettings,
    /// `None` without TLS.
    pub(super) certificate: Option<CertificateReloader>,
    pub(super) key_policy: Arc<watch::Sender<KeyPolicy>>,
}

/// Result of a reload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reloaded {
    /// Number of the stores.
    pub stores: usize,
    /// Number of the farms of all stores.
    pub farms: usize,
    /// Warnings about the configuration, a sentence each.
    pub warnings: Vec<String>,
}

/// A configuration that is ready to be used.
struct Prepared {
    config: Config,
    state: AppState,
    certificate: Option<LoadedCertificate>,
    warnings: Vec<String>,
}

impl Reloader {
    pub(super) fn new(
        file: PathBuf,
        config: Config,
        running: Running,
        stop: CancellationToken,
    ) -> Self {
        Self(Arc::new(Inner {
            file,
            config: Mutex::new(config),
            running,
            stop,
        }))
    }

    /// Reads the configuration file again and uses it, all of it or nothing. Waits for a reload
    /// that is in progress. Writes one line to the log and one to the audit log, whatever the
    /// result.
    ///
    /// # Errors
    /// If the file is not used. The server continues with the configuration that it has.
    pub async fn reload(&self) -> Result<Reloaded, ReloadError> {
        self.reload_for(None).await
    }

    /// Like [`Reloader::reload`], for an operator whom the line of the audit log names.
    pub(crate) async fn reload_for(
        &self,
        operator: Option<Operator>,
    ) -> Result<Reloaded, ReloadError> {
        let inner = Arc::clone(&self.0);
        // In a task, which ends even if the caller gives up.
        tokio::spawn(async move { inner.reload(operator).await }).await?
    }
}

impl Inner {
    async fn reload(&self, operator: Option<Operator>) -> Result<Reloaded, ReloadError> {
        let mut config = self.config.lock().await;
        let started = Instant::now();
        let result = self.replace(&mut config).await;
        self.record(&result, operator, started.elapsed());
        result
    }

    async fn replace(&self, config: &mut Config) -> Result<Reloaded, ReloadError> {
        let running = self.running.clone();
        let (file, present) = (self.file.clone(), config.clone());
        // Files, and the authorities of the system.
        let prepared = spawn_blocking(move || running.prepare(&file, &present)).await??;
        let (stores, farms) = (prepared.state.stores.len(), prepared.state.farms().count());
        prepared.state.start_probing();
        // A store whose farms are not probed yet is not ready.
        prepared.state.wait_for_first_probes(FIRST_PROBES).await;
        if self.stop.is_cancelled() {
            return Err(ReloadError::Stopping);
        }
        let warnings = prepared.warnings.clone();
        *config = self.running.use_configuration(prepared);
        Ok(Reloaded {
            stores,
            farms,
            warnings,
        })
    }

    /// Writes the result to the log, the audit log and the metrics.
    fn record(
        &self,
        result: &Result<Reloaded, ReloadError>,
        operator: Option<Operator>,
        took: Duration,
    ) {
        let file = self.file.display();
        let state = self.running.state.get();
        let event = match result {
            Ok(reloaded) => {
                for warning in &reloaded.warnings {
                    warn!("{warning}");
                }
                let &Reloaded { stores, farms, .. } = reloaded;
                info!(config = %file, stores, farms, ?took, "Configuration reloaded");
                state.metrics.config.record_use(state.now());
                Event::ConfigReloaded { operator }
            }
            Err(error) => {
                let reason = error.refusal();
                let error = error.in_one_line();
                warn!(config = %file, error, "Configuration not reloaded; keeping the old one");
                state.metrics.config.record_refusal();
                Event::ConfigReloadRefused { reason, operator }
            }
        };
        state.record_event(event);
    }
}

impl Running {
    /// Reads a configuration and builds what it needs. Changes nothing of the running server.
    fn prepare(&self, file: &Path, present: &Config) -> Result<Prepared, ReloadError> {
        let (config, text) = config::read_with_text(file)?;
        let fixed = fixed::changes(present, &config);
        if !fixed.is_empty() {
            let with_line = |(section, key)| RestartKey {
                section,
                key,
                line: config::line_of(&text, section, key),
            };
            return Err(ReloadError::NeedsRestart {
                file: file.to_owned(),
                keys: fixed.into_iter().map(with_line).collect(),
            });
        }
        let state = AppState::new(&config, &self.lasting, Some(&*self.state.get()))?;
        let tls = config.listener.tls.clone();
        let certificate = tls.map(LoadedCertificate::read).transpose();
        Ok(Prepared {
            certificate: certificate.map_err(ServerError::from)?,
            warnings: warnings(&config, state.now()),
            state,
            config,
        })
    }

    /// Uses a configuration from now on. Returns it.
    fn use_configuration(&self, prepared: Prepared) -> Config {
        let Prepared {
            config,
            state,
            certificate,
            warnings: _,
        } = prepared;
        state.take_over_from(Some(&*self.state.get()));
        self.listener.replace(listener_settings(&config));
        self.key_policy.send_replace(key_policy(&config));
        if let (Some(reloader), Some(certificate)) = (&self.certificate, certificate) {
            reloader.replace(certificate);
        }
        self.state.replace(Arc::new(state));
        config
    }
}

/// When keys are added and removed.
pub(super) fn key_policy(config: &Config) -> KeyPolicy {
    KeyPolicy {
        rotate_after: config.keys.rotate_after,
        token_lifetime_max: config.authentication.token_lifetime_max,
    }
}
