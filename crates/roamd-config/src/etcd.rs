//! A group of servers on etcd.

use std::path::PathBuf;
use std::time::Duration;

use roamd_nfuse_proto::transport::ControllerUrl;

/// A group of servers on etcd.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Etcd {
    /// The members of etcd; at least one.
    pub endpoints: Vec<ControllerUrl>,
    /// Prefix of all keys. It begins and ends with a slash.
    pub prefix: String,
    /// Authorities of the certificates of `https` endpoints, in PEM.
    pub tls_ca_file: Option<PathBuf>,
    /// The certificate of this client and its private key, in PEM.
    pub tls_identity: Option<(PathBuf, PathBuf)>,
    /// User, and the file of the password.
    pub user: Option<(String, PathBuf)>,
    /// Time for a call.
    pub timeout: Duration,
    /// What the server does while it cannot reach etcd.
    pub when_unreachable: WhenUnreachable,
    /// File of the key that seals what etcd must not know.
    pub cluster_key_file: PathBuf,
}

/// What a server does while it cannot reach etcd.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenUnreachable {
    /// It continues with the last known state.
    Serve,
    /// It refuses all requests that need the state.
    Refuse,
}
