//! TLS of servers under load: a certificate of a private authority, and clients that trust it.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use roamd_testkit::CertificateAuthority;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, version};

/// Host of all servers under load.
const HOST: &str = "127.0.0.1";
/// Last year in which a certificate is valid.
const LAST_YEAR: i32 = 2099;

/// A certificate for servers on the loopback address, in files, and the clients that trust it.
pub struct Certificate {
    /// PEM file of the certificate.
    pub certificate: PathBuf,
    /// PEM file of its private key.
    pub key: PathBuf,
    /// Section `[tls]` of a server's configuration.
    pub section: String,
    /// Clients that trust it.
    pub clients: TlsClients,
}

/// Clients that speak TLS 1.3 and trust one authority.
#[derive(Clone)]
pub struct TlsClients(Arc<ClientConfig>);

impl Certificate {
    /// Issues a certificate and writes it into a new folder.
    ///
    /// # Errors
    /// If the folder exists or cannot be written.
    pub fn issue(folder: &Path) -> Result<Self> {
        fs::create_dir(folder)
            .with_context(|| format!("cannot create the folder {}", folder.display()))?;
        let authority = CertificateAuthority::new();
        let section = authority.issue(HOST, LAST_YEAR).write(folder);
        Ok(Self {
            certificate: folder.join("cert.pem"),
            key: folder.join("key.pem"),
            section,
            clients: TlsClients::trusting(&authority.pem())?,
        })
    }
}

impl TlsClients {
    fn trusting(authority: &str) -> Result<Self> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(authority.as_bytes())?)?;
        let provider = Arc::new(aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&version::TLS13])?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self(Arc::new(config)))
    }

    /// Returns the same clients, which speak HTTP/2 and offer nothing else.
    #[must_use]
    pub fn with_http2(&self) -> Self {
        let mut config = ClientConfig::clone(&self.0);
        config.alpn_protocols = vec![b"h2".to_vec()];
        Self(Arc::new(config))
    }

    /// Makes a TLS handshake.
    ///
    /// # Errors
    /// If the handshake fails.
    pub async fn connect(
        &self,
        stream: TcpStream,
        server: SocketAddr,
    ) -> Result<TlsStream<TcpStream>> {
        TlsConnector::from(Arc::clone(&self.0))
            .connect(server.ip().into(), stream)
            .await
            .context("the TLS handshake failed")
    }
}
