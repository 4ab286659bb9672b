//! Calls of one farm over HTTP.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use hyper_util::client::legacy::connect::CaptureConnection;
use roamd_nfuse_proto::{Dialect, Effect, Request, encode_request};

use crate::error::{CallError, Sent};
use crate::member::{Member, Prober};
use crate::policy::{Attempts, Failure, Step, next_step};
use crate::transport::Transport;
use crate::{Controller, ControllerOrder, ControllerState, ServiceKeys};

/// A probe waits no longer, so that a controller that hung is soon probed again.
const LONGEST_PROBE: Duration = Duration::from_secs(3);

/// What a client has to know of a farm.
#[derive(Debug, Clone)]
pub struct FarmConfig {
    /// The operator's name of the farm, for logs.
    pub id: String,
    /// In the operator's order. A farm without any cannot be reached.
    pub controllers: Vec<Controller>,
    /// Which controller a call begins with.
    pub order: ControllerOrder,
    /// The deadline of a call, from its begin to the last byte of its answer, other controllers
    /// included.
    pub timeout: Duration,
    /// A controller that has not taken a connection by then is given up.
    pub connect_timeout: Duration,
    /// A controller that has not answered by then, from when it had a connection, is given up if
    /// another can be asked. Otherwise the call waits on, up to its deadline.
    pub answer_timeout: Duration,
    /// How many times one call may try to reach a controller; at least once.
    pub attempts: usize,
    /// What its controllers demand with every request, if they do.
    pub service_keys: Option<ServiceKeys>,
    /// The dialect that requests are written in.
    pub dialect: Dialect,
}

/// A client of one farm. Made once, and shared by all who call the farm.
///
/// Controllers that fail are passed over, and probed in the background until they are back.
#[derive(Debug)]
pub struct FarmClient {
    config: FarmConfig,
    transport: Transport,
    members: Vec<Arc<Member>>,
    calls: AtomicUsize,
}

impl FarmClient {
    /// A client that has no connections yet.
    #[must_use]
    pub fn new(config: FarmConfig) -> Self {
        let transport = Transport::new(config.connect_timeout, config.service_keys.clone());
        let prober = Prober::new(
            &config.id,
            transport.clone(),
            config.dialect,
            config.answer_timeout.min(LONGEST_PROBE),
        );
        let members = config
            .controllers
            .iter()
            .map(|controller| Member::new(controller.clone(), prober.clone()))
            .collect();
        Self {
            config,
            transport,
            members,
            calls: AtomicUsize::new(0),
        }
    }

    /// The operator's name of the farm.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.config.id
    }

    /// The controllers in configured order, each with whether it is used now.
    pub fn states(&self) -> impl Iterator<Item = (&Controller, ControllerState)> {
        self.members
            .iter()
            .map(|member| (member.controller(), member.state()))
    }

    /// Sends a request and returns its answer.
    ///
    /// The next controller is asked when a connection cannot be made; for requests without an
    /// effect, also when a controller fails in another way. A request that changes something is
    /// never sent twice. Dropping the call abandons it, and the request may have been served.
    ///
    /// # Errors
    /// What the farm said against it, or why there is no answer.
    pub async fn call<R: Request>(&self, request: &R) -> Result<R::Answer, CallError> {
        self.call_by(Instant::now() + self.config.timeout, request)
            .await
    }

    /// The same with a deadline that the caller sets, because several calls share it.
    ///
    /// # Errors
    /// As of [`FarmClient::call`].
    pub async fn call_by<R: Request>(
        &self,
        deadline: Instant,
        request: &R,
    ) -> Result<R::Answer, CallError> {
        let started = Instant::now();
        let body = Bytes::from(encode_request(self.config.dialect, request));
        let size = body.len();
        let mut trail = Trail::default();
        let calling = self.attempts::<R>(request.effect(), body, &mut trail);
        let result = match tokio::time::timeout_at(deadline.into(), calling).await {
            Ok(result) => result,
            Err(_) => {
                trail.abandon();
                Err(CallError::Deadline { sent: trail.sent() })
            }
        };
        tracing::debug!(
            farm = self.config.id,
            request = R::ELEMENT,
            request_bytes = size,
            attempts = trail.attempts(),
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
        trail: &mut Trail,
    ) -> Result<R::Answer, CallError> {
        let mut members = self.in_order();
        let mut member = members
            .next()
            .ok_or_else(|| CallError::Unreachable("farm has no controllers".into()))?;
        let mut reported: Option<CallError> = None;
        loop {
            let attempts = Attempts {
                made: trail.attempts() + 1,
                most: self.config.attempts,
            };
            // Waiting on is of no use while another controller may answer the same question.
            let patience = (next_step(effect, Failure::Silent, attempts, members.len())
                == Step::Next)
                .then_some(self.config.answer_timeout);
            let result = self
                .attempt::<R>(member, body.clone(), effect, patience, trail)
                .await;
            let error = match result {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let next = match next_step(effect, error.failure(), attempts, members.len()) {
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
        member: &Arc<Member>,
        body: Bytes,
        effect: Effect,
        patience: Option<Duration>,
        trail: &mut Trail,
    ) -> Result<R::Answer, CallError> {
        let begin = |connection| trail.begin(Arc::clone(member), connection);
        let result = self
            .transport
            .post::<R>(member.controller(), body, effect, patience, begin)
            .await;
        member.record(result.as_ref().map(drop));
        result
    }

    /// The controllers in the order of this call: first those in use, then of those that are passed
    /// over the one that is probed next, so that a farm is never given up unasked.
    fn in_order(&self) -> impl ExactSizeIterator<Item = &Arc<Member>> {
        let (open, mut order): (Vec<_>, Vec<_>) = self
            .members
            .iter()
            .map(|member| (member.open_until(), member))
            .partition(|(until, _)| until.is_some());
        if self.config.order == ControllerOrder::Balanced && !order.is_empty() {
            let first = self.calls.fetch_add(1, Ordering::Relaxed) % order.len();
            order.rotate_left(first);
        }
        order.extend(open.into_iter().min_by_key(|(until, _)| *until));
        order.into_iter().map(|(_, member)| member)
    }
}

/// The attempts of a call and the connections that they were given, to tell afterwards whether it
/// can have been sent.
#[derive(Debug, Default)]
struct Trail(Vec<(Arc<Member>, CaptureConnection)>);

impl Trail {
    fn begin(&mut self, member: Arc<Member>, connection: CaptureConnection) {
        self.0.push((member, connection));
    }

    fn attempts(&self) -> usize {
        self.0.len()
    }

    /// A request that was never given a connection cannot have been sent.
    fn sent(&self) -> Sent {
        if self.0.iter().any(|(_, connection)| connected(connection)) {
            Sent::MaybeSent
        } else {
            Sent::NotSent
        }
    }

    /// Takes note that the call did not wait for the end of its last attempt.
    fn abandon(&self) {
        if let Some((member, connection)) = self.0.last()
            && connected(connection)
        {
            member.record(Err(&CallError::silent()));
        }
    }
}

fn connected(connection: &CaptureConnection) -> bool {
    connection.connection_metadata().is_some()
}
