//! The connections to one controller.
//!
//! INVARIANT: a request that changes something gets a new connection. The controller may have
//! closed a kept one in the meantime, and then the client cannot distinguish a lost request
//! from a served one. A read is sent again in this case (`policy.rs`).

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use roamd_nfuse_proto::transport::ControllerUrl;
use roamd_nfuse_proto::{Dialect, Effect, Request, decode_response};
use tokio::time::{Instant, sleep};

use crate::answer_memory::{Answer, DECODED_AT_ONCE};
use crate::connection::{Connection, IdleConnection, Unusable};
use crate::connector::Connector;
use crate::error::CallError;
use crate::exchange::{Document, ExchangeError, ExtraHeaders, post};
use crate::large_work::LargeWork;
use crate::response_body::from_declaration;
use crate::service_key::KeyInUse;

/// Limit of the time that an idle connection is kept.
const MAX_IDLE_TIME: Duration = Duration::from_secs(15);

/// Interval at which idle connections are checked for their age, and for a controller that closed
/// them.
const SWEEP_INTERVAL: Duration = Duration::from_secs(1);

/// Time for which no connection is reused after the controller has sent more than a response. What
/// it sends next might come when the next request has been sent, and be taken for its response.
const DISTRUST: Duration = Duration::from_secs(60);

/// Limit of idle connections of one thread.
const MAX_IDLE_CONNECTIONS: usize = 64;

/// Number of groups of idle connections. Threads beyond this number share groups.
const SHARDS: usize = 16;

/// Pool of the connections to one controller.
pub(crate) struct ConnectionPool {
    controller: ControllerUrl,
    /// Service key of the controller, which it may share with others.
    service_key: Option<Arc<KeyInUse>>,
    connector: Arc<Connector>,
    /// Idle connections by thread: the runtime of the thread that opened a connection watches its
    /// socket, and would wake a request on another thread.
    idle: [Arc<Mutex<IdleConnections>>; SHARDS],
    trust: Arc<Trust>,
    open: Arc<AtomicUsize>,
    certificate_expiry: Mutex<Option<SystemTime>>,
    /// Decoding of responses. Those above [`DECODED_AT_ONCE`] are decoded on another thread.
    large_work: LargeWork,
}

/// Whether the connections of a controller are reused.
#[derive(Debug)]
struct Trust {
    controller: String,
    /// When they are reused again.
    lost_until: Mutex<Option<Instant>>,
}

/// Idle connections; the one used last is at the end.
#[derive(Default)]
struct IdleConnections {
    connections: Vec<(Instant, IdleConnection)>,
    /// Whether [`sweep`] runs.
    has_sweeper: bool,
}

/// Numbers of connections to a controller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionCounts {
    /// Open connections, idle ones included.
    pub open: usize,
    /// Idle connections, kept for later requests.
    pub idle: usize,
}

impl ConnectionPool {
    pub(crate) fn new(
        controller: ControllerUrl,
        service_key: Option<Arc<KeyInUse>>,
        connector: Arc<Connector>,
    ) -> Self {
        let trust = Trust {
            controller: controller.to_string(),
            lost_until: Mutex::default(),
        };
        Self {
            controller,
            service_key,
            connector,
            idle: Default::default(),
            trust: Arc::new(trust),
            open: Arc::default(),
            certificate_expiry: Mutex::default(),
            large_work: LargeWork::above(DECODED_AT_ONCE),
        }
    }

    pub(crate) fn controller(&self) -> &ControllerUrl {
        &self.controller
    }

    pub(crate) fn counts(&self) -> ConnectionCounts {
        let idle = self.idle.iter().map(|shard| {
            let mut idle = lock(shard);
            idle.sweep(&self.trust);
            idle.connections.len()
        });
        ConnectionCounts {
            idle: idle.sum(),
            open: self.open.load(Ordering::Relaxed),
        }
    }

    /// Returns when the certificate of the latest TLS connection expires.
    pub(crate) fn certificate_expiry(&self) -> Option<SystemTime> {
        *lock(&self.certificate_expiry)
    }

    /// Returns the service keys, if the controller requires them.
    pub(crate) fn service_key(&self) -> Option<&KeyInUse> {
        self.service_key.as_deref()
    }

    /// Returns a connection for a request with this effect: an idle one for a read, if there is
    /// one, and a new one otherwise.
    ///
    /// # Errors
    /// If the controller cannot be reached. Nothing was sent.
    pub(crate) async fn acquire(&self, effect: Effect) -> Result<Connection, CallError> {
        match effect {
            Effect::Read => match self.acquire_idle().await {
                Some(connection) => Ok(connection),
                None => self.connect().await,
            },
            Effect::Change => self.connect().await,
        }
    }

    /// Opens a new connection.
    ///
    /// # Errors
    /// If the controller cannot be reached. Nothing was sent.
    pub(crate) async fn connect(&self) -> Result<Connection, CallError> {
        let opened = self.connector.connect(&self.controller, &self.open).await?;
        *lock(&self.certificate_expiry) = opened.certificate_expiry;
        Ok(opened.connection)
    }

    /// Performs exactly one exchange: posts the body of a request, decodes the response, and
    /// converts it where it was decoded.
    ///
    /// # Errors
    /// If there is no response, or the farm refuses the request.
    pub(crate) async fn exchange<R: Request, T: Send + 'static>(
        &self,
        mut connection: Connection,
        body: Bytes,
        headers: ExtraHeaders<'_>,
        convert: impl FnOnce(R::Response) -> T + Send + 'static,
    ) -> Result<(Dialect, Answer<T>), ExchangeError> {
        let host = self.controller.host_header();
        let memory = &self.connector.memory;
        let posted = post(&mut connection, R::SERVICE, host, headers, body, memory);
        let document = match posted.await {
            Ok(document) => document,
            Err(ExchangeError::NoResponse(error)) if connection.is_reused => {
                // A controller that closed one idle connection has usually closed all of them.
                for shard in &self.idle {
                    lock(shard).connections.clear();
                }
                return Err(ExchangeError::StaleConnection(error));
            }
            Err(error) => return Err(error),
        };
        if document.is_connection_reusable {
            self.keep(connection);
        }
        Ok(self.decode::<R, T>(document, convert).await?)
    }

    /// Decodes a document. If the deadline passes while another one is decoded, it is not.
    async fn decode<R: Request, T: Send + 'static>(
        &self,
        document: Document,
        convert: impl FnOnce(R::Response) -> T + Send + 'static,
    ) -> Result<(Dialect, Answer<T>), CallError> {
        let Document { bytes, charge, .. } = document;
        let size = bytes.len();
        let decode = move || match decode_response::<R>(from_declaration(&bytes))? {
            (frame, Ok(response)) => {
                let value = convert(response);
                Ok((frame.dialect, Answer { value, charge }))
            }
            (_, Err(refusal)) => Err(CallError::Refused(refusal)),
        };
        let memory = self.connector.memory.charge_decoding(size);
        self.large_work.run_charged(size, memory, decode).await?
    }

    /// Returns the idle connection of this thread that was used last, because the controller closes
    /// the others sooner.
    async fn acquire_idle(&self) -> Option<Connection> {
        loop {
            let (since, mut idle) = lock(self.shard()).connections.pop()?;
            if since.elapsed() < MAX_IDLE_TIME
                && self.trust.admit(idle.check()).is_some()
                && let Ok(connection) = idle.resume().await
            {
                return Some(connection);
            }
        }
    }

    /// The idle connections of this thread.
    fn shard(&self) -> &Arc<Mutex<IdleConnections>> {
        let [first, ..] = &self.idle;
        self.idle.get(thread_shard()).unwrap_or(first)
    }

    /// Keeps a connection after its exchange, if it can take another one.
    fn keep(&self, connection: Connection) {
        let Some(connection) = self.trust.admit(connection.into_idle()) else {
            return;
        };
        let shard = self.shard();
        let mut idle = lock(shard);
        if idle.connections.len() < MAX_IDLE_CONNECTIONS {
            idle.connections.push((Instant::now(), connection));
            if !std::mem::replace(&mut idle.has_sweeper, true) {
                tokio::spawn(sweep(Arc::downgrade(shard), Arc::clone(&self.trust)));
            }
        }
    }
}

impl fmt::Debug for ConnectionPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectionPool")
            .field("controller", &self.controller)
            .field("connections", &self.counts())
            .finish_non_exhaustive()
    }
}

impl IdleConnections {
    /// Removes connections that have been idle for too long or cannot be used.
    fn sweep(&mut self, trust: &Trust) {
        self.connections.retain_mut(|(since, idle)| {
            since.elapsed() < MAX_IDLE_TIME && trust.admit(idle.check()).is_some()
        });
    }
}

impl Trust {
    /// Returns a connection that can take another request. If one had surplus bytes, no connection
    /// of the controller can for a while.
    fn admit<T>(&self, connection: Result<T, Unusable>) -> Option<T> {
        let mut lost_until = lock(&self.lost_until);
        if matches!(connection, Err(Unusable::Surplus)) {
            if lost_until.is_none() {
                tracing::warn!(
                    controller = self.controller,
                    "Controller sent more than its response; each request gets a new connection"
                );
            }
            *lost_until = Some(Instant::now() + DISTRUST);
        }
        if lost_until.is_some_and(|until| until <= Instant::now()) {
            *lost_until = None;
        }
        connection.ok().filter(|_| lost_until.is_none())
    }
}

/// Sweeps regularly while there are idle connections.
async fn sweep(idle: Weak<Mutex<IdleConnections>>, trust: Arc<Trust>) {
    loop {
        sleep(SWEEP_INTERVAL).await;
        let Some(idle) = idle.upgrade() else {
            return;
        };
        let mut idle = lock(&idle);
        idle.sweep(&trust);
        if idle.connections.is_empty() {
            idle.connections = Vec::new();
            idle.has_sweeper = false;
            return;
        }
    }
}

/// Returns the number of this thread's shard.
fn thread_shard() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static SHARD: usize = NEXT.fetch_add(1, Ordering::Relaxed) % SHARDS;
    }
    SHARD.with(|shard| *shard)
}

/// Locks a mutex. A poisoned one is used all the same: no panic can leave the data half changed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
