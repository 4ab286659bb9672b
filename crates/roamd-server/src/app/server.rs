//! The life of a server, from binding its port to its stop.

use std::io;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::{self, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::OptionFuture;
use roamd_http::{HttpServer, Listener, Workers, listen};
use roamd_seal::KeyRing;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tracing::warn;

use crate::app::current_state::CurrentState;
use crate::app::environment::Environment;
use crate::app::lasting::Lasting;
use crate::app::listener_settings::listener_settings;
use crate::app::liveness::Liveness;
use crate::app::operator_revocations::OperatorRevocations;
use crate::app::pipeline;
use crate::app::reload::{Reloader, Running, key_policy};
use crate::app::state::AppState;
use crate::app::warnings::warnings;
use crate::auth::recent_tokens::RecentTokens;
use crate::config::Config;
use crate::control::{ControlServer, ControlSocket, ServerFacts};
use crate::error::ServerError;
use crate::http::client_address::client_key;
use crate::keys::{KeyPolicy, KeyRotation};
use crate::revocations::RevocationFile;
use crate::tls::CertificateReloader;

/// Extra time for changes in progress, after the time of their requests.
const CHANGES_EXTRA: Duration = Duration::from_secs(10);

/// A server that is ready to run.
pub struct Server<L = TcpListener> {
    listener: L,
    server: HttpServer,
    /// The configuration that the server starts with.
    config: Config,
    lasting: Lasting,
    state: Arc<CurrentState>,
    key_policy: Arc<watch::Sender<KeyPolicy>>,
    /// `None` if the runtime that runs the server serves the connections.
    workers: Option<Arc<Workers>>,
    /// `None` if the keys are those of an environment.
    key_rotation: Option<KeyRotation>,
    /// `None` if there is no data folder.
    operator_revocations: Option<OperatorRevocations>,
    /// `None` if there is no data folder, or no socket in it.
    control: Option<ControlServer>,
    certificate_reloader: Option<CertificateReloader>,
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
        let (environment, key_store) = Environment::with_keys(config)?;
        let (keys, clock) = (
            Arc::clone(&environment.keys),
            Arc::clone(&environment.clock),
        );
        let server = Self::in_environment(config, listener, environment)?;
        let policy = server.key_policy.subscribe();
        let key_rotation = KeyRotation::new(key_store, Arc::clone(&keys), policy, clock);
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
        let data_dir = path::absolute(&config.data_dir).unwrap_or(config.data_dir.clone());
        let facts = ServerFacts {
            started: self.state.get().now(),
            start: Instant::now(),
            listen: listen.map_err(|source| ServerError::Listen { address, source })?,
            tls: self
                .certificate_reloader
                .as_ref()
                .map(CertificateReloader::tls),
            keys,
            key_policy: self.key_policy.subscribe(),
            audit_file: config
                .audit
                .as_ref()
                .map(|audit| data_dir.join(&audit.file)),
            data_dir,
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
        let lasting = Lasting::new(config, environment);
        let state = AppState::new(config, &lasting, None)?;
        let metrics = &lasting.metrics.listener;
        let tls = config.listener.tls.clone();
        let certificate_reloader = tls
            .map(|files| CertificateReloader::open(files, metrics.clone()))
            .transpose()?;
        for warning in warnings(config, state.now()) {
            warn!("{warning}");
        }
        let settings = listener_settings(config);
        let server = HttpServer::new(settings.limits, client_key)
            .with_tls(certificate_reloader.as_ref().map(CertificateReloader::tls))
            .with_observer(Arc::new(metrics.clone()));
        server.settings().replace(settings);
        Ok(Self {
            listener,
            server,
            config: config.clone(),
            lasting,
            state: CurrentState::new(state),
            key_policy: Arc::new(watch::Sender::new(key_policy(config))),
            workers: None,
            certificate_reloader,
            key_rotation: None,
            operator_revocations: None,
            control: None,
        })
    }

    /// Reloads the configuration of the running server from its file, also for commands over the
    /// control socket. There is one for a server. After `stop` it refuses to.
    #[must_use]
    pub fn reloader(&self, file: PathBuf, stop: CancellationToken) -> Reloader {
        let running = Running {
            lasting: self.lasting.clone(),
            state: Arc::clone(&self.state),
            listener: self.server.settings(),
            certificate: self.certificate_reloader.clone(),
            key_policy: Arc::clone(&self.key_policy),
        };
        let reloader = Reloader::new(file, self.config.clone(), running, stop);
        if let Some(control) = &self.control {
            control.set_reloader(reloader.clone());
        }
        reloader
    }

    /// URLs of the stores, in configured order.
    #[must_use]
    pub fn store_urls(&self) -> Vec<String> {
        let state = self.state.get();
        let stores = state.stores.iter();
        stores
            .map(|store| store.urls.canonical().root.clone())
            .collect()
    }

    /// URLs of the web sites of the stores, in configured order.
    #[must_use]
    pub fn site_urls(&self) -> Vec<String> {
        let state = self.state.get();
        let sites = state.stores.iter().filter_map(|store| store.site.as_ref());
        sites.map(|site| site.canonical().url.clone()).collect()
    }

    /// Liveness check of the running server.
    #[must_use]
    pub fn liveness(&self) -> Liveness {
        let state = Arc::clone(&self.lasting.environment.state);
        Liveness::of(state, self.workers.clone())
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
        let first = self.state.get();
        first.take_over_from(None);
        first.start_probing();
        drop(first);
        let tokens = tokio::spawn(forget_tokens(Arc::clone(&self.state)));
        let _tokens = AbortOnDropHandle::new(tokens);
        let current = Arc::clone(&self.state);
        let service = move |request| {
            let state = current.get();
            // On the heap, because each future that it passes through has room for it.
            let request = Box::new(request);
            async move { pipeline::respond(&state, request).await }
        };
        let stop_requested = async {
            shutdown.cancelled().await;
            Instant::now()
        };
        let settings = self.server.settings();
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
        let deadline = stop_requested + settings.current().limits.drain + CHANGES_EXTRA;
        self.state.get().close(deadline).await;
        stopped.cancel();
        if let Some(Err(error)) = OptionFuture::from(control).await {
            warn!(%error, "Control socket failed before the stop");
        }
    }
}

/// Forgets the tokens of requests that came a while ago.
async fn forget_tokens(current: Arc<CurrentState>) {
    let mut interval = tokio::time::interval(RecentTokens::TURN);
    loop {
        interval.tick().await;
        current.get().recent_tokens.turn();
    }
}

/// Starts a worker for each processor.
fn workers() -> Result<Workers, ServerError> {
    let processors = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    Workers::start(processors).map_err(ServerError::Workers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::listener_settings::DRAIN;
    use crate::audit::AuditLog;

    #[test]
    fn unit_stop_timeout_exceeds_longest_stop() {
        let unit = include_str!("../../../../dist/roamd.service");
        let mut lines = unit.lines();
        let timeout = lines.find_map(|line| line.strip_prefix("TimeoutStopSec="));
        let timeout = Duration::from_secs(timeout.unwrap().parse().unwrap());
        assert!(timeout > *DRAIN.end() + CHANGES_EXTRA + AuditLog::FLUSH_TIMEOUT);
    }
}
