//! A connection to one endpoint.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, TE};
use hyper::body::Incoming;
use hyper::client::conn::http2::{Builder, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use prost::Message;

use crate::endpoint::{Endpoint, Scheme};
use crate::error::CallError;
use crate::network::Network;
use crate::request_body::RequestBody;
use crate::response_body::ResponseBody;
use crate::tls::ClientTls;

/// Interval at which an endpoint has to show that it is alive, and the time that it has.
const PING_INTERVAL: Duration = Duration::from_secs(10);
const PING_TIMEOUT: Duration = Duration::from_secs(5);

/// An open connection. A clone is the same connection. Its task ends with the last clone.
#[derive(Clone)]
pub(crate) struct Connection {
    sender: SendRequest<RequestBody>,
    scheme: Scheme,
    authority: Arc<str>,
    /// Token of the signed-in user.
    token: Option<HeaderValue>,
    /// Whether the endpoint has responded to a call.
    has_responded: Arc<AtomicBool>,
}

impl Connection {
    /// Connects to an endpoint.
    ///
    /// # Errors
    /// If the endpoint does not accept the connection.
    pub(crate) async fn open(
        network: &dyn Network,
        tls: Option<&ClientTls>,
        endpoint: &Endpoint,
    ) -> Result<Self, CallError> {
        let failed = |error: io::Error| CallError::Connect(Arc::new(error));
        let stream = network.connect(&endpoint.host, endpoint.port);
        let stream = stream.await.map_err(failed)?;
        let stream = match (endpoint.scheme, tls) {
            (Scheme::Http, _) => stream,
            (Scheme::Https, Some(tls)) => {
                let secure = tls.secure(&endpoint.host, stream).await;
                secure.map_err(|error| CallError::Tls(Arc::new(error)))?
            }
            (Scheme::Https, None) => {
                return Err(failed(io::Error::other("no certificate authority is set")));
            }
        };
        let (sender, driver) = Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .keep_alive_interval(PING_INTERVAL)
            .keep_alive_timeout(PING_TIMEOUT)
            .keep_alive_while_idle(true)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|error| failed(io::Error::other(error)))?;
        // Its error is that of the calls.
        drop(tokio::spawn(driver));
        Ok(Self {
            sender,
            scheme: endpoint.scheme,
            authority: endpoint.authority().into(),
            token: None,
            has_responded: Arc::default(),
        })
    }

    /// Adds the token of a user to all calls.
    pub(crate) fn with_token(self, token: &str) -> Result<Self, CallError> {
        let mut token = HeaderValue::from_str(token).map_err(|_| CallError::Malformed)?;
        token.set_sensitive(true);
        Ok(Self {
            token: Some(token),
            ..self
        })
    }

    /// Calls a method with one response.
    pub(crate) async fn call<R: Message + Default>(
        &self,
        method: &str,
        request: &impl Message,
    ) -> Result<R, CallError> {
        let response = self.send(method, RequestBody::unary(request)).await?;
        let mut body = ResponseBody::of(response)?;
        let message = body.next().await?.ok_or(CallError::Malformed)?;
        // The trailers may still refuse.
        match body.next::<R>().await? {
            None => Ok(message),
            Some(_) => Err(CallError::Malformed),
        }
    }

    /// Calls a method with a stream of responses.
    pub(crate) async fn stream(
        &self,
        method: &str,
        request: &impl Message,
    ) -> Result<ResponseBody, CallError> {
        ResponseBody::of(self.send(method, RequestBody::open(request)).await?)
    }

    async fn send(
        &self,
        method: &str,
        body: RequestBody,
    ) -> Result<http::Response<Incoming>, CallError> {
        let uri = format!("{}://{}{method}", self.scheme.as_str(), self.authority);
        let mut request = http::Request::post(uri)
            .header(CONTENT_TYPE, "application/grpc")
            .header(TE, "trailers")
            .header("hasleader", "true")
            .body(body)
            .map_err(|_| CallError::Malformed)?;
        if let Some(token) = &self.token {
            request.headers_mut().insert(AUTHORIZATION, token.clone());
        }
        let mut sender = self.sender.clone();
        let broken = |error| {
            if self.has_responded.load(Ordering::Relaxed) {
                CallError::Broken(Arc::new(error))
            } else {
                // Mostly one of settings: no gRPC, TLS, a certificate.
                CallError::NoResponse(self.scheme)
            }
        };
        sender.ready().await.map_err(broken)?;
        let response = sender.send_request(request).await.map_err(broken)?;
        self.has_responded.store(true, Ordering::Relaxed);
        Ok(response)
    }
}
