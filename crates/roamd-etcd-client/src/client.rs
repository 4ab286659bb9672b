//! The client: its endpoints, and the calls.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use prost::Message;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::time::{Instant, timeout};

use crate::connection::Connection;
use crate::endpoint::Endpoint;
use crate::error::{CallError, EndpointError, Refusal};
use crate::messages::{
    AuthenticateRequest, AuthenticateResponse, LeaseGrantRequest, LeaseGrantResponse, PutRequest,
    PutResponse, RangeRequest, RangeResponse, StatusRequest, StatusResponse, TxnRequest,
    TxnResponse, WatchCreateRequest, WatchRequest,
};
use crate::network::Network;
use crate::tls::ClientTls;
use crate::watch::Watch;

/// Time for which an endpoint that failed is not used, if there are others.
const PASSED_OVER: Duration = Duration::from_secs(5);

/// Settings of a client.
#[derive(Debug, Clone)]
pub struct ClientSettings {
    /// The endpoints; at least one.
    pub endpoints: Vec<Endpoint>,
    /// TLS to `https` endpoints.
    pub tls: Option<ClientTls>,
    /// User and password; `None` if etcd requires none, or takes the user from the certificate.
    pub credentials: Option<Credentials>,
    /// Time for a connection with its sign-in, and for each call.
    pub timeout: Duration,
}

/// User and password.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// Name of the user.
    pub user: String,
    /// Password.
    pub password: SecretString,
}

/// A client of etcd. A clone is the same client.
///
/// It runs on the current runtime of its first call, and its connections end with that runtime.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    settings: ClientSettings,
    network: Arc<dyn Network>,
    endpoints: Mutex<Endpoints>,
    /// Held while a connection is opened, so that there is one.
    opening: tokio::sync::Mutex<Option<FailedOpening>>,
}

/// The last time that no endpoint could be used.
struct FailedOpening {
    at: Instant,
    error: CallError,
}

/// The connection in use, and the endpoints that have failed.
struct Endpoints {
    /// Index of the endpoint that is tried first.
    next: usize,
    /// Times at which endpoints have failed.
    failed: Vec<Option<Instant>>,
    current: Option<Current>,
    /// Number of connections so far.
    opened: u64,
}

#[derive(Clone)]
struct Current {
    connection: Connection,
    endpoint: usize,
    /// Number of the connection.
    number: u64,
}

impl Client {
    /// Creates a client, which connects with its first call.
    #[must_use]
    pub fn new(settings: ClientSettings, network: Arc<dyn Network>) -> Self {
        let endpoints = Endpoints {
            next: 0,
            failed: vec![None; settings.endpoints.len()],
            current: None,
            opened: 0,
        };
        Self::of(settings, network, endpoints)
    }

    /// Creates a client with the same settings, and connections of its own. It begins with the
    /// endpoint that this one uses, and not with one that has failed.
    #[must_use]
    pub fn separate(&self) -> Self {
        let Inner {
            settings, network, ..
        } = &*self.0;
        let endpoints = {
            let known = self.endpoints_state();
            Endpoints {
                next: known.next,
                failed: known.failed.clone(),
                current: None,
                opened: 0,
            }
        };
        Self::of(settings.clone(), Arc::clone(network), endpoints)
    }

    fn of(settings: ClientSettings, network: Arc<dyn Network>, endpoints: Endpoints) -> Self {
        Self(Arc::new(Inner {
            settings,
            network,
            endpoints: Mutex::new(endpoints),
            opening: tokio::sync::Mutex::new(None),
        }))
    }

    /// Returns the endpoints.
    #[must_use]
    pub fn endpoints(&self) -> &[Endpoint] {
        &self.0.settings.endpoints
    }

    /// Reads keys.
    ///
    /// # Errors
    /// If the call fails.
    pub async fn range(&self, request: &RangeRequest) -> Result<RangeResponse, CallError> {
        self.call("/etcdserverpb.KV/Range", request).await
    }

    /// Writes a key.
    ///
    /// # Errors
    /// If the call fails. The key may have been written all the same.
    pub async fn put(&self, request: &PutRequest) -> Result<PutResponse, CallError> {
        self.call("/etcdserverpb.KV/Put", request).await
    }

    /// Does a transaction.
    ///
    /// # Errors
    /// If the call fails. The transaction may have been done all the same.
    pub async fn txn(&self, request: &TxnRequest) -> Result<TxnResponse, CallError> {
        self.call("/etcdserverpb.KV/Txn", request).await
    }

    /// Creates a lease.
    ///
    /// # Errors
    /// If the call fails. The lease may exist all the same; it then ends unused.
    pub async fn lease_grant(
        &self,
        request: &LeaseGrantRequest,
    ) -> Result<LeaseGrantResponse, CallError> {
        self.call("/etcdserverpb.Lease/LeaseGrant", request).await
    }

    /// Begins a watch.
    ///
    /// # Errors
    /// If the call fails.
    pub async fn watch(&self, create: WatchCreateRequest) -> Result<Watch, CallError> {
        let request = WatchRequest {
            create: Some(create),
        };
        let current = self.current().await?;
        let stream = current
            .connection
            .stream("/etcdserverpb.Watch/Watch", &request);
        let result = self.in_time(stream).await;
        self.note(&current, &result);
        result.map(Watch::new)
    }

    /// Returns a random duration up to this one, for pauses that spread the calls of several
    /// clients.
    #[must_use]
    pub fn random_pause(&self, most: Duration) -> Duration {
        most.mul_f64(self.0.network.chance())
    }

    /// Asks a member for its state, over a connection of its own. If it does not give it, calls use
    /// other endpoints first: one that hangs accepts connections, so that only a call finds out.
    ///
    /// # Errors
    /// If the member does not respond.
    pub async fn status_of(&self, endpoint: &Endpoint) -> Result<StatusResponse, CallError> {
        let status = async {
            let connection = self.open(endpoint).await?;
            let method = "/etcdserverpb.Maintenance/Status";
            connection.call(method, &StatusRequest {}).await
        };
        let status = self.in_time(status).await;
        if status.as_ref().is_err_and(CallError::is_of_endpoint) {
            let mut known = self.0.settings.endpoints.iter();
            if let Some(index) = known.position(|known| known == endpoint) {
                self.endpoints_state().pass_over(index);
            }
        }
        status
    }

    /// Gives up the connection in use, because its endpoint does not do what it should. The next
    /// call uses another endpoint.
    pub fn give_up_connection(&self) {
        let mut endpoints = self.endpoints_state();
        if let Some(current) = endpoints.current.take() {
            endpoints.pass_over(current.endpoint);
        }
    }

    async fn call<R: Message + Default>(
        &self,
        method: &str,
        request: &impl Message,
    ) -> Result<R, CallError> {
        let current = self.current().await?;
        let result = self.in_time(current.connection.call(method, request)).await;
        self.note(&current, &result);
        result
    }

    /// Gives up the connection of a call that has failed because of it.
    fn note<T>(&self, current: &Current, result: &Result<T, CallError>) {
        let Err(error) = result else { return };
        let has_expired = matches!(error, CallError::Refused(Refusal::TokenExpired));
        if !has_expired && !error.is_of_endpoint() {
            return;
        }
        let mut endpoints = self.endpoints_state();
        let is_current = |it: &Current| it.number == current.number;
        if endpoints.current.as_ref().is_some_and(is_current) {
            endpoints.current = None;
            if !has_expired {
                endpoints.pass_over(current.endpoint);
            }
        }
    }

    /// Returns the connection in use, or opens one.
    async fn current(&self) -> Result<Current, CallError> {
        if let Some(current) = self.endpoints_state().current.clone() {
            return Ok(current);
        }
        let arrived = Instant::now();
        let mut opening = self.0.opening.lock().await;
        if let Some(current) = self.endpoints_state().current.clone() {
            return Ok(current);
        }
        // Calls that have waited for one attempt do not make one each, one after the other.
        if let Some(FailedOpening { at, error }) = &*opening
            && arrived <= *at
        {
            return Err(error.clone());
        }
        let order = self.endpoints_state().order(Instant::now());
        let mut errors = Vec::new();
        for index in order {
            let Some(endpoint) = self.0.settings.endpoints.get(index) else {
                continue;
            };
            match self.in_time(self.open(endpoint)).await {
                Ok(connection) => return Ok(self.endpoints_state().use_new(connection, index)),
                Err(error) => {
                    self.endpoints_state().pass_over(index);
                    errors.push(EndpointError {
                        endpoint: endpoint.clone(),
                        error,
                    });
                }
            }
        }
        let error = CallError::NoEndpoint(errors.into());
        *opening = Some(FailedOpening {
            at: Instant::now(),
            error: error.clone(),
        });
        Err(error)
    }

    /// Connects to an endpoint, and signs in.
    async fn open(&self, endpoint: &Endpoint) -> Result<Connection, CallError> {
        let settings = &self.0.settings;
        let connection =
            Connection::open(&*self.0.network, settings.tls.as_ref(), endpoint).await?;
        let Some(credentials) = &settings.credentials else {
            return Ok(connection);
        };
        let request = AuthenticateRequest {
            name: credentials.user.clone(),
            password: credentials.password.expose_secret().to_owned(),
        };
        let method = "/etcdserverpb.Auth/Authenticate";
        let response: AuthenticateResponse = connection.call(method, &request).await?;
        connection.with_token(&response.token)
    }

    async fn in_time<T>(
        &self,
        call: impl Future<Output = Result<T, CallError>>,
    ) -> Result<T, CallError> {
        match timeout(self.0.settings.timeout, call).await {
            Ok(result) => result,
            Err(_) => Err(CallError::TimedOut),
        }
    }

    /// Locks the endpoints. A panic leaves none of their changes half done, so poison is ignored.
    fn endpoints_state(&self) -> MutexGuard<'_, Endpoints> {
        let endpoints = &self.0.endpoints;
        endpoints.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("endpoints", &self.0.settings.endpoints)
            .finish_non_exhaustive()
    }
}

impl Endpoints {
    /// Returns the indexes of the endpoints in the order in which they are tried: those that have
    /// failed lately come last.
    fn order(&self, now: Instant) -> Vec<usize> {
        let len = self.failed.len();
        let mut order: Vec<_> = (self.next..self.next + len)
            .map(|index| index % len)
            .collect();
        order.sort_by_key(|index| {
            let failed = self.failed.get(*index).copied().flatten();
            failed.is_some_and(|failed| now.duration_since(failed) < PASSED_OVER)
        });
        order
    }

    /// Notes that an endpoint has failed.
    fn pass_over(&mut self, endpoint: usize) {
        if let Some(failed) = self.failed.get_mut(endpoint) {
            *failed = Some(Instant::now());
        }
        self.next = (endpoint + 1) % self.failed.len().max(1);
    }

    /// Uses a connection from now on.
    fn use_new(&mut self, connection: Connection, endpoint: usize) -> Current {
        self.opened += 1;
        self.next = endpoint;
        let current = Current {
            connection,
            endpoint,
            number: self.opened,
        };
        self.current = Some(current.clone());
        current
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn failed_endpoint_is_tried_last_for_five_seconds() {
        let mut endpoints = Endpoints {
            next: 0,
            failed: vec![None; 3],
            current: None,
            opened: 0,
        };
        assert_eq!(endpoints.order(Instant::now()), [0, 1, 2]);
        endpoints.pass_over(0);
        assert_eq!(endpoints.order(Instant::now()), [1, 2, 0]);
        endpoints.pass_over(1);
        assert_eq!(endpoints.order(Instant::now()), [2, 0, 1]);
        endpoints.next = 0;
        assert_eq!(endpoints.order(Instant::now()), [2, 0, 1]);
        tokio::time::advance(PASSED_OVER).await;
        assert_eq!(endpoints.order(Instant::now()), [0, 1, 2]);
    }
}
