//! How controllers are authenticated.

use roamd_nfuse_proto::transport::Trust;

/// How the `https` controllers of a farm, or the `https` ticket authorities of a Citrix Gateway,
/// are authenticated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControllerTls {
    /// Which certificates are trusted.
    pub trust: Trust,
    /// The name that certificates have to be for, if it is not the host of the URL.
    pub name: Option<String>,
}
