//! The files of the listener's TLS.

use std::path::PathBuf;

/// The files that `[tls]` names. The server reads them again while it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenerTls {
    /// The certificate and its intermediate certificates, in PEM.
    pub certificate_file: PathBuf,
    /// The private key of the certificate, in PEM.
    pub key_file: PathBuf,
    /// Authorities of the certificates of proxies, in PEM. `None` if the listener requests no
    /// client certificate.
    pub client_ca_file: Option<PathBuf>,
}
