//! A proxy from HTTP/1.1 to HTTP/2.

use std::net::SocketAddr;
use std::sync::Arc;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http2::{self, SendRequest};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, Version};
use hyper_util::rt::{TokioExecutor, TokioIo};
use roamd_testkit::CertificateAuthority;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::http_peer::HttpPeer;

/// A proxy that sends all requests over one HTTP/2 connection. It stops with the runtime that it
/// was started on.
#[derive(Debug, Clone, Copy)]
pub struct H2Bridge {
    /// The proxy, for clients of HTTP/1.1.
    pub server: HttpPeer,
}

impl H2Bridge {
    /// Starts a proxy to a server whose certificate for `localhost` is from this authority.
    pub async fn start(server: SocketAddr, authority: &CertificateAuthority) -> Self {
        let sender = connect(server, authority).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let sender = sender.clone();
                let service = service_fn(move |request| pass_on(sender.clone(), request));
                let served = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
                tokio::spawn(served);
            }
        });
        Self {
            server: HttpPeer::new(address),
        }
    }
}

async fn connect(server: SocketAddr, authority: &CertificateAuthority) -> SendRequest<Full<Bytes>> {
    let mut roots = RootCertStore::empty();
    let pem = authority.pem();
    roots
        .add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap())
        .unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let stream = TcpStream::connect(server).await.unwrap();
    let connector = TlsConnector::from(Arc::new(config));
    let stream = connector
        .connect("localhost".try_into().unwrap(), stream)
        .await
        .unwrap();
    let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
        .await
        .unwrap();
    tokio::spawn(connection);
    sender
}

async fn pass_on(
    mut sender: SendRequest<Full<Bytes>>,
    request: Request<Incoming>,
) -> hyper::Result<Response<Full<Bytes>>> {
    let (mut parts, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let path = parts.uri.path_and_query().unwrap();
    parts.uri = format!("https://localhost{path}").parse().unwrap();
    parts.version = Version::HTTP_2;
    for name in ["host", "connection"] {
        parts.headers.remove(name);
    }
    let response = sender
        .send_request(Request::from_parts(parts, Full::new(body)))
        .await?;
    assert_eq!(response.version(), Version::HTTP_2);
    let (mut parts, body) = response.into_parts();
    parts.version = Version::HTTP_11;
    let body = body.collect().await?.to_bytes();
    Ok(Response::from_parts(parts, Full::new(body)))
}
