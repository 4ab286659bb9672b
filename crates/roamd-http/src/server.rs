//! Accept loop.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use http::Request;
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, warn};

use crate::connection::{ConnectionContext, Spawner, http1, http2};
use crate::head_budget::{HeadBudget, RequestProgress};
use crate::held_connections::{CertifiedClients, HeldConnections};
use crate::http1_io::Lingering;
use crate::known_clients::{ByStanding, KnownClients, Standing};
use crate::listener::{Accepted, Connection, Listener};
use crate::peer::Peer;
use crate::reset_limiter::ResetLimiter;
use crate::response::Response;
use crate::settings::{ListenerSettings, LiveSettings};
use crate::tls::Secured;
use crate::workers::Workers;
use crate::{
    ClientKey, ClientLimiter, LimitReached, ListenerLimits, Permit, RequestBody, ServerTls,
};

/// Pause after a failed accept, so that the loop does not spin when the system has no descriptors
/// left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Pause until a connection that makes room for another one is closed, and the number of pauses.
const ROOM_PAUSE: Duration = Duration::from_millis(1);
const ROOM_PAUSES: usize = 20;

/// Observer of connections that end before their first request. Its methods must not block.
pub trait Observer: Send + Sync + 'static {
    /// Called when a connection was closed because of a limit.
    fn refused(&self, why: LimitReached) {
        let _ = why;
    }

    /// Called when a peer has sent something, but the TLS handshake failed or timed out.
    fn handshake_failed(&self) {}
}

/// Ignores all events.
impl Observer for () {}

/// HTTP server: settings, and the accept loop.
///
/// With TLS it speaks HTTP/2 to peers that choose it by ALPN, and HTTP/1.1 to all others. Without
/// TLS it speaks HTTP/1.1 only.
#[derive(Clone)]
pub struct HttpServer {
    settings: LiveSettings,
    tls: Option<ServerTls>,
    client_key: ClientKey,
    observer: Arc<dyn Observer>,
    workers: Option<Arc<Workers>>,
}

impl HttpServer {
    /// Creates a server without TLS. `client_key` defines what a client is.
    #[must_use]
    pub fn new(limits: ListenerLimits, client_key: ClientKey) -> Self {
        Self {
            settings: LiveSettings::new(ListenerSettings {
                limits,
                exempt_networks: Vec::new(),
                known_networks: Vec::new(),
            }),
            tls: None,
            client_key,
            observer: Arc::new(()),
            workers: None,
        }
    }

    /// Sets TLS.
    #[must_use]
    pub fn with_tls(mut self, tls: Option<ServerTls>) -> Self {
        self.tls = tls;
        self
    }

    /// Sets the observer of connections that fail before a request.
    #[must_use]
    pub fn with_observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = observer;
        self
    }

    /// Sets the workers that serve the connections. Without workers, the runtime that accepts the
    /// connections serves them.
    #[must_use]
    pub fn with_workers(mut self, workers: Option<Arc<Workers>>) -> Self {
        self.workers = workers;
        self
    }

    /// The settings of this server and its clones.
    #[must_use]
    pub fn settings(&self) -> LiveSettings {
        self.settings.clone()
    }

    /// Serves until `shutdown`, then finishes the requests in progress within
    /// [`ListenerLimits::drain`].
    ///
    /// `service` returns a response to every request, also for an error.
    pub async fn serve<L, S, F>(mut self, listener: L, shutdown: CancellationToken, service: S)
    where
        L: Listener,
        S: Fn(Request<RequestBody>) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Response> + Send + 'static,
    {
        let settings = self.settings.current();
        let limits = settings.limits;
        let limiter = ClientLimiter::new(
            limits.connections,
            limits.connections_per_client,
            self.client_key,
        );
        let spawner = Spawner {
            tasks: TaskTracker::new(),
            abandon: CancellationToken::new(),
        };
        let known = Arc::<KnownClients>::default();
        let certified = CertifiedClients::default();
        let mut held = HeldConnections::new(certified.clone());
        let mut context = Arc::new(ConnectionContext {
            settings,
            shutdown: shutdown.clone(),
            spawner: spawner.clone(),
            heads: ClientLimiter::new(
                limits.head_bytes,
                limits.head_bytes_per_client,
                self.client_key,
            ),
            responses: ClientLimiter::new(
                limits.response_bytes,
                limits.response_bytes_per_client,
                self.client_key,
            ),
            handshakes: ByStanding::default(),
            resets: Arc::new(ResetLimiter::new(self.client_key)),
            lingering: Lingering::new(shutdown.clone()),
            certified,
        });
        // Tasks on the workers must not keep the workers alive.
        let workers = self.workers.take();
        let server = Arc::new(self);
        while let Some((accepted, address)) = next(&listener, &shutdown).await {
            let settings = server.settings.current();
            if !Arc::ptr_eq(&settings, &context.settings) {
                let limits = &settings.limits;
                limiter.set_limits(limits.connections, limits.connections_per_client);
                let heads = &context.heads;
                heads.set_limits(limits.head_bytes, limits.head_bytes_per_client);
                let responses = &context.responses;
                responses.set_limits(limits.response_bytes, limits.response_bytes_per_client);
                context = Arc::new(context.with_settings(settings));
            }
            // A connection over a limit is closed at once: if it waited, it would hold a descriptor
            // and block those behind it.
            let limited = context.settings.limited_address(address.ip());
            let permit = match server.admit(&limiter, limited, &mut held).await {
                Ok(permit) => permit,
                Err(limit) => {
                    debug!(peer = %address.ip(), ?limit, "Connection over a limit closed");
                    server.observer.refused(limit);
                    continue;
                }
            };
            let standing = server.standing(limited, &known, &context);
            let workers = workers.as_deref();
            let placement = workers.and_then(|workers| workers.place(standing));
            let runtime = match &placement {
                Some(placement) => placement.handle().clone(),
                None => Handle::current(),
            };
            let progress = RequestProgress::new(&context.heads, &known, limited);
            let client = limited.map(server.client_key);
            let held_progress = Arc::clone(&progress);
            let (server, context) = (Arc::clone(&server), Arc::clone(&context));
            let service = service.clone();
            let served = async move {
                let _placement = placement;
                match accepted.open() {
                    Ok(stream) => {
                        let accepted = AcceptedStream {
                            stream,
                            address,
                            standing,
                            permit,
                            progress,
                        };
                        server.connection(accepted, &context, service).await;
                    }
                    Err(error) => debug!(%error, "Connection failed before its first request"),
                }
            };
            let task = spawner.tasks.spawn_on(served, &runtime).abort_handle();
            if let Some(client) = client {
                held.add(client, task, held_progress);
            }
        }
        // This frees the port: a successor does not have to wait for the last responses.
        drop(listener);
        spawner.tasks.close();
        let drain = server.settings.current().limits.drain;
        if timeout(drain, spawner.tasks.wait()).await.is_err() {
            warn!(
                connections = spawner.tasks.len(),
                "Shutdown abandoned connections"
            );
            spawner.abandon.cancel();
        }
    }

    /// Returns the standing of the client at an address; `None` is exempt from limits per client.
    fn standing(
        &self,
        address: Option<IpAddr>,
        known: &KnownClients,
        context: &ConnectionContext,
    ) -> Standing {
        let is_stranger = |address| {
            let client = (self.client_key)(address);
            !(context.settings.knows(address)
                || context.certified.contains(client)
                || known.contains(client))
        };
        match address.is_some_and(is_stranger) {
            true => Standing::Stranger,
            false => Standing::Known,
        }
    }

    /// Takes the permit of a connection. If a limit is reached, some other connections are closed
    /// for it: of any client, or of those that share the limit.
    async fn admit(
        &self,
        limiter: &Arc<ClientLimiter>,
        address: Option<IpAddr>,
        held: &mut HeldConnections,
    ) -> Result<Permit, LimitReached> {
        let reached = match limiter.take(address) {
            Ok(permit) => return Ok(permit),
            Err(reached) => reached,
        };
        let closed = match reached {
            LimitReached::ForAll => held.make_room(address.map(self.client_key)),
            LimitReached::ForClient => {
                let full = address.and_then(|address| limiter.full_network(address));
                full.map_or(0, |network| held.make_room_in(network))
            }
        };
        if closed == 0 {
            return Err(reached);
        }
        for _ in 0..closed {
            self.observer.refused(reached);
        }
        debug!(closed, ?reached, "Connections closed to make room");
        for _ in 0..ROOM_PAUSES {
            sleep(ROOM_PAUSE).await;
            let taken = limiter.take(address);
            if !matches!(taken, Err(again) if again == reached) {
                return taken;
            }
        }
        Err(reached)
    }

    async fn connection<C, S, F>(
        &self,
        accepted: AcceptedStream<C>,
        context: &ConnectionContext,
        service: S,
    ) where
        C: Connection,
        S: Fn(Request<RequestBody>) -> F + Sync,
        F: Future<Output = Response> + Send + 'static,
    {
        let AcceptedStream {
            stream,
            address,
            standing,
            mut permit,
            progress,
        } = accepted;
        let client = context.settings.limited_address(address.ip());
        let user = stream.peer_user();
        let stream = HeadBudget::new(stream, &progress);
        let opening = timeout(
            context.limits().first_byte,
            self.open(stream, client, standing, context),
        );
        let opened = tokio::select! {
            biased;
            () = context.shutdown.cancelled() => return,
            opened = opening => opened,
        };
        let mut peer = Peer {
            address,
            user,
            is_certified: false,
        };
        let ended = match opened {
            Ok(Ok(Opened::Plain(stream))) => {
                http1(stream, &peer, &progress, context, service).await
            }
            Ok(Ok(Opened::Secured(secured))) => {
                peer.is_certified = secured.is_certified;
                if peer.is_certified {
                    permit.exempt_from_client_limit();
                    progress.exempt_from_client_limit();
                    if let Some(client) = client {
                        context.certified.add((self.client_key)(client));
                    }
                }
                progress.restart();
                // On the heap, because a connection without TLS does not need the room.
                if secured.is_h2 {
                    Box::pin(http2(secured.stream, &peer, &progress, context, service)).await
                } else {
                    Box::pin(http1(secured.stream, &peer, &progress, context, service)).await
                }
            }
            Ok(Err(error)) => {
                debug!(%error, "Connection failed before its first request");
                return;
            }
            Err(_) => return,
        };
        if let Err(error) = ended {
            debug!(%error, "Connection failed");
        }
    }

    /// Waits for the first byte, and with TLS for the handshake. A silent connection is so closed
    /// sooner than a slow one.
    async fn open<C: Connection>(
        &self,
        stream: HeadBudget<C>,
        client: Option<IpAddr>,
        standing: Standing,
        context: &ConnectionContext,
    ) -> io::Result<Opened<HeadBudget<C>>> {
        stream.get_ref().readable().await?;
        let Some(tls) = &self.tls else {
            return Ok(Opened::Plain(stream));
        };
        let guard = HandshakeGuard(Some(self.observer.as_ref()));
        // On the heap, because the connection does not need the room afterwards.
        let handshake = Box::pin(async {
            let secured = tls.accept(stream).await?;
            guard.succeed();
            Ok::<_, io::Error>(secured)
        });
        let client = client.map(self.client_key);
        let deadline = Instant::now() + context.limits().first_byte;
        let turns = context.handshakes.of(standing);
        let turns = turns.run(client, deadline, handshake);
        let Ok(secured) = Box::pin(turns).await else {
            return Err(io::Error::other("too many TLS handshakes wait"));
        };
        let secured = secured?;
        Ok(Opened::Secured(Box::new(secured)))
    }
}

/// Connection that was accepted within the limits.
struct AcceptedStream<C> {
    stream: C,
    address: SocketAddr,
    standing: Standing,
    permit: Permit,
    progress: Arc<RequestProgress>,
}

/// Connection that is ready for requests.
enum Opened<C> {
    Plain(C),
    Secured(Box<Secured<C>>),
}

/// Reports a failed handshake when it is dropped, also if the handshake is abandoned.
struct HandshakeGuard<'o>(Option<&'o dyn Observer>);

impl HandshakeGuard<'_> {
    fn succeed(mut self) {
        self.0 = None;
    }
}

impl Drop for HandshakeGuard<'_> {
    fn drop(&mut self) {
        if let Some(observer) = self.0 {
            observer.handshake_failed();
        }
    }
}

/// Returns the next connection, or `None` at shutdown.
async fn next<L: Listener>(
    listener: &L,
    shutdown: &CancellationToken,
) -> Option<(L::Accepted, SocketAddr)> {
    let accept = async {
        loop {
            match listener.accept().await {
                Ok(accepted) => return accepted,
                // Any peer can cause such errors (reset before accept, too many connections), so
                // none may end the server.
                Err(error) => {
                    debug!(%error, "Accepting a connection failed");
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    };
    tokio::select! {
        biased;
        () = shutdown.cancelled() => None,
        accepted = accept => Some(accepted),
    }
}
