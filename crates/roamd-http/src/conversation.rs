//! Speaking HTTP on one connection, until it ends or is ended.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http::header::{CONNECTION, HeaderValue, TRANSFER_ENCODING};
use http::{Request, Version};
use hyper::body::Incoming;
use hyper::rt::Executor;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulConnection;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::pace::Paced;
use crate::piecewise::Piecewise;
use crate::{ListenerLimits, Peer, Response};

/// Largest head of a request of HTTP/1.1, in bytes.
const HEAD_BYTES: usize = 64 * 1024;

/// Largest list of headers of HTTP/2, in bytes as HTTP/2 counts them.
const HEADER_LIST_BYTES: u32 = 32 * 1024;

/// Requests of one HTTP/2 connection at the same time.
const STREAMS: u32 = 32;

/// What a peer may send of bodies that nobody has read yet: of one request, and of all on a connection.
/// The least that HTTP/2 allows for a connection, and enough for the largest message.
const WINDOW_BYTES: u32 = 64 * 1024 - 1;

/// What is kept of one answer until the peer takes it.
const SEND_BYTES: usize = 64 * 1024;

/// Requests that were withdrawn before anybody could look at them.
const RESETS_UNSEEN: usize = 20;

/// Requests that were ended for faults of the peer.
const RESETS_FOR_FAULTS: usize = 128;

/// How long an HTTP/2 connection may be silent before its peer is asked whether it is still there, and
/// how long it has to say so.
const PING_AFTER: Duration = Duration::from_secs(20);
const PING_ANSWER: Duration = Duration::from_secs(10);

/// What all connections of a server have in common.
#[derive(Clone)]
pub(crate) struct Surroundings {
    pub(crate) limits: ListenerLimits,
    pub(crate) shutdown: CancellationToken,
    pub(crate) spawner: Spawner,
}

/// Runs what belongs to connections, until the server gives them up.
#[derive(Clone)]
pub(crate) struct Spawner {
    pub(crate) tasks: TaskTracker,
    pub(crate) abandon: CancellationToken,
}

impl<F> Executor<F> for Spawner
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    fn execute(&self, task: F) {
        let abandon = self.abandon.clone();
        self.tasks.spawn(abandon.run_until_cancelled_owned(task));
    }
}

/// Speaks HTTP/1.1.
pub(crate) async fn http1<IO, S, F>(
    io: IO,
    peer: Peer,
    around: &Surroundings,
    service: S,
) -> hyper::Result<()>
where
    IO: AsyncRead + AsyncWrite + Unpin + 'static,
    S: Fn(Request<Incoming>) -> F,
    F: Future<Output = Response>,
{
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(around.limits.head)
        .max_header_size(HEAD_BYTES)
        .max_buf_size(HEAD_BYTES)
        .half_close(false)
        .serve_connection(
            TokioIo::new(Paced::new(io, around.limits.answer)),
            service_fn(|mut request: Request<Incoming>| {
                // Of a request with both framings, proxies before this server may have believed the
                // other one. hyper follows the chunks; what comes after them is not looked at.
                let closes = request.version() == Version::HTTP_11
                    && request.headers().contains_key(TRANSFER_ENCODING);
                request.extensions_mut().insert(peer);
                let answer = service(request);
                async move {
                    let mut answer = answer.await;
                    if closes {
                        let close = HeaderValue::from_static("close");
                        answer.headers_mut().insert(CONNECTION, close);
                    }
                    Ok::<_, Infallible>(answer)
                }
            }),
        );
    to_the_end(connection, around, std::future::pending()).await
}

/// Speaks HTTP/2.
pub(crate) async fn http2<IO, S, F>(
    io: IO,
    peer: Peer,
    around: &Surroundings,
    service: S,
) -> hyper::Result<()>
where
    IO: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    S: Fn(Request<Incoming>) -> F,
    F: Future<Output = Response> + Send + 'static,
{
    let limits = around.limits;
    let under_way = UnderWay::default();
    let overdue = CancellationToken::new();
    let connection = http2::Builder::new(around.spawner.clone())
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(HEADER_LIST_BYTES)
        .initial_stream_window_size(WINDOW_BYTES)
        .initial_connection_window_size(WINDOW_BYTES)
        .max_send_buf_size(SEND_BYTES)
        .max_pending_accept_reset_streams(RESETS_UNSEEN)
        .max_local_error_reset_streams(RESETS_FOR_FAULTS)
        .keep_alive_interval(PING_AFTER)
        .keep_alive_timeout(PING_ANSWER)
        .serve_connection(
            TokioIo::new(Paced::new(io, limits.answer)),
            service_fn(|mut request: Request<Incoming>| {
                let request_under_way = under_way.begin();
                let (spawner, overdue) = (around.spawner.clone(), overdue.clone());
                request.extensions_mut().insert(peer);
                let answer = service(request);
                async move {
                    let answer = answer.await;
                    // The window of a stream can be shut while the connection goes on, which no
                    // deadline for writes notices.
                    let taken = CancellationToken::new();
                    let late = taken.clone().run_until_cancelled_owned(async move {
                        sleep(limits.answer).await;
                        overdue.cancel();
                    });
                    spawner.execute(late);
                    let until_taken = (request_under_way, taken.drop_guard());
                    Ok::<_, Infallible>(answer.map(|body| Piecewise::new(body, until_taken)))
                }
            }),
        );
    let served = to_the_end(connection, around, under_way.idle(limits.head));
    match overdue.run_until_cancelled(served).await {
        Some(ended) => ended,
        None => {
            tracing::debug!("Peer did not take its answer in time");
            Ok(())
        }
    }
}

/// Serves a connection until it ends; or until the server stops or nothing goes on there any more: then
/// it finishes what is under way. At a stop that may take until the server gives it up, and else as long
/// as an answer may.
async fn to_the_end<C>(
    connection: C,
    around: &Surroundings,
    idle: impl Future<Output = ()>,
) -> Result<(), C::Error>
where
    C: GracefulConnection,
{
    let mut connection = pin!(connection);
    tokio::select! {
        biased;
        ended = connection.as_mut() => return ended,
        () = around.shutdown.cancelled() => {
            connection.as_mut().graceful_shutdown();
            return connection.await;
        }
        () = idle => {}
    }
    connection.as_mut().graceful_shutdown();
    let last = timeout(around.limits.answer, connection).await;
    last.unwrap_or(Ok(()))
}

/// The requests of one connection that are being answered.
#[derive(Clone)]
struct UnderWay(Arc<watch::Sender<usize>>);

/// One of them.
struct Begun(UnderWay);

impl Default for UnderWay {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(0)))
    }
}

impl UnderWay {
    fn begin(&self) -> Begun {
        self.0.send_modify(|count| *count += 1);
        Begun(self.clone())
    }

    /// Ends when there has been none for so long.
    async fn idle(&self, long: Duration) {
        let mut changes = self.0.subscribe();
        loop {
            let idle = *changes.borrow_and_update() == 0;
            let changed = changes.changed();
            // The sender is here, so `changed` does not fail.
            if idle {
                if timeout(long, changed).await.is_err() {
                    return;
                }
            } else if changed.await.is_err() {
                return;
            }
        }
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        self.0
            .0
            .send_modify(|count| *count = count.saturating_sub(1));
    }
}
