//! The receiver of spans, reached by HTTP.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST, USER_AGENT};
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use roamd_nfuse_client::{
    ClientTls, ControllerUrl, Network, Security, SystemNetwork, TlsError, Trust,
};
use tokio_util::task::AbortOnDropHandle;

use super::otlp;

/// Path of the service for traces (OTLP/HTTP).
const PATH: &str = "/v1/traces";

/// Longest response that is read, in bytes.
const LONGEST_RESPONSE: usize = 64 * 1024;

/// Receiver of spans. Each message has a connection of its own, since there is one in a second, and
/// the collector may be behind a load balancer.
pub(super) struct Collector {
    endpoint: ControllerUrl,
    /// `None` for plain HTTP.
    tls: Option<ClientTls>,
    network: SystemNetwork,
}

/// Spans were not accepted.
#[derive(Debug, thiserror::Error)]
pub(super) enum CollectorError {
    #[error("collector did not respond in time")]
    TimedOut,
    #[error("collector responded with HTTP status {0}")]
    Status(StatusCode),
    #[error("collector cannot be reached")]
    Connection(#[from] std::io::Error),
    #[error("connection to the collector was lost")]
    Http(#[from] hyper::Error),
    #[error("request to the collector cannot be made")]
    Request(#[from] http::Error),
    #[error("spans cannot be written as JSON")]
    Json(#[from] serde_json::Error),
}

impl Collector {
    /// # Errors
    /// [`TlsError`] if the certificate authorities of the system cannot be used.
    pub(super) fn new(endpoint: &ControllerUrl) -> Result<Self, TlsError> {
        let tls = match endpoint.security() {
            Security::Plain => None,
            Security::Tls => Some(ClientTls::new(&Trust::System, None)?),
        };
        Ok(Self {
            endpoint: endpoint.clone(),
            tls,
            network: SystemNetwork::new(),
        })
    }

    pub(super) fn endpoint(&self) -> &ControllerUrl {
        &self.endpoint
    }

    /// Sends a message. Returns the number of its spans that the collector rejected.
    ///
    /// # Errors
    /// If the collector does not accept it.
    pub(super) async fn post(&self, message: Vec<u8>) -> Result<u64, CollectorError> {
        let (host, port) = (self.endpoint.host(), self.endpoint.port());
        let mut stream = self.network.connect(host, port).await?;
        if let Some(tls) = &self.tls {
            (stream, _) = tls.secure(host, stream).await?;
        }
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        let _connection = AbortOnDropHandle::new(tokio::spawn(connection));
        let request = Request::post(PATH)
            .header(HOST, self.endpoint.host_header())
            .header(CONTENT_TYPE, "application/json")
            .header(USER_AGENT, concat!("roamd/", env!("CARGO_PKG_VERSION")))
            .body(Full::<Bytes>::from(message))?;
        let response = sender.send_request(request).await?;
        if !response.status().is_success() {
            return Err(CollectorError::Status(response.status()));
        }
        // A response that cannot be read rejects nothing.
        let body = Limited::new(response.into_body(), LONGEST_RESPONSE);
        let body = body
            .collect()
            .await
            .map(http_body_util::Collected::to_bytes);
        Ok(body.map_or(0, |body| otlp::rejected_spans(&body)))
    }
}
