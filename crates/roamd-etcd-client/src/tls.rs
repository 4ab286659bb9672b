//! TLS to etcd.

use std::fmt;
use std::io;
use std::sync::Arc;

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;

use crate::network::Stream;

/// TLS settings for all endpoints. A clone is cheap.
#[derive(Clone)]
pub struct ClientTls(TlsConnector);

/// Error of TLS settings.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The PEM text has no certificate of an authority, or a malformed one.
    #[error("file of certificate authorities holds no usable certificate")]
    Authorities,
    /// The PEM text has no certificate of the client, or a malformed one.
    #[error("file of the client certificate holds no usable certificate")]
    Certificate,
    /// The PEM text has no private key.
    #[error("file of the client key holds no private key in PEM; an encrypted one cannot be used")]
    Key,
    /// rustls refuses the settings.
    #[error("client certificate and its key cannot be used")]
    Setup(#[from] rustls::Error),
}

impl ClientTls {
    /// Creates settings that trust the authorities of a PEM text. `identity` is the certificate of
    /// the client and its private key, in PEM; `None` if the client has none.
    ///
    /// # Errors
    /// If a text has nothing usable, or the key is not that of the certificate.
    pub fn new(authorities: &[u8], identity: Option<(&[u8], &[u8])>) -> Result<Self, TlsError> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(authorities) {
            let certificate = certificate.map_err(|_| TlsError::Authorities)?;
            roots.add(certificate).map_err(|_| TlsError::Authorities)?;
        }
        if roots.is_empty() {
            return Err(TlsError::Authorities);
        }
        let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots);
        let mut config = match identity {
            None => builder.with_no_client_auth(),
            Some((certificate, key)) => {
                let chain: Result<Vec<_>, _> =
                    CertificateDer::pem_slice_iter(certificate).collect();
                let chain = chain.map_err(|_| TlsError::Certificate)?;
                if chain.is_empty() {
                    return Err(TlsError::Certificate);
                }
                let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| TlsError::Key)?;
                builder.with_client_auth_cert(chain, key)?
            }
        };
        config.alpn_protocols = vec![b"h2".to_vec()];
        Ok(Self(TlsConnector::from(Arc::new(config))))
    }

    /// Performs the handshake.
    pub(crate) async fn secure(
        &self,
        host: &str,
        stream: Box<dyn Stream>,
    ) -> io::Result<Box<dyn Stream>> {
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        Ok(Box::new(self.0.connect(name, stream).await?))
    }
}

impl fmt::Debug for ClientTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientTls")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unusable_authorities_are_rejected() {
        let broken = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for pem in [&b""[..], b"rubbish", broken] {
            assert!(matches!(
                ClientTls::new(pem, None),
                Err(TlsError::Authorities)
            ));
        }
    }
}
