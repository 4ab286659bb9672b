//! Accepting connections.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, warn};

use crate::Answer;
use crate::listener::{Connection, Listener};

/// Address of the peer, an extension of every request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub SocketAddr);

/// What a peer may take of the server, in connections and in time.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections at the same time. More wait in the listener's queue.
    pub connections: usize,
    /// From the accepted connection to its first byte.
    pub first_byte: Duration,
    /// For the head of one request; also how long a kept connection may idle.
    pub head: Duration,
    /// For what is under way when the server is told to stop.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 10_000,
            first_byte: Duration::from_secs(10),
            head: Duration::from_secs(30),
            drain: Duration::from_secs(10),
        }
    }
}

/// Largest head of a request, in bytes.
const HEAD_BYTES: usize = 64 * 1024;

/// How long to wait when the system has no more descriptors, so that the loop does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves until `shutdown`, then lets what is under way finish within [`Limits::drain`].
///
/// `service` answers every request; what it cannot answer it has to turn into an answer too.
pub async fn serve<L, S, F>(listener: L, limits: Limits, shutdown: CancellationToken, service: S)
where
    L: Listener,
    S: Fn(Request<Incoming>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Answer> + Send + 'static,
{
    let slots = Arc::new(Semaphore::new(limits.connections));
    let tasks = TaskTracker::new();
    let abandon = CancellationToken::new();
    while let Some((stream, peer, slot)) = next(&listener, &slots, &shutdown).await {
        let served = connection(
            stream,
            peer,
            slot,
            limits,
            shutdown.clone(),
            service.clone(),
        );
        tasks.spawn(abandon.clone().run_until_cancelled_owned(served));
    }
    // The port is free from here on: a successor can bind it while the last answers go out.
    drop(listener);
    tasks.close();
    if timeout(limits.drain, tasks.wait()).await.is_err() {
        warn!(
            connections = tasks.len(),
            "Stopped before every connection was done"
        );
        abandon.cancel();
    }
}

/// The next connection with its slot, or nothing once the server shall stop.
async fn next<L: Listener>(
    listener: &L,
    slots: &Arc<Semaphore>,
    shutdown: &CancellationToken,
) -> Option<(L::Connection, Peer, OwnedSemaphorePermit)> {
    let accept = async {
        let slot = slots.clone().acquire_owned().await.ok()?;
        loop {
            match listener.accept().await {
                Ok((stream, address)) => return Some((stream, Peer(address), slot)),
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
        accepted = accept => accepted,
    }
}

async fn connection<C, S, F>(
    stream: C,
    peer: Peer,
    _slot: OwnedSemaphorePermit,
    limits: Limits,
    shutdown: CancellationToken,
    service: S,
) where
    C: Connection,
    S: Fn(Request<Incoming>) -> F,
    F: Future<Output = Answer>,
{
    // hyper's deadline for the head starts with its first poll; a connection that never says
    // anything is closed sooner.
    tokio::select! {
        biased;
        () = shutdown.cancelled() => return,
        ready = timeout(limits.first_byte, stream.readable()) => {
            if !matches!(ready, Ok(Ok(()))) {
                return;
            }
        }
    }
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .max_buf_size(HEAD_BYTES)
        .half_close(false)
        .serve_connection(
            TokioIo::new(stream),
            service_fn(|mut request: Request<Incoming>| {
                request.extensions_mut().insert(peer);
                let answer = service(request);
                async move { Ok::<_, Infallible>(answer.await) }
            }),
        );
    tokio::pin!(connection);
    let ended = tokio::select! {
        biased;
        ended = connection.as_mut() => ended,
        () = shutdown.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        debug!(%error, "Connection ended early");
    }
}
