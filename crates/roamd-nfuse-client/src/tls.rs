//! TLS to controllers: whom to trust, and what a certificate said of itself.

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

/// Whom a farm's controllers have to be for requests to go to them through TLS. A clone is cheap.
#[derive(Clone)]
pub struct ClientTls {
    connector: TlsConnector,
    name: Option<ServerName<'static>>,
}

/// Why TLS cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The system has no authorities that it trusts.
    #[error("system trusts no certificate authority; install ca-certificates")]
    NoSystemRoots,
    /// The text holds no certificate, or a broken one.
    #[error("file of certificate authorities holds no usable certificate")]
    Authorities,
    /// A name that no certificate can have.
    #[error("name is neither a DNS name nor an address")]
    Name,
    /// The library refuses what it was given.
    #[error("TLS cannot be set up")]
    Setup(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl ClientTls {
    /// With this trust. Certificates have to be for `name` where it is given, which is for
    /// controllers that are configured by their address.
    ///
    /// # Errors
    /// There is nobody to trust, or the name is none.
    pub fn new(trust: &Trust, name: Option<&str>) -> Result<Self, TlsError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let setup = |error| TlsError::Setup(Box::new(error));
        let verifier: Arc<dyn ServerCertVerifier> = match trust {
            Trust::System => verifier(system_roots()?, &provider)?,
            Trust::Authorities(pem) => verifier(authorities(pem)?, &provider)?,
            Trust::PublicKeys(pins) => Arc::new(Pinned {
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

    /// Makes a connection secure, and tells when the certificate of the other end expires.
    pub(crate) async fn secure(
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

/// Believes whoever proves to hold one of the keys.
#[derive(Debug)]
struct Pinned {
    pins: Vec<PublicKeyPin>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Pinned {
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

/// What the system trusts, read once; certificates of it that cannot be read are nobody's.
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

/// Every certificate of an operator's own file has to be good.
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

/// When a certificate ends; nothing where it does not say it legibly.
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
    fn what_cannot_be_trusted_is_told_at_once() {
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
