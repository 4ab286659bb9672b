//! TLS in front of a controller.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::certificates::{CertificateAuthority, IssuedCertificate};

/// A proxy that clients reach through TLS, and that passes their bytes on to a controller. It stops
/// with the runtime that it was started on.
#[derive(Debug, Clone)]
pub struct TlsProxy {
    /// URL of the proxy, `https://localhost:PORT`.
    pub url: String,
    /// Certificate of the authority that issued the proxy's certificate, in PEM.
    pub authority: String,
}

impl TlsProxy {
    /// Starts a proxy in front of a controller, with a certificate for `localhost` that is valid to
    /// the end of a year.
    pub async fn start(controller: SocketAddr, year: i32) -> Self {
        let authority = CertificateAuthority::new();
        Self::with_certificate(controller, &authority, &authority.issue("localhost", year)).await
    }

    /// Starts a proxy in front of a controller, with a certificate that an authority issued.
    pub async fn with_certificate(
        controller: SocketAddr,
        authority: &CertificateAuthority,
        issued: &IssuedCertificate,
    ) -> Self {
        let server = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![CertificateDer::from_pem_slice(issued.certificate.as_bytes()).unwrap()],
                PrivateKeyDer::from_pem_slice(issued.key.as_bytes()).unwrap(),
            )
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let acceptor = TlsAcceptor::from(Arc::new(server));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    let mut stream = acceptor.accept(stream).await.ok()?;
                    let mut upstream = TcpStream::connect(controller).await.ok()?;
                    copy_bidirectional(&mut stream, &mut upstream).await.ok()
                });
            }
        });
        Self {
            url: format!("https://localhost:{port}"),
            authority: authority.pem(),
        }
    }
}
