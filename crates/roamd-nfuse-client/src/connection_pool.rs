//! The way to one controller: its connections, the few that wait for reuse, and one request on one
//! of them.
//!
//! INVARIANT: a request that changes something gets a connection of its own. A connection that waited
//! may have been closed by the controller meanwhile, and then nobody can tell a request that was
//! lost from one that was served; a read is simply sent again.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST, HeaderValue};
use http::{Method, StatusCode, Uri};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use roamd_nfuse_proto::{Dialect, Effect, Request, Service, decode_response};
use tokio::time::{Instant, sleep, timeout};

use crate::Security;
use crate::answer_body::{Progress, ResponseBody};
use crate::error::CallError;
use crate::service_key::{KeyInUse, SERVICE_KEY, refuses_key};
use crate::{ClientTls, ControllerUrl, Network, Stream};

/// Bytes of an answer that are read, chunk framing included.
const LONGEST_ANSWER: usize = 8 * 1024 * 1024;

/// How long a connection waits to be used again.
const IDLE: Duration = Duration::from_secs(15);

/// How many connections wait to be used again.
const MOST_IDLE: usize = 64;

/// What all controllers of a farm are reached with.
#[derive(Debug)]
pub(crate) struct Connector {
    pub(crate) network: Arc<dyn Network>,
    pub(crate) tls: Option<ClientTls>,
    /// For a connection: name, address and TLS together.
    pub(crate) connect_timeout: Duration,
    pub(crate) key: Option<KeyInUse>,
}

/// The way to one controller.
pub(crate) struct ConnectionPool {
    controller: ControllerUrl,
    ways: Arc<Connector>,
    idle: Arc<Mutex<Waiting>>,
    open: Arc<AtomicUsize>,
    certificate_expiry: Mutex<Option<SystemTime>>,
}

/// The connections that wait to be used again, the one that was used last at the end.
#[derive(Default)]
struct Waiting {
    connections: Vec<Idle>,
    /// Somebody comes and closes those that have waited too long.
    swept: bool,
}

/// A connection that waits to be used again.
struct Idle {
    sender: SendRequest<Full<Bytes>>,
    since: Instant,
}

/// A connection for one request.
pub(crate) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    /// It has waited for this request, so the controller may have closed it.
    waited: bool,
}

/// ConnectionCounts to a controller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionCounts {
    /// Those that are open.
    pub open: usize,
    /// Of these, those that wait to be used again.
    pub idle: usize,
}

/// Why a request has no answer, and whether any of one had come.
enum Broken {
    /// The connection ended before a byte of an answer.
    Unanswered(hyper::Error),
    Failed(CallError),
}

impl ConnectionPool {
    pub(crate) fn new(controller: ControllerUrl, ways: Arc<Connector>) -> Self {
        Self {
            controller,
            ways,
            idle: Arc::default(),
            open: Arc::default(),
            certificate_expiry: Mutex::default(),
        }
    }

    pub(crate) fn controller(&self) -> &ControllerUrl {
        &self.controller
    }

    pub(crate) fn connections(&self) -> ConnectionCounts {
        let mut waiting = lock(&self.idle);
        waiting.sweep();
        ConnectionCounts {
            open: self.open.load(Ordering::Relaxed),
            idle: waiting.connections.len(),
        }
    }

    /// When the certificate that the controller showed last expires.
    pub(crate) fn certificate_expiry(&self) -> Option<SystemTime> {
        *lock(&self.certificate_expiry)
    }

    /// A connection for a request with this effect. An error is certain that nothing was sent.
    pub(crate) async fn connection(&self, effect: Effect) -> Result<Connection, CallError> {
        match effect {
            Effect::Read => match self.waiting().await {
                Some(connection) => Ok(connection),
                None => self.connect().await,
            },
            Effect::Change => self.connect().await,
        }
    }

    /// Posts the body of a request and reads its answer.
    ///
    /// A read whose connection had been closed is sent again on a new one. A read whose service key
    /// is refused is sent again with the farm's other key; a change is not, but the next request has
    /// the other key.
    pub(crate) async fn exchange<R: Request>(
        &self,
        connection: Connection,
        body: Bytes,
        effect: Effect,
    ) -> Result<(Dialect, R::Response), CallError> {
        let keys = self.ways.key.as_ref();
        let key = keys.map(KeyInUse::key);
        let result = self.post::<R>(connection, body.clone(), key).await;
        let (Err(CallError::Http(status)), Some(keys), Some(key)) = (&result, keys, key) else {
            return result;
        };
        if !refuses_key(*status) {
            return result;
        }
        match (effect, keys.other_than(key)) {
            (Effect::Read, Some(other)) => {
                let connection = self.connect().await?;
                self.post::<R>(connection, body, Some(other)).await
            }
            _ => result,
        }
    }

    async fn post<R: Request>(
        &self,
        connection: Connection,
        body: Bytes,
        key: Option<&HeaderValue>,
    ) -> Result<(Dialect, R::Response), CallError> {
        let waited = connection.waited;
        match self.post_on::<R>(connection, body.clone(), key).await {
            Ok(answer) => Ok(answer),
            Err(Broken::Unanswered(_)) if waited => {
                // Who has closed one connection that waited has closed them all, as a rule.
                lock(&self.idle).connections.clear();
                let fresh = self.connect().await?;
                let again = self.post_on::<R>(fresh, body, key).await;
                again.map_err(CallError::from)
            }
            Err(broken) => Err(broken.into()),
        }
    }

    async fn post_on<R: Request>(
        &self,
        mut connection: Connection,
        body: Bytes,
        key: Option<&HeaderValue>,
    ) -> Result<(Dialect, R::Response), Broken> {
        let mut request = http::Request::new(Full::new(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = Uri::from_static(path(R::SERVICE));
        let headers = request.headers_mut();
        headers.insert(HOST, self.controller.host_header().clone());
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/xml"));
        if let Some(key) = key {
            headers.insert(SERVICE_KEY, key.clone());
        }
        let response = connection.sender.send_request(request).await?;
        if response.status() != StatusCode::OK {
            return Err(CallError::Http(response.status()).into());
        }
        let (document, end) = read_answer(response.into_body()).await?;
        if end == End::OfBody {
            self.keep(connection.sender);
        }
        let (frame, answer) = decode_response::<R>(&document).map_err(CallError::from)?;
        match answer {
            Ok(answer) => Ok((frame.dialect, answer)),
            Err(refused) => Err(CallError::Refused(refused).into()),
        }
    }

    /// Makes a connection.
    async fn connect(&self) -> Result<Connection, CallError> {
        let unreachable =
            |error: Box<dyn std::error::Error + Send + Sync>| CallError::Unreachable(error);
        let stream = timeout(self.ways.connect_timeout, self.stream())
            .await
            .map_err(|elapsed| unreachable(Box::new(elapsed)))?
            .map_err(|error| unreachable(Box::new(error)))?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| unreachable(Box::new(error)))?;
        let open = Counted::new(&self.open);
        tokio::spawn(async move {
            // How it ended is told to whoever waits for an answer.
            drop(connection.await);
            drop(open);
        });
        Ok(Connection {
            sender,
            waited: false,
        })
    }

    async fn stream(&self) -> std::io::Result<Box<dyn Stream>> {
        let (host, port) = (self.controller.host(), self.controller.port());
        let stream = self.ways.network.connect(host, port).await?;
        match (self.controller.security(), &self.ways.tls) {
            (Security::Plain, _) => Ok(stream),
            (Security::Tls, Some(tls)) => {
                let (stream, expiry) = tls.secure(host, stream).await?;
                *lock(&self.certificate_expiry) = expiry;
                Ok(stream)
            }
            (Security::Tls, None) => Err(std::io::Error::other("TLS is not set up for this farm")),
        }
    }

    /// The connection that was used last, since the others are closed sooner.
    async fn waiting(&self) -> Option<Connection> {
        loop {
            let Idle { mut sender, since } = lock(&self.idle).connections.pop()?;
            if since.elapsed() < IDLE && sender.ready().await.is_ok() {
                return Some(Connection {
                    sender,
                    waited: true,
                });
            }
        }
    }

    fn keep(&self, sender: SendRequest<Full<Bytes>>) {
        let mut waiting = lock(&self.idle);
        if waiting.connections.len() < MOST_IDLE && !sender.is_closed() {
            waiting.connections.push(Idle {
                sender,
                since: Instant::now(),
            });
            if !std::mem::replace(&mut waiting.swept, true) {
                tokio::spawn(sweep(Arc::downgrade(&self.idle)));
            }
        }
    }
}

impl Waiting {
    /// Closes those that have waited too long, and forgets those that were closed.
    fn sweep(&mut self) {
        self.connections
            .retain(|idle| idle.since.elapsed() < IDLE && !idle.sender.is_closed());
    }
}

/// Sweeps now and then while any connection waits.
async fn sweep(waiting: Weak<Mutex<Waiting>>) {
    loop {
        sleep(IDLE).await;
        let Some(waiting) = waiting.upgrade() else {
            return;
        };
        let mut waiting = lock(&waiting);
        waiting.sweep();
        if waiting.connections.is_empty() {
            waiting.connections = Vec::new();
            waiting.swept = false;
            return;
        }
    }
}

impl fmt::Debug for ConnectionPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectionPool")
            .field("controller", &self.controller)
            .field("connections", &self.connections())
            .finish_non_exhaustive()
    }
}

/// Where a service is on every controller (nfuse.md §1.1, §8).
const fn path(service: Service) -> &'static str {
    match service {
        Service::Xml => "/scripts/wpnbr.dll",
        Service::Sta => "/scripts/ctxsta.dll",
    }
}

/// Counts as one for as long as it lives.
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(count))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// How the reading of an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// With the body, so that the connection can be used again.
    OfBody,
    /// With the answer, while HTTP expects more. Dropping the rest closes the connection.
    OfAnswer,
}

/// Reads a body up to its end or its last chunk.
async fn read_answer(mut body: Incoming) -> Result<(Vec<u8>, End), CallError> {
    let mut answer = ResponseBody::new(LONGEST_ANSWER);
    let mut end = End::OfBody;
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame?.into_data()
            && answer.push(&data)? == Progress::Done
        {
            end = End::OfAnswer;
            break;
        }
    }
    Ok((answer.finish()?, end))
}

impl From<hyper::Error> for Broken {
    /// Of a request whose answer has not begun.
    fn from(error: hyper::Error) -> Self {
        if error.is_parse() {
            Self::Failed(error.into())
        } else {
            Self::Unanswered(error)
        }
    }
}

impl From<CallError> for Broken {
    fn from(error: CallError) -> Self {
        Self::Failed(error)
    }
}

impl From<Broken> for CallError {
    fn from(broken: Broken) -> Self {
        match broken {
            Broken::Unanswered(error) => error.into(),
            Broken::Failed(error) => error,
        }
    }
}

/// No step between lock and release can leave these half changed.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
