//! Files and settings of TLS.

use std::path::PathBuf;

use roamd_nfuse_proto::transport::Trust;

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

/// Authentication of the `https` controllers of a farm, or of the `https` ticket authorities of a
/// Citrix Gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControllerTls {
    /// Which certificates are trusted.
    pub trust: Trust,
    /// The name that certificates have to be for, if it is not the host of the URL.
    pub name: Option<String>,
}
