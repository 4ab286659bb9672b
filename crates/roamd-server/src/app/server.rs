//! The life of a server, from binding its port to its stop.

use std::io;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::OptionFuture;
use roamd_http::{HttpServer, Listener, Workers, listen};
use roamd_seal::KeyRing;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::app::environment::Environment;
use crate::app::liveness::Liveness;
use crate::app::operator_revocations::OperatorRevocations;
use crate::app::pipeline;
use crate::app::state::AppState;
use crate::app::warnings::warnings;
use crate::config::{self, Config};
use crate::control::{ControlServer, ControlSocket, ServerFacts};
use crate::error::ServerError;
use crate::http::client_address::client_key;
use crate::keys::{KeyFile, KeyRotation};
use crate::revocations::RevocationFile;
use crate::tls::CertificateReloader;

/// Bounds of the time that requests in progress get when the server stops.
const DRAIN: RangeInclusive<Duration> = Duration::from_secs(10)..=Duration::from_secs(60);

/// Time of a request besides its farms.
const PROCESSING: Duration = Duration::from_secs(5);

/// Extra time for changes in progress, after the time of their requests.
const CHANGES_EXTRA: Duration = Duration::from_secs(10);

/// A server that is ready to run.
pub struct Server<L = TcpListener> {
    listener: L,
    server: HttpServer,
    state: Arc<AppState>,
    /// `None` if the runtime that runs the server serves the connections.
    workers: Option<Arc<Workers>>,
    /// `None` if the keys are in no file.
    key_rotation: Option<KeyRotation>,
    /// `None` if there is no data folder.
    operator_revocations: Option<OperatorRevocations>,
    /// `None` if there is no data folder, or no socket in it.
    control: Option<ControlServer>,
    certificate_reloader: Option<CertificateReloader>,
    certificate_check: Arc<Notify>,
    /// Time that requests in progress get when the server stops.
    drain: Duration,
}

impl Server {
    /// Binds the configured address and opens the environment of this machine.
    ///
    /// # Errors
    /// If the server cannot start.
    pub async fn bind(config: Config) -> Result<Self, ServerError> {
        let address = config.listen;
        let listener = listen(address).map_err(|source| ServerError::Listen { address, source })?;
        Self::with_listener(&config, listener)
    }

    /// The same on a bound listener.
    ///
    /// # Errors
    /// If the server cannot start.
    pub fn with_listener(config: &Config, listener: TcpListener) -> Result<Self, ServerError> {
        let environment = Environment::of_system(config)?;
        let key_rotation = KeyRotation::new(
            KeyFile::of(&config.data_dir),
            Arc::clone(&environment.keys),
            config.keys.rotate_after,
            config.authentication.token_lifetime_max,
            Arc::clone(&environment.clock),
        );
        let keys = Arc::clone(&environment.keys);
        let server = Self::in_environment(config, listener, environment)?;
        let file = RevocationFile::of(&config.data_dir);
        let revocations = OperatorRevocations::open(file, Arc::clone(&server.state))?;
        let control = match ControlSocket::open(&config.data_dir)? {
            Some(socket) => Some(server.control(config, socket, keys)?),
            None => None,
        };
        Ok(Self {
            key_rotation: Some(key_rotation),
            operator_revocations: Some(revocations),
            control,
            workers: Some(Arc::new(workers()?)),
            ..server
        })
    }

    /// The address that the server listens on.
    ///
    /// # Errors
    /// If the system does not return it.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// The control socket for this server.
    fn control(
        &self,
        config: &Config,
        socket: ControlSocket,
        keys: Arc<KeyRing>,
    ) -> Result<ControlServer, ServerError> {
        let address = config.listen;
        let listen = self.local_addr();
        let facts = ServerFacts {
            started: self.state.now(),
            start: Instant::now(),
            listen: listen.map_err(|source| ServerError::Listen { address, source })?,
            base_urls: config.base_urls.iter().map(ToString::to_string).collect(),
            tls: self
                .certificate_reloader
                .as_ref()
                .map(CertificateReloader::tls),
            keys,
            rotate_after: config.keys.rotate_after,
            audit_file: config
                .audit
                .as_ref()
                .map(|audit| config.data_dir.join(&audit.file)),
        };
        Ok(ControlServer::new(socket, Arc::clone(&self.state), facts))
    }
}

impl<L: Listener> Server<L> {
    /// Makes a server in another environment than that of this machine.
    ///
    /// # Errors
    /// If the server cannot start.
    pub fn in_environment(
        config: &Config,
        listener: L,
        environment: Environment,
    ) -> Result<Self, ServerError> {
        let state = Arc::new(AppState::new(config, environment)?);
        let settings = &config.listener;
        let metrics = &state.metrics.listener;
        let certificate_check = Arc::new(Notify::new());
        let mut tls = None;
        let mut certificate_reloader = None;
        if let Some(files) = &settings.tls {
            let requested = Arc::clone(&certificate_check);
            let reloader = CertificateReloader::open(files.clone(), requested, metrics.clone())?;
            tls = Some(reloader.tls());
            certificate_reloader = Some(reloader);
        }
        for warning in warnings(config, state.now()) {
            warn!("{warning}");
        }
        let drain = drain(config);
        let server = HttpServer::new(config::listener_limits(&settings.limits, drain), client_key)
            .with_tls(tls)
            .with_exempt_networks(settings.trusted_proxies.clone())
            .with_observer(Arc::new(metrics.clone()));
        Ok(Self {
            listener,
            server,
            state,
            workers: None,
            certificate_reloader,
            certificate_check,
            key_rotation: None,
            operator_revocations: None,
            control: None,
            drain,
        })
    }

    /// Requests a check whether the certificate files have changed. Without a request they are
    /// checked every few seconds; with requests, at most once a second.
    #[must_use]
    pub fn certificate_changed(&self) -> Arc<Notify> {
        Arc::clone(&self.certificate_check)
    }

    /// URLs of the stores, in configured order.
    #[must_use]
    pub fn store_urls(&self) -> Vec<String> {
        let stores = self.state.stores.iter();
        stores
            .map(|store| store.urls.canonical().root.clone())
            .collect()
    }

    /// Liveness check of the running server.
    #[must_use]
    pub fn liveness(&self) -> Liveness {
        Liveness::of(&self.state, self.workers.clone())
    }

    /// Serves until `shutdown` is cancelled, then lets requests and changes in progress finish.
    pub async fn run(self, shutdown: CancellationToken) {
        let rotation = self.key_rotation.map(|it| it.run(shutdown.clone()));
        let rotation = rotation.map(tokio::spawn);
        let reloader = self.certificate_reloader.map(|it| it.run(shutdown.clone()));
        let reloader = reloader.map(tokio::spawn);
        let revocations = match self.operator_revocations {
            Some(mut revocations) => {
                // Those that were made while the server was stopped, before the first request.
                revocations.update().await;
                Some(tokio::spawn(revocations.run(shutdown.clone())))
            }
            None => None,
        };
        // Until the end, so that operators can see what a stop waits for.
        let stopped = CancellationToken::new();
        let control = self.control.map(|it| it.run(stopped.clone()));
        let control = control.map(tokio::spawn);
        self.state.start_probing();
        let state = Arc::clone(&self.state);
        let service = move |request| {
            let state = Arc::clone(&state);
            async move { pipeline::respond(&state, request).await }
        };
        let stop_requested = async {
            shutdown.cancelled().await;
            Instant::now()
        };
        let server = self.server.with_workers(self.workers.clone());
        let serving = server.serve(self.listener, shutdown.clone(), service);
        let ((), stop_requested) = tokio::join!(serving, stop_requested);
        if let Some(Err(error)) = OptionFuture::from(rotation).await {
            warn!(%error, "Key rotation failed before the stop");
        }
        if let Some(Err(error)) = OptionFuture::from(revocations).await {
            warn!(%error, "Revocations were not read before the stop");
        }
        if let Some(reloader) = reloader {
            // It has stopped with the listener. If it failed, nothing depends on it any more.
            reloader.await.ok();
        }
        let deadline = stop_requested + self.drain + CHANGES_EXTRA;
        self.state.close(deadline).await;
        stopped.cancel();
        if let Some(Err(error)) = OptionFuture::from(control).await {
            warn!(%error, "Control socket failed before the stop");
        }
    }
}

/// Starts a worker for each processor.
fn workers() -> Result<Workers, ServerError> {
    let processors = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    Workers::start(processors).map_err(ServerError::Workers)
}

/// Time that requests in progress get when the server stops: that of the slowest farm, within
/// bounds.
fn drain(config: &Config) -> Duration {
    let timeouts = config.stores.iter().flat_map(|store| {
        let farms = store.farms.iter().map(|farm| farm.timeout);
        farms.chain(store.gateway.iter().map(|gateway| gateway.timeout))
    });
    let slowest = timeouts.max().unwrap_or_default();
    (slowest + PROCESSING).clamp(*DRAIN.start(), *DRAIN.end())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::AuditLog;
    use crate::config;

    #[test]
    fn drain_time_follows_slowest_farm_within_bounds() {
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
    fn unit_stop_timeout_exceeds_longest_stop() {
        let unit = include_str!("../../../../dist/roamd.service");
        let mut lines = unit.lines();
        let timeout = lines.find_map(|line| line.strip_prefix("TimeoutStopSec="));
        let timeout = Duration::from_secs(timeout.unwrap().parse().unwrap());
        assert!(timeout > *DRAIN.end() + CHANGES_EXTRA + AuditLog::FLUSH_TIMEOUT);
    }
}
