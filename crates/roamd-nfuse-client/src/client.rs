//! Calls of one farm over HTTP.

use std::convert::identity;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use http::StatusCode;
use roamd_nfuse_proto::transport::{ControllerOrder, ControllerUrl, ServiceKeys};
use roamd_nfuse_proto::{Dialect, Effect, Request, Service};
use tokio::time::{Instant, timeout, timeout_at};

use crate::answer_memory::{Answer, AnswerMemory};
use crate::attempt;
use crate::attempt_log::AttemptLog;
use crate::authority_ids::AuthorityIds;
use crate::candidates::Selector;
use crate::connection_pool::ConnectionPool;
use crate::connector::Connector;
use crate::controller::{Controller, ControllerReport};
use crate::error::{CallError, Sent};
use crate::policy::{Attempts, Failure, Step, next_step};
use crate::probe::{ProbeConfig, ProbeResult};
use crate::request_body::request_body;
use crate::service_key::KeyInUse;
use crate::{ClientTls, Network, Observer};

/// Limit for the response to a probe, so that a controller that hung is soon probed again.
const MAX_PROBE_TIMEOUT: Duration = Duration::from_secs(3);

/// Size in bytes of a request that every controller accepts (nfuse.md §1.1).
const SMALL_REQUEST_BYTES: usize = 4096;

/// Settings of a [`FarmClient`]. [`FarmConfig::new`] gives the defaults of all but three.
#[derive(Debug, Clone)]
pub struct FarmConfig {
    /// Configured id of the farm, for logs.
    pub id: String,
    /// Controllers in configured order. If there is none, every call fails.
    pub controllers: Vec<ControllerUrl>,
    /// Controller that a call tries first; by default the first one.
    pub order: ControllerOrder,
    /// Limit for a call, from its start to the last byte of the response, all attempts included; by
    /// default 5 seconds.
    pub timeout: Duration,
    /// Limit for a connection to a controller: name lookup, TCP and TLS; by default 1 second.
    pub connect_timeout: Duration,
    /// Limit for the response of a controller, from when there is a connection. It holds only if
    /// another controller can be tried; otherwise the call waits up to its deadline. By default 3
    /// seconds, which leave time for a second controller.
    pub response_timeout: Duration,
    /// Limit of attempts of one call; at least one is made. By default one for each controller, and
    /// at least two.
    pub attempts: usize,
    /// Service keys, if the controllers require one with every request; by default none.
    pub service_keys: Option<ServiceKeys>,
    /// Service keys of single controllers, in place of `service_keys`; by default none.
    pub own_service_keys: Vec<(ControllerUrl, ServiceKeys)>,
    /// TLS settings, by default none. Without them, `https` controllers are unreachable.
    pub tls: Option<ClientTls>,
    /// Network that reaches the controllers.
    pub network: Arc<dyn Network>,
    /// Observer of all attempts, for metrics and traces; by default none.
    pub observer: Option<Arc<dyn Observer>>,
    /// Dialect of the requests, by default [`Dialect::FMA`]. Ticket authorities do not use it.
    pub dialect: Dialect,
    /// Memory for the responses. All farms of a server share one; by default a new one.
    pub memory: AnswerMemory,
}

impl FarmConfig {
    /// Creates the settings of a farm with these controllers, and the defaults of everything else.
    #[must_use]
    pub fn new(
        id: impl Into<String>,
        controllers: Vec<ControllerUrl>,
        network: Arc<dyn Network>,
    ) -> Self {
        Self {
            id: id.into(),
            attempts: controllers.len().max(2),
            controllers,
            order: ControllerOrder::default(),
            timeout: Duration::from_secs(5),
            connect_timeout: Duration::from_secs(1),
            response_timeout: Duration::from_secs(3),
            service_keys: None,
            own_service_keys: Vec::new(),
            tls: None,
            network,
            observer: None,
            dialect: Dialect::FMA,
            memory: AnswerMemory::new(),
        }
    }
}

/// Client of one farm. It is created once, and shared by all callers.
///
/// A circuit breaker skips controllers that fail, and background probes close it again. With
/// [`probe_when_idle`](Self::probe_when_idle) they also find out that an idle controller fails.
#[derive(Debug)]
pub struct FarmClient {
    id: String,
    dialect: Dialect,
    timeout: Duration,
    response_timeout: Duration,
    max_attempts: usize,
    controllers: Vec<Arc<Controller>>,
    selector: Selector,
    observer: Option<Arc<dyn Observer>>,
}

impl FarmClient {
    /// Creates a client. It opens no connection yet.
    #[must_use]
    pub fn new(config: FarmConfig) -> Self {
        Self::for_service(Service::Xml, config, None)
    }

    /// Creates a client with other settings than `previous`. Controllers that both have begin with
    /// the health that they have there, so that no call tries one that is down.
    #[must_use]
    pub fn succeeding(previous: &Self, config: FarmConfig) -> Self {
        Self::for_service(Service::Xml, config, Some(previous))
    }

    /// Creates a client that uses and probes this service of the controllers.
    pub(crate) fn for_service(
        service: Service,
        config: FarmConfig,
        previous: Option<&Self>,
    ) -> Self {
        let connector = Arc::new(Connector {
            network: Arc::clone(&config.network),
            tls: config.tls,
            connect_timeout: config.connect_timeout,
            memory: config.memory.share(),
        });
        let earlier = || previous.into_iter().flat_map(|it| &it.controllers);
        let known_ids = earlier().filter_map(|controller| {
            let ControllerReport {
                controller,
                authority_id,
                ..
            } = controller.report();
            let is_kept = config.controllers.contains(controller);
            is_kept.then_some((controller.clone(), authority_id?))
        });
        let probes = Arc::new(ProbeConfig {
            farm: config.id.clone(),
            service,
            network: config.network,
            observer: config.observer.clone(),
            dialect: config.dialect,
            response_timeout: config.response_timeout.min(MAX_PROBE_TIMEOUT),
            authority_ids: AuthorityIds::new(known_ids.collect()),
        });
        let key_of_all = config
            .service_keys
            .as_ref()
            .map(KeyInUse::new)
            .map(Arc::new);
        let key_of = |url: &ControllerUrl| {
            let own = config.own_service_keys.iter().find(|(it, _)| it == url);
            let own = own.map(|(_, keys)| Arc::new(KeyInUse::new(keys)));
            own.or_else(|| key_of_all.clone())
        };
        let controller = |url| {
            let previous = earlier().find(|it| *it.pool().controller() == url);
            let key = key_of(&url);
            let pool = ConnectionPool::new(url, key, Arc::clone(&connector));
            Controller::new(pool, Arc::clone(&probes), previous.map(AsRef::as_ref))
        };
        Self {
            controllers: config.controllers.into_iter().map(controller).collect(),
            id: config.id,
            dialect: config.dialect,
            timeout: config.timeout,
            response_timeout: config.response_timeout,
            max_attempts: config.attempts,
            selector: Selector::new(config.order),
            observer: config.observer,
        }
    }

    /// Returns the configured id of the farm.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the limit for a call without a deadline of its own.
    pub(crate) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Returns the status of the controllers, in configured order.
    pub fn controllers(&self) -> impl Iterator<Item = ControllerReport<'_>> {
        self.controllers
            .iter()
            .map(|controller| controller.report())
    }

    /// Asks all controllers at once for their capabilities, whatever the state of their breakers.
    /// The results are in configured order.
    pub async fn probe(&self) -> Vec<Result<ProbeResult, CallError>> {
        join_all(self.controllers.iter().map(|controller| controller.probe())).await
    }

    /// Probes all controllers now, and from then on those that did not respond to a call in the
    /// last interval, in tasks of the current runtime that end with this client. The interval
    /// varies a little, so that several servers do not probe at the same time. `None` ends these
    /// probes; the present interval changes nothing.
    pub fn probe_when_idle(&self, interval: Option<Duration>) {
        for controller in &self.controllers {
            controller.probe_when_idle(interval);
        }
    }

    /// Sends a request and returns the response.
    ///
    /// If a controller cannot be connected to, the call tries the next one. If it fails in another
    /// way, the call tries the next one only for a request without an effect: a request that
    /// changes something is never sent twice. If the future is dropped, the farm may still serve
    /// the request.
    ///
    /// # Errors
    /// If the farm refuses the request, or no controller responds.
    pub async fn call<R: Request>(&self, request: &R) -> Result<R::Response, CallError> {
        self.call_by(Instant::now() + self.timeout, request).await
    }

    /// Sends a request and returns the response, with a deadline that several calls may share.
    ///
    /// # Errors
    /// Those of [`FarmClient::call`].
    pub async fn call_by<R: Request>(
        &self,
        deadline: Instant,
        request: &R,
    ) -> Result<R::Response, CallError> {
        let answer = self.convert_by(deadline, request, identity).await?;
        Ok(answer.value)
    }

    /// Sends a request and returns the converted response, with the memory that is charged for it.
    ///
    /// A long response is converted on the thread that decodes it. It is charged until the caller
    /// drops the charge, so that the values of many responses do not exhaust the memory.
    ///
    /// # Errors
    /// Those of [`FarmClient::call`].
    pub async fn convert_by<R: Request, T: Send + 'static>(
        &self,
        deadline: Instant,
        request: &R,
        convert: impl Fn(R::Response) -> T + Clone + Send + 'static,
    ) -> Result<Answer<T>, CallError> {
        let started = Instant::now();
        let body = request_body(self.dialect, request);
        let size = body.len();
        let mut log = AttemptLog::default();
        let attempted = {
            // Made where it stays, because it is large, and would be copied.
            let attempts = pin!(self.attempts::<R, T>(request.effect(), body, &convert, &mut log));
            timeout_at(deadline, attempts).await
        };
        let result = match attempted {
            Ok(result) => result,
            Err(_) => {
                let sent = log.sent();
                log.abandon::<R>();
                Err(CallError::Deadline { sent })
            }
        };
        tracing::debug!(
            farm = self.id,
            element = R::ELEMENT,
            request_bytes = size,
            attempts = log.count(),
            elapsed = ?started.elapsed(),
            error = result.as_ref().err().map(tracing::field::display),
            "Farm call ended",
        );
        result
    }

    /// Tries controllers until one responds or the policy gives up.
    async fn attempts<R: Request, T: Send + 'static>(
        &self,
        effect: Effect,
        body: Bytes,
        convert: &(impl Fn(R::Response) -> T + Clone + Send + 'static),
        log: &mut AttemptLog,
    ) -> Result<Answer<T>, CallError> {
        let candidates = self.selector.candidates(&self.controllers);
        let candidates = candidates.inspect_err(|_| self.report_no_attempt(R::ELEMENT))?;
        let mut untried = candidates.controllers.into_iter();
        let mut controller = untried
            .next()
            .ok_or_else(|| CallError::Unreachable("farm has no controllers".into()))?;
        let mut earlier: Option<CallError> = None;
        loop {
            let attempts = Attempts {
                made: log.count() + 1,
                max: self.max_attempts,
                controllers_left: untried.len(),
            };
            let result = self
                .attempt::<R, T>(controller, body.clone(), effect, attempts, convert, log)
                .await;
            let error = match result {
                Ok(response) => return Ok(response),
                Err(error) => error,
            };
            let next = match next_step(effect, error.failure(R::SERVICE), attempts) {
                Step::NextController => untried.next(),
                Step::SameController => Some(controller),
                // A resend is part of an attempt, which has ended.
                Step::Resend | Step::GiveUp => None,
            };
            // An unreachable controller must not hide that an earlier one may have got the request.
            let error = match (earlier.take(), error.sent()) {
                (Some(earlier), Sent::NotSent) => earlier,
                _ => error,
            };
            match next {
                Some(next) => controller = next,
                None => return Err(error),
            }
            earlier = Some(error);
        }
    }

    fn report_no_attempt(&self, request: &'static str) {
        if let Some(observer) = &self.observer {
            observer.not_attempted(request);
        }
    }

    /// Makes one attempt at a controller, and records the result.
    async fn attempt<R: Request, T: Send + 'static>(
        &self,
        controller: &Arc<Controller>,
        body: Bytes,
        effect: Effect,
        attempts: Attempts,
        convert: &(impl Fn(R::Response) -> T + Clone + Send + 'static),
        log: &mut AttemptLog,
    ) -> Result<Answer<T>, CallError> {
        let trace = log.start::<R>(controller);
        let bytes = body.len();
        let after_timeout = next_step(effect, Failure::Timeout, attempts);
        let limit = if after_timeout == Step::NextController {
            // Another controller may respond sooner.
            self.response_timeout
        } else {
            Duration::MAX
        };
        let attempt = async {
            let connection = controller.pool().acquire(effect).await?;
            log.connected();
            let pool = controller.pool();
            let trace = trace.as_ref();
            let sending = pin!(attempt::send::<R, T>(
                pool, connection, body, effect, attempts, trace, convert
            ));
            timeout(limit, sending)
                .await
                .unwrap_or_else(|_| Err(CallError::response_timeout()))
        };
        let result = match attempt.await {
            Ok((_, answer)) => Ok(answer),
            Err(CallError::Http(StatusCode::BAD_REQUEST)) if bytes > SMALL_REQUEST_BYTES => {
                Err(CallError::RequestTooLong { bytes })
            }
            Err(error) => Err(error),
        };
        log.end::<R>(result.as_ref().map(drop));
        result
    }
}
