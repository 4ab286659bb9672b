//! Serving HTTP on one connection.

use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use http::header::{CONNECTION, HeaderValue, TRANSFER_ENCODING};
use http::{Request, StatusCode, Version};
use hyper::body::{Body as _, Incoming};
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

use crate::frame_budget::FrameBudget;
use crate::frame_sized_body::FrameSizedBody;
use crate::handshake_turns::HandshakeTurns;
use crate::head_budget::RequestProgress;
use crate::held_connections::CertifiedClients;
use crate::http1_io::{Http1Io, Lingering};
use crate::known_clients::ByStanding;
use crate::on_heap::on_heap;
use crate::peer::Peer;
use crate::request_body::RequestBody;
use crate::reset_limiter::ResetLimiter;
use crate::response::Response;
use crate::response_budget::{counted, overloaded};
use crate::settings::ListenerSettings;
use crate::write_timeout::WriteTimeout;
use crate::{ClientLimiter, ListenerLimits};

/// Limit of the head of an HTTP/1.1 request, in bytes.
const MAX_HEAD_BYTES: usize = 64 * 1024;

/// Limit of the header list of an HTTP/2 request, in bytes (RFC 9113 §6.5.2).
const MAX_HEADER_LIST_BYTES: u32 = 32 * 1024;

/// Limit of concurrent requests on an HTTP/2 connection.
const MAX_STREAMS: u32 = 32;

/// Flow-control window in bytes, of one request and of a connection: the minimum for a connection,
/// and enough for the largest message.
const WINDOW_BYTES: u32 = 64 * 1024 - 1;

/// Limit of the buffer for one response, in bytes.
const MAX_SEND_BUFFER_BYTES: usize = 64 * 1024;

/// Limit of requests that the peer has reset before the server has accepted them.
const MAX_PENDING_RESETS: usize = 20;

/// Limit of requests that the server has reset because of protocol errors of the peer.
const MAX_ERROR_RESETS: usize = 128;

/// Silence of an HTTP/2 connection after which the server sends a ping.
const PING_INTERVAL: Duration = Duration::from_secs(20);

/// Timeout for the acknowledgement of a ping.
const PING_TIMEOUT: Duration = Duration::from_secs(10);

/// Settings and tasks that the connections of a server share.
#[derive(Clone)]
pub(crate) struct ConnectionContext {
    /// Settings at the time when the connections were accepted.
    pub(crate) settings: Arc<ListenerSettings>,
    pub(crate) shutdown: CancellationToken,
    pub(crate) spawner: Spawner,
    /// Memory of unfinished heads, in bytes.
    pub(crate) heads: Arc<ClientLimiter>,
    /// Memory of large responses on their way, in bytes.
    pub(crate) responses: Arc<ClientLimiter>,
    pub(crate) resets: Arc<ResetLimiter>,
    pub(crate) handshakes: ByStanding<HandshakeTurns>,
    pub(crate) lingering: Arc<Lingering>,
    pub(crate) certified: CertifiedClients,
}

impl ConnectionContext {
    /// The context of connections that are accepted with these settings.
    pub(crate) fn with_settings(&self, settings: Arc<ListenerSettings>) -> Self {
        Self {
            settings,
            ..self.clone()
        }
    }

    pub(crate) fn limits(&self) -> &ListenerLimits {
        &self.settings.limits
    }
}

/// Spawns the tasks of the requests on an HTTP/2 connection. They end when the server abandons its
/// connections.
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
        // On the heap, because `run_until_cancelled_owned` has room for the task twice.
        let task = abandon.run_until_cancelled_owned(Box::pin(task));
        self.tasks.spawn(task);
    }
}

/// Serves HTTP/1.1. `progress` is that of the connection.
///
/// A future has room for each argument as long as it exists, so large ones are references.
pub(crate) async fn http1<IO, S, F>(
    io: IO,
    peer: &Peer,
    progress: &Arc<RequestProgress>,
    context: &ConnectionContext,
    service: S,
) -> hyper::Result<()>
where
    IO: AsyncRead + AsyncWrite + Unpin + 'static,
    S: Fn(Request<RequestBody>) -> F,
    F: Future<Output = Response>,
{
    let io = WriteTimeout::new(io, context.limits().response);
    let io = Http1Io::new(io, &context.lingering, progress);
    let connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(context.limits().head)
            .max_header_size(MAX_HEAD_BYTES)
            .max_buf_size(MAX_HEAD_BYTES)
            // A peer that closes only its own side has some time for the response: see `Http1Io`.
            .half_close(false)
            // Scripts compare names as most servers spell them.
            .title_case_headers(true)
            .serve_connection(
                TokioIo::new(io),
                service_fn(|request: Request<Incoming>| {
                    progress.pause();
                    progress.set_must_linger(false);
                    let has_body = !request.body().is_end_stream();
                    // If a request has both framings, a proxy may have used the other one than
                    // hyper, which uses the chunks. The bytes after them are never parsed: the
                    // connection closes.
                    let must_close = request.version() == Version::HTTP_11
                        && request.headers().contains_key(TRANSFER_ENCODING);
                    let has_fragment = progress
                        .line()
                        .has_fragment(request.method(), request.uri());
                    let request =
                        request.map(|body| RequestBody::new(body, *peer, progress, has_fragment));
                    // hyper holds room for the future of a request as long as the connection is
                    // open. On the heap, an idle connection does not pay for it.
                    let response = on_heap(|| service(request));
                    async move {
                        let mut response = response.await;
                        let status = response.status();
                        // The body of such a request may not have been read.
                        let is_error = status.is_client_error() || status.is_server_error();
                        progress.set_must_linger(has_body && is_error);
                        progress.restart();
                        if must_close || status == StatusCode::PAYLOAD_TOO_LARGE {
                            let close = HeaderValue::from_static("close");
                            response.headers_mut().insert(CONNECTION, close);
                        }
                        let client = progress.limited_client();
                        Ok::<_, Infallible>(counted(response, &context.responses, client))
                    }
                }),
            )
    );
    serve_until_done(connection, context, std::future::pending()).await
}

/// Serves HTTP/2. `progress` is that of the connection.
pub(crate) async fn http2<IO, S, F>(
    io: IO,
    peer: &Peer,
    progress: &Arc<RequestProgress>,
    context: &ConnectionContext,
    service: S,
) -> hyper::Result<()>
where
    IO: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    S: Fn(Request<RequestBody>) -> F,
    F: Future<Output = Response> + Send + 'static,
{
    let limits = *context.limits();
    let resets = progress
        .limited_client()
        .map(|client| context.resets.of(client));
    let io = FrameBudget::new(io, resets);
    let in_flight = InFlight::default();
    let overdue = CancellationToken::new();
    let connection = pin!(
        http2::Builder::new(context.spawner.clone())
            .timer(TokioTimer::new())
            .max_concurrent_streams(MAX_STREAMS)
            .max_header_list_size(MAX_HEADER_LIST_BYTES)
            .initial_stream_window_size(WINDOW_BYTES)
            .initial_connection_window_size(WINDOW_BYTES)
            .max_send_buf_size(MAX_SEND_BUFFER_BYTES)
            .max_pending_accept_reset_streams(MAX_PENDING_RESETS)
            .max_local_error_reset_streams(MAX_ERROR_RESETS)
            .keep_alive_interval(PING_INTERVAL)
            .keep_alive_timeout(PING_TIMEOUT)
            .serve_connection(
                TokioIo::new(WriteTimeout::new(io, limits.response)),
                service_fn(|request: Request<Incoming>| {
                    // Also while requests are served: heads of others can be unfinished.
                    progress.restart();
                    let request_in_flight = in_flight.start();
                    let (spawner, overdue) = (context.spawner.clone(), overdue.clone());
                    let responses = Arc::clone(&context.responses);
                    // The library drops a fragment.
                    let request =
                        request.map(|body| RequestBody::new(body, *peer, progress, false));
                    let client = progress.limited_client();
                    let head = progress.hold_request(request.headers());
                    // The heads of requests whose bodies never come would hold memory.
                    let response = head.map(|head| (head, on_heap(|| service(request))));
                    async move {
                        let response = match response {
                            Ok((_head, response)) => response.await,
                            Err(_) => overloaded(),
                        };
                        let response = counted(response, &responses, client);
                        // A peer can close the window of one stream only. The write timeout of the
                        // connection does not notice this.
                        let sent = CancellationToken::new();
                        let late = sent.clone().run_until_cancelled_owned(async move {
                            sleep(limits.response).await;
                            overdue.cancel();
                        });
                        spawner.execute(late);
                        let until_sent = (request_in_flight, sent.drop_guard());
                        Ok::<_, Infallible>(
                            response.map(|body| FrameSizedBody::new(body, until_sent)),
                        )
                    }
                }),
            )
    );
    let served = serve_until_done(connection, context, in_flight.idle(limits.head));
    match overdue.run_until_cancelled(served).await {
        Some(ended) => ended,
        None => {
            tracing::debug!("Peer did not read its response in time");
            Ok(())
        }
    }
}

/// Serves a connection until it ends. At shutdown, and after `idle`, it finishes the requests in
/// progress: at shutdown until the server abandons the connection, after `idle` within the timeout
/// for a response.
async fn serve_until_done<C>(
    mut connection: Pin<&mut C>,
    context: &ConnectionContext,
    idle: impl Future<Output = ()>,
) -> Result<(), C::Error>
where
    C: GracefulConnection,
{
    let time_left = tokio::select! {
        biased;
        ended = connection.as_mut() => return ended,
        () = context.shutdown.cancelled() => None,
        () = idle => Some(context.limits().response),
    };
    connection.as_mut().graceful_shutdown();
    // On the heap, because every connection would have the room that this needs at its end.
    let last = Box::pin(async {
        match time_left {
            None => connection.await,
            Some(time) => timeout(time, connection).await.unwrap_or(Ok(())),
        }
    });
    let abandon = &context.spawner.abandon;
    abandon.run_until_cancelled(last).await.unwrap_or(Ok(()))
}

/// Counter of the requests in flight on one connection.
#[derive(Clone)]
struct InFlight(Arc<watch::Sender<usize>>);

/// A request in flight. It is counted until it is dropped.
struct InFlightRequest(InFlight);

impl Default for InFlight {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(0)))
    }
}

impl InFlight {
    fn start(&self) -> InFlightRequest {
        self.0.send_modify(|count| *count += 1);
        InFlightRequest(self.clone())
    }

    /// Waits until there has been no request in flight for this time.
    async fn idle(&self, time: Duration) {
        let mut changes = self.0.subscribe();
        loop {
            let idle = *changes.borrow_and_update() == 0;
            let changed = changes.changed();
            // `self` holds the sender, so `changed` does not fail.
            if idle {
                if timeout(time, changed).await.is_err() {
                    return;
                }
            } else if changed.await.is_err() {
                return;
            }
        }
    }
}

impl Drop for InFlightRequest {
    fn drop(&mut self) {
        self.0
            .0
            .send_modify(|count| *count = count.saturating_sub(1));
    }
}
