//! Accepting connections.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use http::Request;
use hyper::body::Incoming;
use ipnet::IpNet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, warn};

use crate::conversation::{Spawner, Surroundings, http1, http2};
use crate::listener::{Connection, Listener};
use crate::tls::Secured;
use crate::{ClientLimiter, ListenerLimits, Observer, Peer, Permit, Response, ServerTls};

/// How long to wait when the system has no more descriptors, so that the loop does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How connections are treated, whoever brings them and whatever is asked on them.
///
/// A server with TLS speaks HTTP/2 to peers that choose it by ALPN, and HTTP/1.1 to all others; one
/// without speaks HTTP/1.1 only.
#[derive(Clone)]
pub struct HttpServer {
    limits: ListenerLimits,
    tls: Option<ServerTls>,
    shared_by_many: Vec<IpNet>,
    observer: Arc<dyn Observer>,
}

impl HttpServer {
    /// Without TLS.
    #[must_use]
    pub fn new(limits: ListenerLimits) -> Self {
        Self {
            limits,
            tls: None,
            shared_by_many: Vec::new(),
            observer: Arc::new(()),
        }
    }

    /// With TLS, or without.
    #[must_use]
    pub fn with_tls(mut self, tls: Option<ServerTls>) -> Self {
        self.tls = tls;
        self
    }

    /// Peers that bring connections of many clients, such as proxies: they are counted in all only.
    /// So are those who show a certificate, once the handshake is over.
    #[must_use]
    pub fn with_shared_by_many(mut self, networks: Vec<IpNet>) -> Self {
        self.shared_by_many = networks;
        self
    }

    /// Somebody hears of connections that come to nothing.
    #[must_use]
    pub fn with_observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = observer;
        self
    }

    /// Serves until `shutdown`, then lets what is under way finish within [`ListenerLimits::drain`].
    ///
    /// `service` answers every request; what it cannot answer it has to turn into an answer too.
    pub async fn serve<L, S, F>(self, listener: L, shutdown: CancellationToken, service: S)
    where
        L: Listener,
        S: Fn(Request<Incoming>) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Response> + Send + 'static,
    {
        let limits = self.limits;
        let places = ClientLimiter::new(limits.connections, limits.connections_per_client);
        let spawner = Spawner {
            tasks: TaskTracker::new(),
            abandon: CancellationToken::new(),
        };
        let around = Surroundings {
            limits,
            shutdown: shutdown.clone(),
            spawner: spawner.clone(),
        };
        let server = Arc::new(self);
        while let Some((stream, address)) = next(&listener, &shutdown).await {
            // A connection without a place is closed at once: one that waited would hold a
            // descriptor, and keep those of others waiting behind it.
            let place = match places.take(server.counted(address.ip())) {
                Ok(place) => place,
                Err(full) => {
                    debug!(peer = %address.ip(), ?full, "Refused a connection");
                    server.observer.refused(full);
                    continue;
                }
            };
            let (server, around) = (Arc::clone(&server), around.clone());
            let service = service.clone();
            let served = async move {
                server
                    .connection(stream, address, place, around, service)
                    .await;
            };
            spawner
                .tasks
                .spawn(spawner.abandon.clone().run_until_cancelled_owned(served));
        }
        // The port is free from here on: a successor need not wait for it until the last answers are out.
        drop(listener);
        spawner.tasks.close();
        if timeout(limits.drain, spawner.tasks.wait()).await.is_err() {
            warn!(
                connections = spawner.tasks.len(),
                "Stopped before every connection was done"
            );
            spawner.abandon.cancel();
        }
    }

    /// The address that a connection is counted for; nothing if many clients share it.
    fn counted(&self, address: IpAddr) -> Option<IpAddr> {
        let address = address.to_canonical();
        let shared = self.shared_by_many.iter().any(|it| it.contains(&address));
        (!shared).then_some(address)
    }

    async fn connection<C, S, F>(
        &self,
        stream: C,
        address: SocketAddr,
        mut place: Permit,
        around: Surroundings,
        service: S,
    ) where
        C: Connection,
        S: Fn(Request<Incoming>) -> F + Sync,
        F: Future<Output = Response> + Send + 'static,
    {
        let opening = timeout(around.limits.first_byte, self.open(stream));
        let opened = tokio::select! {
            biased;
            () = around.shutdown.cancelled() => return,
            opened = opening => opened,
        };
        let mut peer = Peer {
            address,
            is_certified: false,
        };
        let ended = match opened {
            Ok(Ok(Opened::Plain(stream))) => http1(stream, peer, &around, service).await,
            Ok(Ok(Opened::Secured(secured))) => {
                peer.is_certified = secured.is_certified;
                if peer.is_certified {
                    place.share_with_many();
                }
                if secured.is_h2 {
                    http2(secured.stream, peer, &around, service).await
                } else {
                    http1(secured.stream, peer, &around, service).await
                }
            }
            Ok(Err(error)) => {
                debug!(%error, "Connection brought nothing");
                return;
            }
            Err(_) => return,
        };
        if let Err(error) = ended {
            debug!(%error, "Connection ended early");
        }
    }

    /// Waits for the first byte, so that a connection that never says anything is closed sooner than
    /// one that says something slowly; and with TLS, for the handshake.
    async fn open<C: Connection>(&self, stream: C) -> io::Result<Opened<C>> {
        stream.readable().await?;
        let Some(tls) = &self.tls else {
            return Ok(Opened::Plain(stream));
        };
        let failure = NotedUnlessMade(Some(self.observer.as_ref()));
        let secured = tls.accept(stream).await?;
        failure.was_made();
        Ok(Opened::Secured(Box::new(secured)))
    }
}

/// A connection that requests may come on.
enum Opened<C> {
    Plain(C),
    Secured(Box<Secured<C>>),
}

/// Tells that a handshake failed, also when it is given up half way.
struct NotedUnlessMade<'o>(Option<&'o dyn Observer>);

impl NotedUnlessMade<'_> {
    fn was_made(mut self) {
        self.0 = None;
    }
}

impl Drop for NotedUnlessMade<'_> {
    fn drop(&mut self) {
        if let Some(observer) = self.0 {
            observer.handshake_failed();
        }
    }
}

/// The next connection, or nothing once the server shall stop.
async fn next<L: Listener>(
    listener: &L,
    shutdown: &CancellationToken,
) -> Option<(L::Connection, SocketAddr)> {
    let accept = async {
        loop {
            match listener.accept().await {
                Ok(accepted) => return accepted,
                // A stranger can cause these (reset before accept, too many connections): none may
                // end the server.
                Err(error) => {
                    debug!(%error, "Could not accept a connection");
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
