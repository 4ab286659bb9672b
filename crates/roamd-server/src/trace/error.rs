//! Why traces cannot be sent.

use std::io;

use roamd_nfuse_client::TlsError;

/// Traces cannot be sent.
#[derive(Debug, thiserror::Error)]
pub enum TracerError {
    /// TLS to the collector cannot be set up.
    #[error("cannot set up TLS to the collector of traces")]
    Tls(#[from] TlsError),
    /// The thread of the exporter cannot be started.
    #[error("cannot start the thread that sends traces")]
    Thread(#[from] io::Error),
}
