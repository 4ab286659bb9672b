//! One request to one controller, over the pool of connections that a farm's calls share.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Method, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{CaptureConnection, HttpConnector, capture_connection};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use roamd_nfuse_proto::{Effect, Request, decode_answer};

use crate::Controller;
use crate::answer_body::{AnswerBody, Progress};
use crate::error::CallError;
use crate::service_key::{KeyInUse, SERVICE_KEY, ServiceKeys, refuses_key};

/// Bytes of an answer that are read, chunk framing included.
const LONGEST_ANSWER: usize = 8 * 1024 * 1024;

/// How long a connection waits in the pool. Short, because a request that meets a connection which
/// its controller is just closing is lost, and a change may not be sent again.
const IDLE: Duration = Duration::from_secs(3);

/// The way to the controllers of one farm. A clone shares its connections.
#[derive(Debug, Clone)]
pub(crate) struct Transport {
    http: Client<HttpConnector, Full<Bytes>>,
    key: Option<Arc<KeyInUse>>,
}

impl Transport {
    /// Without connections yet. A controller that has not taken one within `connect_timeout` is
    /// given up.
    pub(crate) fn new(connect_timeout: Duration, keys: Option<ServiceKeys>) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(connect_timeout));
        let http = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            // Off, so that one attempt puts a request on one connection and no other: whether it
            // is sent again is for the policy alone, which is how a change is never sent twice.
            .retry_canceled_requests(false)
            .build(connector);
        Self {
            http,
            key: keys.map(|keys| Arc::new(KeyInUse::new(keys))),
        }
    }

    /// Posts the body of a request and reads its answer. With a `patience`, the controller has so
    /// long for the answer, counted from when it had a connection. `begin` is given what will tell
    /// whether there was a connection.
    ///
    /// A read whose service key is refused is sent again with the farm's other key. A change is
    /// not, but the next request has the other key.
    pub(crate) async fn post<R: Request>(
        &self,
        controller: &Controller,
        body: Bytes,
        effect: Effect,
        patience: Option<Duration>,
        begin: impl FnOnce(CaptureConnection),
    ) -> Result<R::Answer, CallError> {
        let Some(keys) = &self.key else {
            return self
                .post_once::<R>(controller, body, None, patience, begin)
                .await;
        };
        let key = keys.key();
        let result = self
            .post_once::<R>(controller, body.clone(), Some(key), patience, begin)
            .await;
        match result {
            Err(CallError::Http(status)) if refuses_key(status) => {
                match (effect, keys.other_than(key)) {
                    (Effect::Read, Some(other)) => {
                        self.post_once::<R>(controller, body, Some(other), patience, drop)
                            .await
                    }
                    _ => Err(CallError::Http(status)),
                }
            }
            result => result,
        }
    }

    async fn post_once<R: Request>(
        &self,
        controller: &Controller,
        body: Bytes,
        key: Option<&HeaderValue>,
        patience: Option<Duration>,
        begin: impl FnOnce(CaptureConnection),
    ) -> Result<R::Answer, CallError> {
        let mut request = http::Request::new(Full::new(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = controller.service().clone();
        request
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static("text/xml"));
        if let Some(key) = key {
            request.headers_mut().insert(SERVICE_KEY, key.clone());
        }
        let connection = capture_connection(&mut request);
        begin(connection.clone());
        tokio::select! {
            biased;
            answer = self.exchange::<R>(request) => answer,
            () = run_out(patience, connection) => Err(CallError::silent()),
        }
    }

    async fn exchange<R: Request>(
        &self,
        request: http::Request<Full<Bytes>>,
    ) -> Result<R::Answer, CallError> {
        let response = self.http.request(request).await?;
        if response.status() != StatusCode::OK {
            return Err(CallError::Http(response.status()));
        }
        let document = read_answer(response.into_body()).await?;
        let (_, answer) = decode_answer::<R>(&document)?;
        answer.map_err(CallError::Refused)
    }
}

/// Ends when a controller has had its time for an answer.
async fn run_out(patience: Option<Duration>, mut connection: CaptureConnection) {
    let Some(patience) = patience else {
        return std::future::pending().await;
    };
    drop(connection.wait_for_connection_metadata().await);
    tokio::time::sleep(patience).await;
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
