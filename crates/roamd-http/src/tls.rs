//! TLS before HTTP: who the server is, and how a connection is made secure.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustls::client::verify_server_name;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::{ParsedCertificate, WebPkiClientVerifier};
use rustls::version::{TLS12, TLS13};
use rustls::{RootCertStore, ServerConfig};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use x509_cert::der::Decode;

use crate::listener::Connection;

/// HTTP/2, as ALPN calls it.
const H2: &[u8] = b"h2";

/// TLS 1.2 and 1.3 under an identity that can be replaced: connections that are made keep the one that
/// they were made with. A clone is the same TLS.
#[derive(Clone)]
pub struct ServerTls {
    current: Arc<watch::Sender<TlsCertificate>>,
}

/// Who a server is: its certificates and their key, and whose certificates of clients it believes.
#[derive(Clone)]
pub struct TlsCertificate {
    config: Arc<ServerConfig>,
    certificate: CertificateDer<'static>,
    valid_from: SystemTime,
    valid_until: SystemTime,
}

/// Why there is no identity.
#[derive(Debug, thiserror::Error)]
pub enum TlsCertificateError {
    /// No PEM section with a certificate.
    #[error("file of the certificate holds no certificate in PEM")]
    NoCertificate,
    /// A section that is no certificate.
    #[error("file of the certificate holds one that cannot be read")]
    BrokenCertificate,
    /// No PEM section with a key, or an encrypted one.
    #[error("file of the key holds no private key in PEM; an encrypted one cannot be used")]
    NoKey,
    /// A section that is no key, or a key that cannot sign.
    #[error("private key cannot be used")]
    BrokenKey(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The key is that of another certificate.
    #[error("private key is not that of the certificate")]
    OtherKey,
    /// Nobody to believe.
    #[error("file of the authorities of clients holds no usable certificate")]
    ClientAuthorities,
    /// The library refuses what it was given.
    #[error("TLS cannot be set up")]
    Setup(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// A connection behind a finished handshake.
pub(crate) struct Secured<C> {
    pub(crate) stream: TlsStream<C>,
    pub(crate) is_h2: bool,
    pub(crate) is_certified: bool,
}

impl TlsCertificate {
    /// From PEM: the server's certificate with those between it and its authority, and its key. With
    /// authorities of clients, clients are asked for a certificate; they may have none, but a wrong
    /// one ends the handshake.
    ///
    /// # Errors
    /// Something is missing or does not fit.
    pub fn from_pem(
        certificates: &[u8],
        key: &[u8],
        client_authorities: Option<&[u8]>,
    ) -> Result<Self, TlsCertificateError> {
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(certificates).collect();
        let chain = chain.map_err(|_| TlsCertificateError::BrokenCertificate)?;
        let own = chain.first().ok_or(TlsCertificateError::NoCertificate)?;
        let (valid_from, valid_until) =
            validity(own).ok_or(TlsCertificateError::BrokenCertificate)?;
        let certificate = own.clone();
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| match error {
            pem::Error::NoItemsFound => TlsCertificateError::NoKey,
            error => TlsCertificateError::BrokenKey(Box::new(error)),
        })?;
        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[&TLS13, &TLS12])
            .map_err(|error| TlsCertificateError::Setup(Box::new(error)))?;
        let builder = match client_authorities {
            None => builder.with_no_client_auth(),
            Some(pem) => {
                let roots = authorities(pem)?;
                let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider)
                    .allow_unauthenticated()
                    .build()
                    .map_err(|error| TlsCertificateError::Setup(Box::new(error)))?;
                builder.with_client_cert_verifier(verifier)
            }
        };
        let mut config = builder
            .with_single_cert(chain, key)
            .map_err(|error| match error {
                rustls::Error::InconsistentKeys(_) => TlsCertificateError::OtherKey,
                rustls::Error::InvalidCertificate(_) => TlsCertificateError::BrokenCertificate,
                error => TlsCertificateError::BrokenKey(Box::new(error)),
            })?;
        // The strongest of what both know, whatever the client would like best.
        config.ignore_client_order = true;
        config.alpn_protocols = vec![H2.to_vec(), b"http/1.1".to_vec()];
        Ok(Self {
            config: Arc::new(config),
            certificate,
            valid_from,
            valid_until,
        })
    }

    /// Whether its certificate is valid at a time: not expired, and begun.
    #[must_use]
    pub fn is_valid_at(&self, time: SystemTime) -> bool {
        (self.valid_from..=self.valid_until).contains(&time)
    }

    /// Whether its certificate is for this host: a name, or an address as URLs have it.
    #[must_use]
    pub fn is_for(&self, host: &str) -> bool {
        let host = host.trim_start_matches('[').trim_end_matches(']');
        ServerName::try_from(host).is_ok_and(|name| {
            ParsedCertificate::try_from(&self.certificate)
                .is_ok_and(|certificate| verify_server_name(&certificate, &name).is_ok())
        })
    }

    /// When its certificate expires.
    #[must_use]
    pub fn expiry(&self) -> SystemTime {
        self.valid_until
    }
}

impl fmt::Debug for TlsCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsCertificate")
            .field("valid_from", &self.valid_from)
            .field("valid_until", &self.valid_until)
            .finish_non_exhaustive()
    }
}

impl ServerTls {
    /// Under this identity.
    #[must_use]
    pub fn new(identity: TlsCertificate) -> Self {
        Self {
            current: Arc::new(watch::Sender::new(identity)),
        }
    }

    /// Makes connections under another identity from now on.
    pub fn replace(&self, identity: TlsCertificate) {
        self.current.send_replace(identity);
    }

    /// When the certificate in use expires.
    #[must_use]
    pub fn expiry(&self) -> SystemTime {
        self.current.borrow().expiry()
    }

    /// Takes a handshake.
    pub(crate) async fn accept<C: Connection>(&self, stream: C) -> io::Result<Secured<C>> {
        let config = Arc::clone(&self.current.borrow().config);
        let stream = TlsAcceptor::from(config).accept(stream).await?;
        let (_, session) = stream.get_ref();
        let is_h2 = session.alpn_protocol() == Some(H2);
        let is_certified = session.peer_certificates().is_some();
        Ok(Secured {
            stream,
            is_h2,
            is_certified,
        })
    }
}

impl fmt::Debug for ServerTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerTls").finish_non_exhaustive()
    }
}

fn authorities(pem: &[u8]) -> Result<Arc<RootCertStore>, TlsCertificateError> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|_| TlsCertificateError::ClientAuthorities)?;
        roots
            .add(certificate)
            .map_err(|_| TlsCertificateError::ClientAuthorities)?;
    }
    if roots.is_empty() {
        return Err(TlsCertificateError::ClientAuthorities);
    }
    Ok(Arc::new(roots))
}

/// From when to when a certificate is valid; nothing where it does not say it legibly.
fn validity(certificate: &CertificateDer<'_>) -> Option<(SystemTime, SystemTime)> {
    let certificate = x509_cert::Certificate::from_der(certificate).ok()?;
    let validity = certificate.tbs_certificate().validity();
    let time = |seconds| UNIX_EPOCH.checked_add(Duration::from_secs(seconds));
    Some((
        time(validity.not_before.to_unix_duration().as_secs())?,
        time(validity.not_after.to_unix_duration().as_secs())?,
    ))
}
