//! Health check from outside: asks a running server whether it is ready.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use roamd_nfuse_client::{ClientTls, Network, PublicKeyPin, Stream, SystemNetwork, Trust};
use sha2::{Digest, Sha256};
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

use crate::config::Endpoint;
use crate::tls::{self, TlsCertificateFileError};

/// Longest response that is read, in bytes.
const LONGEST_RESPONSE: usize = 64 * 1024;

/// Response of `/readyz`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthcheckResult {
    /// Whether the server is ready.
    pub is_ready: bool,
    /// Body of the response.
    pub text: String,
}

/// Error of a health check.
#[derive(Debug, thiserror::Error)]
pub enum HealthcheckError {
    /// The configuration names no port.
    #[error("`listen` has port 0, so the port of the running server is unknown")]
    NoPort,
    /// The certificate of the listener cannot be read.
    #[error(transparent)]
    Certificate(#[from] TlsCertificateFileError),
    /// No server responds at the address.
    #[error("no server responds at {address}")]
    NoResponse {
        /// Address of the listener.
        address: SocketAddr,
        /// Cause.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// What listens at the address is not the server of the configuration: it speaks no TLS, or
    /// has another key.
    #[error(
        "no secure connection with the server at {address}; was its certificate renewed without \
         a reload, or its [tls] section changed without a restart?"
    )]
    NotSecure {
        /// Address of the listener.
        address: SocketAddr,
        /// Cause.
        source: io::Error,
    },
    /// The server did not respond in time.
    #[error("server at {0} did not respond in time")]
    TimedOut(SocketAddr),
}

/// Asks `/readyz` of the listener of a server. With TLS, the server has to present the key
/// of the configured certificate.
///
/// # Errors
/// If there is no response within this time.
pub async fn healthcheck(
    endpoint: &Endpoint,
    limit: Duration,
) -> Result<HealthcheckResult, HealthcheckError> {
    let address = local(endpoint.listen);
    if address.port() == 0 {
        return Err(HealthcheckError::NoPort);
    }
    let tls = match &endpoint.tls {
        Some(files) => Some(pinned(&tls::read(files)?)?),
        None => None,
    };
    match timeout(limit, ask(endpoint, address, tls)).await {
        Ok(result) => result,
        Err(_) => Err(HealthcheckError::TimedOut(address)),
    }
}

async fn ask(
    endpoint: &Endpoint,
    address: SocketAddr,
    tls: Option<ClientTls>,
) -> Result<HealthcheckResult, HealthcheckError> {
    let host = endpoint.base_urls.canonical().host();
    let network = SystemNetwork::new();
    let (ip, port) = (address.ip().to_string(), address.port());
    let connected = network.connect(&ip, port).await;
    let mut stream = connected.map_err(|source| HealthcheckError::NoResponse {
        address,
        source: source.into(),
    })?;
    if let Some(tls) = tls {
        let name = host.trim_start_matches('[').trim_end_matches(']');
        let secured = tls.secure(name, stream).await;
        (stream, _) = secured.map_err(|source| HealthcheckError::NotSecure { address, source })?;
    }
    readiness(host, stream)
        .await
        .map_err(|source| HealthcheckError::NoResponse { address, source })
}

async fn readiness(
    host: &str,
    stream: Box<dyn Stream>,
) -> Result<HealthcheckResult, Box<dyn std::error::Error + Send + Sync>> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let _connection = AbortOnDropHandle::new(tokio::spawn(connection));
    let request = Request::get("/readyz")
        .header(header::HOST, host)
        .header(header::ACCEPT, "text/plain")
        .body(Empty::<Bytes>::new())?;
    let response = sender.send_request(request).await?;
    let is_ready = response.status() == StatusCode::OK;
    let body = Limited::new(response.into_body(), LONGEST_RESPONSE);
    let bytes = body.collect().await?.to_bytes();
    Ok(HealthcheckResult {
        is_ready,
        text: String::from_utf8_lossy(&bytes).into_owned(),
    })
}

/// TLS that accepts the key of this certificate only.
fn pinned(certificate: &roamd_http::TlsCertificate) -> Result<ClientTls, HealthcheckError> {
    let key = certificate.public_key();
    let pin = PublicKeyPin::from_digest(Sha256::digest(&key).into());
    let tls = ClientTls::new(&Trust::PublicKeys(vec![pin]), None);
    tls.map_err(|error| {
        let setup = roamd_http::TlsCertificateError::Setup(Box::new(error));
        HealthcheckError::Certificate(setup.into())
    })
}

/// An address at which this machine reaches the listener.
fn local(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}
