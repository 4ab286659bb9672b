//! TLS to controllers.

use std::fmt;
use std::io;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use roamd_nfuse_proto::transport::{PublicKeyPin, Trust};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
};
use sha2::{Digest, Sha256};
use tokio_rustls::TlsConnector;
use x509_cert::der::Decode;

use crate::Stream;

/// TLS settings for the controllers of a farm. A clone is cheap.
#[derive(Clone)]
pub struct ClientTls {
    connector: TlsConnector,
    name: Option<ServerName<'static>>,
}

/// Error of TLS settings.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The system has no trusted authorities.
    #[error("system trusts no certificate authority; install ca-certificates")]
    NoSystemRoots,
    /// The PEM text has no certificate, or a malformed one.
    #[error("file of certificate authorities holds no usable certificate")]
    Authorities,
    /// The name is neither a DNS name nor an IP address.
    #[error("name is neither a DNS name nor an address")]
    Name,
    /// rustls refuses the settings.
    #[error("TLS cannot be set up")]
    Setup(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl ClientTls {
    /// Creates settings with this trust. If `name` is given, certificates have to be for this name
    /// instead of the host of the URL.
    ///
    /// # Errors
    /// If there is no usable authority, or the name is malformed.
    pub fn new(trust: &Trust, name: Option<&str>) -> Result<Self, TlsError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let setup = |error| TlsError::Setup(Box::new(error));
        let verifier: Arc<dyn ServerCertVerifier> = match trust {
            Trust::System => verifier(system_roots()?, &provider)?,
            Trust::Authorities(pem) => verifier(authorities(pem)?, &provider)?,
            Trust::PublicKeys(pins) => Arc::new(PinnedKeyVerifier {
                pins: pins.clone(),
                provider: Arc::clone(&provider),
            }),
        };
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(setup)?
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth();
        let name = name
            .map(|name| ServerName::try_from(name.to_owned()).map_err(|_| TlsError::Name))
            .transpose()?;
        Ok(Self {
            connector: TlsConnector::from(Arc::new(config)),
            name,
        })
    }

    /// Performs the handshake. Returns the secure stream and the expiry of the peer's certificate.
    ///
    /// # Errors
    /// If the host is no name or address, or the peer is not trusted.
    pub async fn secure(
        &self,
        host: &str,
        stream: Box<dyn Stream>,
    ) -> io::Result<(Box<dyn Stream>, Option<SystemTime>)> {
        let name = match &self.name {
            Some(name) => name.clone(),
            None => ServerName::try_from(host.to_owned()).map_err(io::Error::other)?,
        };
        let stream = self.connector.connect(name, stream).await?;
        let (_, session) = stream.get_ref();
        let certificate = session.peer_certificates().and_then(<[_]>::first);
        let expiry = certificate.and_then(expiry);
        Ok((Box::new(stream), expiry))
    }
}

impl fmt::Debug for ClientTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientTls")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// Verifier that accepts any certificate with one of the pinned keys.
#[derive(Debug)]
struct PinnedKeyVerifier {
    pins: Vec<PublicKeyPin>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for PinnedKeyVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let key = ParsedCertificate::try_from(end_entity)?.subject_public_key_info();
        let pin = PublicKeyPin::from_digest(Sha256::digest(key.as_ref()).into());
        if self.pins.contains(&pin) {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(CertificateError::ApplicationVerificationFailure.into())
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

fn verifier(
    roots: Arc<RootCertStore>,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<WebPkiServerVerifier>, TlsError> {
    WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(provider))
        .build()
        .map_err(|error| TlsError::Setup(Box::new(error)))
}

/// Returns the roots of the system. They are read once; malformed certificates are ignored.
fn system_roots() -> Result<Arc<RootCertStore>, TlsError> {
    static ROOTS: OnceLock<Arc<RootCertStore>> = OnceLock::new();
    if let Some(roots) = ROOTS.get() {
        return Ok(Arc::clone(roots));
    }
    let mut roots = RootCertStore::empty();
    let (usable, _) =
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if usable == 0 {
        return Err(TlsError::NoSystemRoots);
    }
    Ok(Arc::clone(ROOTS.get_or_init(|| Arc::new(roots))))
}

/// Parses the operator's authorities. A malformed certificate is an error.
fn authorities(pem: &[u8]) -> Result<Arc<RootCertStore>, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|_| TlsError::Authorities)?;
        roots.add(certificate).map_err(|_| TlsError::Authorities)?;
    }
    if roots.is_empty() {
        return Err(TlsError::Authorities);
    }
    Ok(Arc::new(roots))
}

/// Returns when a certificate expires. Returns `None` if it cannot be parsed.
fn expiry(certificate: &CertificateDer<'_>) -> Option<SystemTime> {
    let certificate = x509_cert::Certificate::from_der(certificate).ok()?;
    let seconds = certificate
        .tbs_certificate()
        .validity()
        .not_after
        .to_unix_duration()
        .as_secs();
    UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unusable_trust_or_name_is_rejected() {
        let cases = [
            (Trust::Authorities(Vec::new()), None),
            (Trust::Authorities(b"rubbish".to_vec()), None),
            (
                Trust::Authorities(
                    b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_vec(),
                ),
                None,
            ),
            (Trust::PublicKeys(Vec::new()), Some("not a name")),
        ];
        for (trust, name) in cases {
            assert!(ClientTls::new(&trust, name).is_err(), "{trust:?} {name:?}");
        }
    }
}
