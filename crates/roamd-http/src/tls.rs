//! TLS of the listener.

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
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use x509_cert::der::Decode;

/// ALPN identifier of HTTP/2.
const ALPN_H2: &[u8] = b"h2";

/// TLS 1.2 and 1.3 with a certificate that can be replaced. Open connections keep the certificate
/// of their handshake. Clones share the certificate.
#[derive(Clone)]
pub struct ServerTls {
    current: Arc<watch::Sender<TlsCertificate>>,
}

/// Certificate chain and private key of a server, with the authorities of its clients.
#[derive(Clone)]
pub struct TlsCertificate {
    config: Arc<ServerConfig>,
    certificate: CertificateDer<'static>,
    valid_from: SystemTime,
    valid_until: SystemTime,
}

/// Error of certificate files.
#[derive(Debug, thiserror::Error)]
pub enum TlsCertificateError {
    /// The PEM text has no certificate.
    #[error("file of the certificate holds no certificate in PEM")]
    NoCertificate,
    /// A certificate is malformed.
    #[error("file of the certificate holds one that cannot be read")]
    BrokenCertificate,
    /// The PEM text has no private key, or only an encrypted one.
    #[error("file of the key holds no private key in PEM; an encrypted one cannot be used")]
    NoKey,
    /// The private key is malformed, or cannot sign.
    #[error("private key cannot be used")]
    BrokenKey(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The private key belongs to another certificate.
    #[error("private key is not that of the certificate")]
    OtherKey,
    /// The PEM text of client authorities has no usable certificate.
    #[error("file of the authorities of clients holds no usable certificate")]
    ClientAuthorities,
    /// rustls refuses the settings.
    #[error("TLS cannot be set up")]
    Setup(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Connection after the handshake.
pub(crate) struct Secured<C> {
    pub(crate) stream: TlsStream<C>,
    pub(crate) is_h2: bool,
    pub(crate) is_certified: bool,
}

impl TlsCertificate {
    /// Parses PEM texts: the certificate of the server, followed by intermediate certificates, and
    /// the private key. With client authorities, the server requests a certificate from clients. A
    /// client may present none, but an untrusted one ends the handshake.
    ///
    /// # Errors
    /// If a text has no usable content, or the key belongs to another certificate.
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
        // The order of the server puts the strongest suites first.
        config.ignore_client_order = true;
        config.alpn_protocols = vec![ALPN_H2.to_vec(), b"http/1.1".to_vec()];
        Ok(Self {
            config: Arc::new(config),
            certificate,
            valid_from,
            valid_until,
        })
    }

    /// Returns whether two PEM texts are exchanged: the one of the certificate holds a private key
    /// instead, and that of the key a certificate.
    #[must_use]
    pub fn are_exchanged(certificates: &[u8], key: &[u8]) -> bool {
        let has_certificate = |pem| CertificateDer::from_pem_slice(pem).is_ok();
        let has_key = |pem| PrivateKeyDer::from_pem_slice(pem).is_ok();
        has_key(certificates)
            && has_certificate(key)
            && !has_certificate(certificates)
            && !has_key(key)
    }

    /// Returns whether the certificate is valid at this time.
    #[must_use]
    pub fn is_valid_at(&self, time: SystemTime) -> bool {
        (self.valid_from..=self.valid_until).contains(&time)
    }

    /// Returns whether the certificate is for this host: a name, or an address in URL syntax.
    #[must_use]
    pub fn is_for(&self, host: &str) -> bool {
        let host = host.trim_start_matches('[').trim_end_matches(']');
        ServerName::try_from(host).is_ok_and(|name| {
            ParsedCertificate::try_from(&self.certificate)
                .is_ok_and(|certificate| verify_server_name(&certificate, &name).is_ok())
        })
    }

    /// Returns the public key of the certificate, as its `SubjectPublicKeyInfo` in DER.
    #[must_use]
    pub fn public_key(&self) -> Vec<u8> {
        let certificate = ParsedCertificate::try_from(&self.certificate);
        // A certificate that rustls uses is well-formed.
        let key = certificate.map(|it| it.subject_public_key_info());
        key.map(|key| key.as_ref().to_vec()).unwrap_or_default()
    }

    /// Returns when the certificate expires.
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
    /// Creates TLS with this certificate.
    #[must_use]
    pub fn new(certificate: TlsCertificate) -> Self {
        Self {
            current: Arc::new(watch::Sender::new(certificate)),
        }
    }

    /// Replaces the certificate for new connections.
    pub fn replace(&self, certificate: TlsCertificate) {
        self.current.send_replace(certificate);
    }

    /// Returns when the current certificate expires.
    #[must_use]
    pub fn expiry(&self) -> SystemTime {
        self.current.borrow().expiry()
    }

    /// Performs the handshake.
    pub(crate) async fn accept<C>(&self, stream: C) -> io::Result<Secured<C>>
    where
        C: AsyncRead + AsyncWrite + Unpin,
    {
        let config = Arc::clone(&self.current.borrow().config);
        let stream = TlsAcceptor::from(config).accept(stream).await?;
        let (_, session) = stream.get_ref();
        let is_h2 = session.alpn_protocol() == Some(ALPN_H2);
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

/// Returns the first and the last time of validity. Returns `None` if the certificate cannot be
/// parsed.
fn validity(certificate: &CertificateDer<'_>) -> Option<(SystemTime, SystemTime)> {
    let certificate = x509_cert::Certificate::from_der(certificate).ok()?;
    let validity = certificate.tbs_certificate().validity();
    let time = |seconds| UNIX_EPOCH.checked_add(Duration::from_secs(seconds));
    Some((
        time(validity.not_before.to_unix_duration().as_secs())?,
        time(validity.not_after.to_unix_duration().as_secs())?,
    ))
}
