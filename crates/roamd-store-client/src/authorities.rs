//! Certificate authorities that a client trusts instead of those of the system.

use std::sync::Arc;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// Certificate authorities for https; at least one.
#[derive(Debug, Clone)]
pub struct Authorities(pub(crate) Arc<RootCertStore>);

/// Error of a text that is not a list of certificates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("has to contain certificates in PEM, each between BEGIN CERTIFICATE and END CERTIFICATE")]
pub struct AuthoritiesError;

impl Authorities {
    /// Parses certificates in PEM.
    ///
    /// # Errors
    /// If there is no certificate, or a malformed one.
    pub fn from_pem(pem: &[u8]) -> Result<Self, AuthoritiesError> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(|_| AuthoritiesError)?;
            roots.add(certificate).map_err(|_| AuthoritiesError)?;
        }
        match roots.is_empty() {
            true => Err(AuthoritiesError),
            false => Ok(Self(Arc::new(roots))),
        }
    }
}
