//! Why a server does not start.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use roamd_citrixauth::AudienceError;
use roamd_nfuse_client::TlsError;
use roamd_state::{GroupError, OpenError};

use crate::audit::AuditError;
use crate::config::EtcdFileError;
use crate::data_dir::DataDirError;
use crate::keys::KeysError;
use crate::revocations::RevocationsError;
use crate::tls::TlsCertificateFileError;
use crate::trace::TracerError;

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The listen address cannot be bound.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Cause.
        source: io::Error,
    },
    /// The threads that serve connections cannot be started.
    #[error("cannot start the worker threads")]
    Workers(#[source] io::Error),
    /// The data folder cannot be created or used.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// Another server holds the control socket of the data folder.
    #[error(
        "another server runs on the data folder {}; stop it, or choose another `data_dir`",
        .data_dir.display()
    )]
    DataDirInUse {
        /// Path of the folder.
        data_dir: PathBuf,
    },
    /// The key file cannot be used.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The file of revocations cannot be used.
    #[error(transparent)]
    Revocations(#[from] RevocationsError),
    /// The shared state cannot be opened.
    #[error(transparent)]
    State(#[from] OpenError),
    /// The server does not fit in the group.
    #[error(transparent)]
    Group(#[from] GroupError),
    /// A file that the group needs cannot be used.
    #[error(transparent)]
    GroupFile(#[from] EtcdFileError),
    /// The audit log cannot be opened.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// Traces cannot be sent.
    #[error(transparent)]
    Tracer(#[from] TracerError),
    /// The certificate of the listener cannot be used.
    #[error("cannot use the certificate of [tls]")]
    Certificate(#[from] TlsCertificateFileError),
    /// TLS to the controllers of a farm cannot be set up.
    #[error("cannot use TLS to the controllers of the farm {farm}")]
    FarmTls {
        /// Id of the farm.
        farm: String,
        /// Cause.
        source: TlsError,
    },
    /// TLS to the ticket authorities of a store cannot be set up.
    #[error("cannot use TLS to the ticket authorities of the store {store}")]
    AuthorityTls {
        /// Path of the store.
        store: String,
        /// Cause.
        source: TlsError,
    },
    /// The base URL cannot be an audience (CA-20).
    #[error("the base URL {base_url} cannot be the audience of tokens")]
    Audience {
        /// The base URL.
        base_url: String,
        /// Cause.
        source: AudienceError,
    },
}
