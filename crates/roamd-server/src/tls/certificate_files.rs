//! Reads the certificate of the listener from its files.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use roamd_config::ListenerTls;
use roamd_http::{TlsCertificate, TlsCertificateError};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::file_access::{AccessRule, FileAccessError, open_file};

/// Keys of the configuration that name the files.
const CERTIFICATE: &str = "certificate_file";
const KEY: &str = "key_file";
const CLIENT_CA: &str = "client_ca_file";

/// Maximum size of a file, in bytes.
const MAX_BYTES: u64 = 4 * 1024 * 1024;

/// Error of the certificate files.
#[derive(Debug, thiserror::Error)]
pub enum TlsCertificateFileError {
    /// A file cannot be read.
    #[error("cannot read {}", .path.display())]
    Unreadable {
        /// Path of the file.
        path: PathBuf,
        /// Key of the configuration that names it.
        key: &'static str,
        /// Cause.
        source: io::Error,
    },
    /// A file is empty or too large.
    #[error("{} is empty, or larger than {MAX_BYTES} bytes", .path.display())]
    Size {
        /// Path of the file.
        path: PathBuf,
        /// Key of the configuration that names it.
        key: &'static str,
    },
    /// Each of the two files is in the place of the other one.
    #[error(
        "{certificate} holds a private key, and {key} a certificate; exchange `{CERTIFICATE}` and \
         `{KEY}`", certificate = .certificate.display(), key = .key.display()
    )]
    Exchanged {
        /// Path of the file that should hold the certificate.
        certificate: PathBuf,
        /// Path of the file that should hold the key.
        key: PathBuf,
    },
    /// The key can be read by every user of the machine.
    #[error(transparent)]
    Exposed(#[from] FileAccessError),
    /// The files hold no usable certificate and key.
    #[error(transparent)]
    Unusable(#[from] TlsCertificateError),
}

impl TlsCertificateFileError {
    /// The key of the configuration that names the file at fault.
    pub(crate) fn key(&self) -> &'static str {
        match self {
            Self::Unreadable { key, .. } | Self::Size { key, .. } => key,
            Self::Exchanged { .. } => CERTIFICATE,
            Self::Exposed(_) => KEY,
            Self::Unusable(error) => match error {
                TlsCertificateError::NoCertificate
                | TlsCertificateError::BrokenCertificate
                | TlsCertificateError::Setup(_) => CERTIFICATE,
                TlsCertificateError::NoKey
                | TlsCertificateError::BrokenKey(_)
                | TlsCertificateError::OtherKey => KEY,
                TlsCertificateError::ClientAuthorities => CLIENT_CA,
            },
        }
    }
}

/// Reads the certificate, its key and the CA of client certificates.
///
/// # Errors
/// If a file is missing, exposed or unusable, or the key is not that of the certificate.
pub(crate) fn read(files: &ListenerTls) -> Result<TlsCertificate, TlsCertificateFileError> {
    FileContents::read(files)?.certificate()
}

/// A certificate, and the files that it was read from.
pub(crate) struct LoadedCertificate {
    pub(super) files: ListenerTls,
    pub(super) certificate: TlsCertificate,
    /// Digest of the contents of the files.
    pub(super) digest: [u8; 32],
}

impl LoadedCertificate {
    /// Reads the certificate, its key and the CA of client certificates.
    ///
    /// # Errors
    /// If the files hold no usable certificate and key.
    pub(crate) fn read(files: ListenerTls) -> Result<Self, TlsCertificateFileError> {
        let contents = FileContents::read(&files)?;
        Ok(Self {
            certificate: contents.certificate()?,
            digest: contents.digest(),
            files,
        })
    }
}

/// Contents of the certificate files.
pub(super) struct FileContents {
    certificate: Vec<u8>,
    key: Zeroizing<Vec<u8>>,
    client_ca: Option<Vec<u8>>,
}

impl FileContents {
    pub(super) fn read(files: &ListenerTls) -> Result<Self, TlsCertificateFileError> {
        let certificate = file(&files.certificate_file, CERTIFICATE)?;
        let key = Zeroizing::new(file(&files.key_file, KEY)?);
        // First: the mode of a certificate in place of the key is no exposure.
        if TlsCertificate::are_exchanged(&certificate, &key) {
            return Err(TlsCertificateFileError::Exchanged {
                certificate: files.certificate_file.clone(),
                key: files.key_file.clone(),
            });
        }
        check_secret(&files.key_file)?;
        let client_ca = files.client_ca_file.as_deref();
        let client_ca = client_ca.map(|path| file(path, CLIENT_CA)).transpose()?;
        Ok(Self {
            certificate,
            key,
            client_ca,
        })
    }

    pub(super) fn certificate(&self) -> Result<TlsCertificate, TlsCertificateFileError> {
        let client_ca = self.client_ca.as_deref();
        Ok(TlsCertificate::from_pem(
            &self.certificate,
            &self.key,
            client_ca,
        )?)
    }

    /// Digest of the contents, to recognise a change.
    pub(super) fn digest(&self) -> [u8; 32] {
        let parts = [&*self.certificate, &self.key];
        let mut digest = Sha256::new();
        for part in parts.into_iter().chain(self.client_ca.as_deref()) {
            digest.update(part.len().to_le_bytes());
            digest.update(part);
        }
        digest.finalize().into()
    }
}

fn file(path: &Path, key: &'static str) -> Result<Vec<u8>, TlsCertificateFileError> {
    let unreadable = |source| TlsCertificateFileError::Unreadable {
        path: path.into(),
        key,
        source,
    };
    let mut bytes = Vec::new();
    let is_file = fs::metadata(path).map_err(unreadable)?.is_file();
    if is_file {
        // One byte more than the maximum shows that the file is too large.
        let file = open_file(path).map_err(unreadable)?;
        file.take(MAX_BYTES + 1)
            .read_to_end(&mut bytes)
            .map_err(unreadable)?;
    }
    if bytes.is_empty() || bytes.len() as u64 > MAX_BYTES {
        return Err(TlsCertificateFileError::Size {
            path: path.into(),
            key,
        });
    }
    Ok(bytes)
}

/// Checks that not every user can read the key. A group may share it.
fn check_secret(path: &Path) -> Result<(), TlsCertificateFileError> {
    let metadata = fs::metadata(path).map_err(|source| TlsCertificateFileError::Unreadable {
        path: path.into(),
        key: KEY,
        source,
    })?;
    AccessRule::CERTIFICATE_KEY.check_mode(path, &metadata)?;
    Ok(())
}
