//! TLS before a scripted farm, with a certificate of an authority of its own.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::Authority;

/// A controller that is reached through TLS. It stops with its runtime.
#[derive(Debug, Clone)]
pub struct TlsFront {
    /// Its URL, `https://localhost:PORT`.
    pub url: String,
    /// The authority to trust, in PEM.
    pub authority: String,
}

impl TlsFront {
    /// Before this controller, with a certificate for `localhost` to the end of that year.
    pub async fn start(behind: SocketAddr, year: i32) -> Self {
        let authority = Authority::new();
        let issued = authority.issue("localhost", year);
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
                    let mut behind = TcpStream::connect(behind).await.ok()?;
                    copy_bidirectional(&mut stream, &mut behind).await.ok()
                });
            }
        });
        Self {
            url: format!("https://localhost:{port}"),
            authority: authority.pem(),
        }
    }
}
