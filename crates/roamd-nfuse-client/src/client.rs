//! Calls of one farm over HTTP.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Method, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{CaptureConnection, HttpConnector, capture_connection};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use roamd_nfuse_proto::{Dialect, Effect, Request, decode_answer, encode_request};

use crate::answer_body::{AnswerBody, Progress};
use crate::error::{CallError, Sent};
use crate::policy::{Step, next_step};
use crate::{Controller, ControllerOrder};

/// Bytes of an answer that are read, chunk framing included.
const LONGEST_ANSWER: usize = 8 * 1024 * 1024;

/// How long a connection waits in the pool. Short, because a request that meets a connection which
/// its controller is just closing is lost, and a change may not be sent again.
const IDLE: Duration = Duration::from_secs(3);

/// A controller that has not taken a connection by then is passed over, however far the deadline.
const LONGEST_CONNECT: Duration = Duration::from_secs(3);

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
    /// The dialect that requests are written in.
    pub dialect: Dialect,
}

/// A client of one farm. Made once, and shared by all who call the farm.
#[derive(Debug)]
pub struct FarmClient {
    config: FarmConfig,
    http: Client<HttpConnector, Full<Bytes>>,
    calls: AtomicUsize,
}

impl FarmClient {
    /// A client that has no connections yet.
    #[must_use]
    pub fn new(config: FarmConfig) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(connect_timeout(&config)));
        let http = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            // Off, so that one attempt puts a request on one connection and no other: whether it
            // is sent again is for the policy alone, which is how a change is never sent twice.
            .retry_canceled_requests(false)
            .build(connector);
        Self {
            config,
            http,
            calls: AtomicUsize::new(0),
        }
    }

    /// The operator's name of the farm.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.config.id
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
        let started = Instant::now();
        let body = Bytes::from(encode_request(self.config.dialect, request));
        let size = body.len();
        let mut trail = Trail::default();
        let calling = self.attempts::<R>(request.effect(), body, &mut trail);
        let result = match tokio::time::timeout(self.config.timeout, calling).await {
            Ok(result) => result,
            Err(_) => Err(CallError::Deadline { sent: trail.sent() }),
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
        let mut controllers = self.in_order();
        let mut controller = controllers
            .next()
            .ok_or_else(|| CallError::Unreachable("farm has no controllers".into()))?;
        let mut reported: Option<CallError> = None;
        loop {
            let error = match self.attempt::<R>(controller, body.clone(), trail).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let next = match next_step(effect, error.failure(), trail.attempts(), controllers.len())
            {
                Step::Next => controllers.next(),
                Step::Again => Some(controller),
                Step::GiveUp => None,
            };
            // A controller that cannot be reached must not hide that an earlier one was.
            let error = match (reported.take(), error.sent()) {
                (Some(earlier), Sent::NotSent) => earlier,
                _ => error,
            };
            match next {
                Some(next) => controller = next,
                None => return Err(error),
            }
            reported = Some(error);
        }
    }

    async fn attempt<R: Request>(
        &self,
        controller: &Controller,
        body: Bytes,
        trail: &mut Trail,
    ) -> Result<R::Answer, CallError> {
        let mut request = http::Request::new(Full::new(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = controller.service().clone();
        request
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static("text/xml"));
        trail.begin(capture_connection(&mut request));

        let response = self.http.request(request).await?;
        if response.status() != StatusCode::OK {
            return Err(CallError::Http(response.status()));
        }
        let document = read_answer(response.into_body()).await?;
        let (_, answer) = decode_answer::<R>(&document)?;
        answer.map_err(CallError::Refused)
    }

    /// The controllers in the order of this call.
    fn in_order(&self) -> impl ExactSizeIterator<Item = &Controller> {
        let controllers = &self.config.controllers;
        let first = match self.config.order {
            ControllerOrder::Ordered => 0,
            ControllerOrder::Balanced => self.calls.fetch_add(1, Ordering::Relaxed),
        };
        let (before, from) =
            controllers.split_at(first.checked_rem(controllers.len()).unwrap_or(0));
        from.iter().chain(before).collect::<Vec<_>>().into_iter()
    }
}

/// The connections that a call was given, to tell afterwards whether it can have been sent.
#[derive(Debug, Default)]
struct Trail(Vec<CaptureConnection>);

impl Trail {
    fn begin(&mut self, connection: CaptureConnection) {
        self.0.push(connection);
    }

    fn attempts(&self) -> usize {
        self.0.len()
    }

    /// A request that was never given a connection cannot have been sent.
    fn sent(&self) -> Sent {
        if self
            .0
            .iter()
            .any(|connection| connection.connection_metadata().is_some())
        {
            Sent::MaybeSent
        } else {
            Sent::NotSent
        }
    }
}

/// Leaves every controller its part of the deadline, and one part for the answer.
fn connect_timeout(config: &FarmConfig) -> Duration {
    let parts = u32::try_from(config.controllers.len())
        .unwrap_or(u32::MAX)
        .saturating_add(1);
    (config.timeout / parts).min(LONGEST_CONNECT)
}

/// Reads a body up to its end or its last chunk. Dropping the rest closes the connection.
async fn read_answer(mut body: Incoming) -> Result<Vec<u8>, CallError> {
    let mut answer = AnswerBody::new(LONGEST_ANSWER);
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame?.into_data()
            && answer.push(&data)? == Progress::Done
        {
            break;
        }
    }
    Ok(answer.finish()?)
}
