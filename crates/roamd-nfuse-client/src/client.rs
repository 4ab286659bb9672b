//! Calls of one farm over HTTP.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use http::StatusCode;
use roamd_nfuse_proto::{Dialect, Effect, Request, Service, encode_request};
use tokio::time::{Instant, timeout, timeout_at};

use crate::breaker::Use;
use crate::connection_pool::{ConnectionPool, Connector};
use crate::controller::{Controller, ControllerReport, ProbeConfig, ProbeResult};
use crate::error::{CallError, Sent};
use crate::policy::{Attempts, Failure, Step, next_step};
use crate::service_key::KeyInUse;
use crate::{ClientTls, ControllerOrder, ControllerUrl, Network, Observer, ServiceKeys};

/// A probe waits no longer, so that a controller that hung is soon probed again.
const LONGEST_PROBE: Duration = Duration::from_secs(3);

/// Bytes of a request that every controller takes (nfuse.md §1.1).
const SMALL_LIMIT: usize = 4096;

/// What a client has to know of a farm.
#[derive(Debug, Clone)]
pub struct FarmConfig {
    /// The operator's name of the farm, for logs.
    pub id: String,
    /// In the operator's order. A farm without any cannot be reached.
    pub controllers: Vec<ControllerUrl>,
    /// Which controller a call begins with.
    pub order: ControllerOrder,
    /// The deadline of a call, from its begin to the last byte of its answer, other controllers
    /// included.
    pub timeout: Duration,
    /// A controller that has not taken a connection by then is given up; looking up its name and TLS
    /// count.
    pub connect_timeout: Duration,
    /// A controller that has not answered by then, from when it had a connection, is given up if
    /// another can be asked. Otherwise the call waits on, up to its deadline.
    pub answer_timeout: Duration,
    /// How many times one call may try to reach a controller; at least once.
    pub attempts: usize,
    /// What its controllers demand with every request, if they do.
    pub service_keys: Option<ServiceKeys>,
    /// How its `https` controllers prove who they are; without it they cannot be reached.
    pub tls: Option<ClientTls>,
    /// The way to its controllers.
    pub network: Arc<dyn Network>,
    /// Whoever counts what its controllers do.
    pub observer: Option<Arc<dyn Observer>>,
    /// The dialect that requests are written in.
    pub dialect: Dialect,
}

/// A client of one farm. Made once, and shared by all who call the farm.
///
/// Controllers that fail are passed over, and probed in the background until they are back.
#[derive(Debug)]
pub struct FarmClient {
    id: String,
    dialect: Dialect,
    order: ControllerOrder,
    timeout: Duration,
    answer_timeout: Duration,
    attempts: usize,
    members: Vec<Arc<Controller>>,
    calls: AtomicUsize,
    /// A call is trying a controller that hung.
    trial: AtomicBool,
}

impl FarmClient {
    /// A client that has no connections yet.
    #[must_use]
    pub fn new(config: FarmConfig) -> Self {
        Self::of_service(Service::Xml, config)
    }

    /// The same for controllers that are used for this service, and probed by it.
    pub(crate) fn of_service(service: Service, config: FarmConfig) -> Self {
        let ways = Arc::new(Connector {
            network: Arc::clone(&config.network),
            tls: config.tls,
            connect_timeout: config.connect_timeout,
            key: config.service_keys.as_ref().map(KeyInUse::new),
        });
        let habits = Arc::new(ProbeConfig {
            farm: config.id.clone(),
            service,
            network: config.network,
            observer: config.observer,
            dialect: config.dialect,
            patience: config.answer_timeout.min(LONGEST_PROBE),
        });
        let member = |controller| {
            let line = ConnectionPool::new(controller, Arc::clone(&ways));
            Controller::new(line, Arc::clone(&habits))
        };
        Self {
            members: config.controllers.into_iter().map(member).collect(),
            id: config.id,
            dialect: config.dialect,
            order: config.order,
            timeout: config.timeout,
            answer_timeout: config.answer_timeout,
            attempts: config.attempts,
            calls: AtomicUsize::new(0),
            trial: AtomicBool::new(false),
        }
    }

    /// The operator's name of the farm.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The deadline of a call that sets none.
    pub(crate) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// The controllers in configured order, as calls have met them.
    pub fn controllers(&self) -> impl Iterator<Item = ControllerReport<'_>> {
        self.members.iter().map(|member| member.report())
    }

    /// Asks every controller at once what it can do, whether it is used or not. The answers stand in
    /// configured order.
    pub async fn probe(&self) -> Vec<Result<ProbeResult, CallError>> {
        join_all(self.members.iter().map(|member| member.probe())).await
    }

    /// Sends a request and returns its answer.
    ///
    /// The next controller is asked when a connection cannot be made; for requests without an
    /// effect, also when a controller fails in another way. A request that changes something is
    /// never sent twice. Dropping the call abandons it, and the request may have been served.
    ///
    /// # Errors
    /// What the farm said against it, or why there is no answer.
    pub async fn call<R: Request>(&self, request: &R) -> Result<R::Response, CallError> {
        self.call_by(Instant::now() + self.timeout, request).await
    }

    /// The same with a deadline that the caller sets, because several calls share it.
    ///
    /// # Errors
    /// As of [`FarmClient::call`].
    pub async fn call_by<R: Request>(
        &self,
        deadline: Instant,
        request: &R,
    ) -> Result<R::Response, CallError> {
        let started = Instant::now();
        let body = Bytes::from(encode_request(self.dialect, request));
        let size = body.len();
        let mut trail = AttemptLog::default();
        let calling = self.attempts::<R>(request.effect(), body, &mut trail);
        let result = match timeout_at(deadline, calling).await {
            Ok(result) => result,
            Err(_) => {
                let sent = trail.sent;
                trail.abandon::<R>();
                Err(CallError::Deadline { sent })
            }
        };
        tracing::debug!(
            farm = self.id,
            request = R::ELEMENT,
            request_bytes = size,
            attempts = trail.attempts,
            elapsed = ?started.elapsed(),
            error = result.as_ref().err().map(tracing::field::display),
            "Called the farm",
        );
        result
    }

    async fn attempts<R: Request>(
        &self,
        effect: Effect,
        body: Bytes,
        trail: &mut AttemptLog,
    ) -> Result<R::Response, CallError> {
        let candidates = self.candidates()?;
        let mut members = candidates.members.into_iter();
        let mut member = members
            .next()
            .ok_or_else(|| CallError::Unreachable("farm has no controllers".into()))?;
        let mut reported: Option<CallError> = None;
        loop {
            let attempts = Attempts {
                made: trail.attempts + 1,
                most: self.attempts,
            };
            // Waiting on is of no use while another controller may answer the same question.
            let next_if_silent = next_step(effect, Failure::Silent, attempts, members.len());
            let patience = (next_if_silent == Step::Next).then_some(self.answer_timeout);
            let result = self
                .attempt::<R>(member, body.clone(), effect, patience, trail)
                .await;
            let error = match result {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let next = match next_step(effect, error.failure(R::SERVICE), attempts, members.len()) {
                Step::Next => members.next(),
                Step::Again => Some(member),
                Step::GiveUp => None,
            };
            // A controller that cannot be reached must not hide that an earlier one was.
            let error = match (reported.take(), error.sent()) {
                (Some(earlier), Sent::NotSent) => earlier,
                _ => error,
            };
            match next {
                Some(next) => member = next,
                None => return Err(error),
            }
            reported = Some(error);
        }
    }

    /// Asks one controller, and takes note of how it went. With a `patience`, the controller has so
    /// long for its answer, counted from when it had a connection.
    async fn attempt<R: Request>(
        &self,
        member: &Arc<Controller>,
        body: Bytes,
        effect: Effect,
        patience: Option<Duration>,
        trail: &mut AttemptLog,
    ) -> Result<R::Response, CallError> {
        let started = trail.begin(member);
        let bytes = body.len();
        let attempt = async {
            let connection = member.line().connection(effect).await?;
            trail.send();
            let exchange = member.line().exchange::<R>(connection, body, effect);
            match patience {
                None => exchange.await,
                Some(patience) => timeout(patience, exchange)
                    .await
                    .unwrap_or_else(|_| Err(CallError::silent())),
            }
        };
        let result = match attempt.await {
            Ok((_, answer)) => Ok(answer),
            Err(CallError::Http(StatusCode::BAD_REQUEST)) if bytes > SMALL_LIMIT => {
                Err(CallError::RequestTooLong { bytes })
            }
            Err(error) => Err(error),
        };
        trail.end();
        member.record(R::ELEMENT, started.elapsed(), result.as_ref().map(drop));
        result
    }

    /// The controllers in the order of this call: first those in use, then those that fail, the one
    /// that is probed next before the others. One that hangs is tried when there is no other, and by
    /// one call at a time, so that the rest need not wait for it; yet a farm is never given up unasked.
    fn candidates(&self) -> Result<Candidates<'_>, CallError> {
        let mut used = Vec::with_capacity(self.members.len());
        let mut last = Vec::new();
        let mut hanging = None;
        for member in &self.members {
            match member.usable() {
                Use::Freely => used.push(member),
                Use::AsLast(until) => last.push((until, member)),
                Use::OnTrial(until) => {
                    if hanging.is_none_or(|(first, _)| until < first) {
                        hanging = Some((until, member));
                    }
                }
            }
        }
        if self.order == ControllerOrder::Balanced && !used.is_empty() {
            let first = self.calls.fetch_add(1, Ordering::Relaxed) % used.len();
            used.rotate_left(first);
        }
        last.sort_by_key(|(until, _)| *until);
        used.extend(last.into_iter().map(|(_, member)| member));
        match hanging {
            Some((_, member)) if used.is_empty() => Ok(Candidates {
                members: vec![member],
                _trial: Some(Trial::begin(&self.trial).ok_or(CallError::PassedOver)?),
            }),
            _ => Ok(Candidates {
                members: used,
                _trial: None,
            }),
        }
    }
}

/// Whom a call may ask.
struct Candidates<'a> {
    members: Vec<&'a Arc<Controller>>,
    /// Ends with the call.
    _trial: Option<Trial<'a>>,
}

/// The one call that tries a controller which hung.
struct Trial<'a>(&'a AtomicBool);

impl<'a> Trial<'a> {
    fn begin(under_way: &'a AtomicBool) -> Option<Self> {
        (!under_way.swap(true, Ordering::Relaxed)).then(|| Self(under_way))
    }
}

impl Drop for Trial<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

/// The attempts of a call, to tell afterwards whether it can have been sent.
#[derive(Debug, Default)]
struct AttemptLog {
    attempts: usize,
    /// Whether any request had a connection, and so may have left.
    sent: Sent,
    /// The attempt under way.
    waiting: Option<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    member: Arc<Controller>,
    since: Instant,
    /// Whether this attempt had a connection.
    sent: Sent,
}

impl AttemptLog {
    fn begin(&mut self, member: &Arc<Controller>) -> Instant {
        let since = Instant::now();
        self.attempts += 1;
        self.waiting = Some(Waiting {
            member: Arc::clone(member),
            since,
            sent: Sent::NotSent,
        });
        since
    }

    fn send(&mut self) {
        self.sent = Sent::MaybeSent;
        if let Some(waiting) = &mut self.waiting {
            waiting.sent = Sent::MaybeSent;
        }
    }

    fn end(&mut self) {
        self.waiting = None;
    }

    /// Takes note that the call did not wait for the end of its last attempt.
    fn abandon<R: Request>(&mut self) {
        if let Some(Waiting {
            member,
            since,
            sent,
        }) = self.waiting.take()
        {
            let error = CallError::Deadline { sent };
            member.record(R::ELEMENT, since.elapsed(), Err(&error));
        }
    }
}
