//! The gateway: its life from bound port to stop.

use std::io;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::OptionFuture;
use roamd_citrixauth::AudienceError;
use roamd_http::{HttpServer, Listener};
use roamd_nfuse_client::TlsError;
use roamd_state::OpenError;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::app::data_dir::DataDirError;
use crate::app::environment::Environment;
use crate::app::liveness::Liveness;
use crate::app::state::AppState;
use crate::app::warnings::warnings;
use crate::audit::AuditError;
use crate::config::{self, Config};
use crate::keys::{KeyFile, KeyKeeper, KeysError};
use crate::tls::{Rereading, TlsCertificateFileError};

/// The least and the most that what is under way may take when the gateway stops.
const DRAIN: RangeInclusive<Duration> = Duration::from_secs(10)..=Duration::from_secs(60);

/// What a request may take besides its farms when the gateway stops.
const BESIDES: Duration = Duration::from_secs(5);

/// How much longer than their requests changes may take that somebody has asked for.
const LAST: Duration = Duration::from_secs(10);

/// Why the gateway does not start.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The address cannot be used.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The data folder cannot be made or used.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// There are no keys.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// There is no shared state.
    #[error(transparent)]
    State(#[from] OpenError),
    /// There is no audit log.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// The listener cannot have TLS.
    #[error("cannot use the certificate of [tls]")]
    Identity(#[from] TlsCertificateFileError),
    /// A farm cannot be reached through TLS.
    #[error("cannot use TLS to the controllers of the farm {farm}")]
    FarmTls {
        /// Its id.
        farm: String,
        /// Why.
        source: TlsError,
    },
    /// The ticket authorities of a store's gateway cannot be reached through TLS.
    #[error("cannot use TLS to the ticket authorities of the store {store}")]
    AuthorityTls {
        /// Its path.
        store: String,
        /// Why.
        source: TlsError,
    },
    /// The base URL has no audience.
    #[error("the base URL {base_url} cannot be the audience of tokens")]
    Audience {
        /// The base URL.
        base_url: String,
        /// Why.
        source: AudienceError,
    },
}

/// A gateway that is ready to run.
pub struct Server<L = TcpListener> {
    listener: L,
    server: HttpServer,
    gate: Arc<AppState>,
    /// Nothing where the keys are in no file.
    keeper: Option<KeyKeeper>,
    rereading: Option<Rereading>,
    asked_to_reread: Arc<Notify>,
    /// How long what is under way may take when it stops.
    drain: Duration,
}

impl Server {
    /// Binds the configured address and opens keys and state.
    ///
    /// # Errors
    /// Why it does not start.
    pub async fn bind(config: Config) -> Result<Self, ServerError> {
        let address = config.listen;
        let listener = TcpListener::bind(address)
            .await
            .map_err(|source| ServerError::Listen { address, source })?;
        Self::with_listener(&config, listener)
    }

    /// The same on a listener that is bound already.
    ///
    /// # Errors
    /// Why it does not start.
    pub fn with_listener(config: &Config, listener: TcpListener) -> Result<Self, ServerError> {
        let environment = Environment::of_system(config)?;
        let keeper = KeyKeeper::new(
            KeyFile::of(&config.data_dir),
            Arc::clone(&environment.keys),
            config.keys.rotate_after,
            config.authentication.token_lifetime_max,
        );
        Ok(Self {
            keeper: Some(keeper),
            ..Self::in_environment(config, listener, environment)?
        })
    }

    /// The address that it listens on.
    ///
    /// # Errors
    /// The system does not tell.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

impl<L: Listener> Server<L> {
    /// A gateway in another world than the system's.
    ///
    /// # Errors
    /// Why it does not start.
    pub fn in_environment(
        config: &Config,
        listener: L,
        environment: Environment,
    ) -> Result<Self, ServerError> {
        let gate = Arc::new(AppState::new(config, environment)?);
        let settings = &config.listener;
        let metrics = &gate.metrics.listener;
        let asked_to_reread = Arc::new(Notify::new());
        let mut tls = None;
        let mut rereading = None;
        if let Some(files) = &settings.tls {
            let asked = Arc::clone(&asked_to_reread);
            let rereads = Rereading::open(files.clone(), asked, metrics.clone())?;
            tls = Some(rereads.tls());
            rereading = Some(rereads);
        }
        for warning in warnings(config, gate.now()) {
            warn!("{warning}");
        }
        let drain = drain(config);
        let server = HttpServer::new(config::listener_limits(&settings.limits, drain))
            .with_tls(tls)
            .with_shared_by_many(settings.trusted_proxies.clone())
            .with_observer(Arc::new(metrics.clone()));
        Ok(Self {
            listener,
            server,
            gate,
            rereading,
            asked_to_reread,
            keeper: None,
            drain,
        })
    }

    /// Notified, it looks at once whether the files of its certificate have changed; else it does so
    /// every few seconds. However often it is notified, it looks once a second at most.
    #[must_use]
    pub fn certificate_changed(&self) -> Arc<Notify> {
        Arc::clone(&self.asked_to_reread)
    }

    /// The URLs of its stores, in configured order.
    #[must_use]
    pub fn store_urls(&self) -> Vec<String> {
        self.gate
            .stores
            .iter()
            .map(|store| store.url.clone())
            .collect()
    }

    /// Feels whether it works inside while it runs.
    #[must_use]
    pub fn pulse(&self) -> Liveness {
        Liveness::of(&self.gate)
    }

    /// Serves until `shutdown`, lets what is under way finish, and returns.
    pub async fn run(self, shutdown: CancellationToken) {
        let keeping = self.keeper.map(|keeper| keeper.keep(shutdown.clone()));
        let keeping = keeping.map(tokio::spawn);
        let gate = Arc::clone(&self.gate);
        let service = move |request| {
            let gate = Arc::clone(&gate);
            async move { gate.answer(request).await }
        };
        let rereading = self.rereading.map(|it| it.run(shutdown.clone()));
        let rereading = rereading.map(tokio::spawn);
        let asked_to_stop = async {
            shutdown.cancelled().await;
            Instant::now()
        };
        let serving = self.server.serve(self.listener, shutdown.clone(), service);
        let ((), asked_to_stop) = tokio::join!(serving, asked_to_stop);
        if let Some(Err(error)) = OptionFuture::from(keeping).await {
            warn!(%error, "Keys were not followed to the end");
        }
        if let Some(rereading) = rereading {
            // It has stopped with the listener, or failed, which changes nothing any more.
            rereading.await.ok();
        }
        self.gate.close(asked_to_stop + self.drain + LAST).await;
    }
}

/// How long what is under way may take when the gateway stops: as long as the slowest farm, within
/// bounds.
fn drain(config: &Config) -> Duration {
    let timeouts = config.stores.iter().flat_map(|store| {
        let farms = store.farms.iter().map(|farm| farm.timeout);
        farms.chain(store.gateway.iter().map(|gateway| gateway.timeout))
    });
    let slowest = timeouts.max().unwrap_or_default();
    (slowest + BESIDES).clamp(*DRAIN.start(), *DRAIN.end())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::AuditLog;
    use crate::config;

    #[test]
    fn a_stop_takes_as_long_as_the_slowest_farm_within_bounds() {
        for (timeout_ms, seconds) in [(5_000, 10), (20_000, 25), (600_000, 60)] {
            let text = config::SAMPLE.replace(
                "generation = \"cvad-7\"",
                &format!("generation = \"cvad-7\"\ntimeout_ms = {timeout_ms}"),
            );
            let config = config::parse(&text).unwrap();
            assert_eq!(drain(&config), Duration::from_secs(seconds), "{timeout_ms}");
        }
    }

    #[test]
    fn the_service_manager_waits_for_the_longest_stop() {
        let unit = include_str!("../../../../dist/roamd.service");
        let mut lines = unit.lines();
        let patience = lines.find_map(|line| line.strip_prefix("TimeoutStopSec="));
        let patience = Duration::from_secs(patience.unwrap().parse().unwrap());
        assert!(patience > *DRAIN.end() + LAST + AuditLog::FLUSH);
    }
}
