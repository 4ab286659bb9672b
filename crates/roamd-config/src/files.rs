//! Access of the parser to the files that a configuration names.

use std::io;
use std::path::Path;

use crate::etcd::Etcd;
use crate::tls::{ControllerTls, ListenerTls};

/// Access to the files that a configuration names, and checks of what they hold.
///
/// The parser calls it while it reads the configuration, so that a missing or unusable file is
/// reported like any other error: with its line, and together with all others.
pub trait Files {
    /// Reads a file, but at most its first `largest` bytes.
    ///
    /// # Errors
    /// If the path names no file, or the file cannot be read.
    fn read(&self, path: &Path, largest: u64) -> Result<Vec<u8>, FileError>;

    /// Reads a file with a secret, but at most its first `largest` bytes.
    ///
    /// # Errors
    /// As of [`Files::read`], or if other users can read or replace the file.
    fn read_secret(&self, path: &Path, largest: u64) -> Result<Vec<u8>, FileError> {
        self.read(path, largest)
    }

    /// Reads the file of the cluster key, but at most its first `largest` bytes.
    ///
    /// # Errors
    /// As of [`Files::read_secret`].
    fn read_cluster_key(&self, path: &Path, largest: u64) -> Result<Vec<u8>, FileError> {
        self.read_secret(path, largest)
    }

    /// Checks that the listener can use its certificate, its key and its client authorities.
    ///
    /// # Errors
    /// If one of the files cannot be read or used, or others may read the key.
    fn check_certificate(&self, tls: &ListenerTls) -> Result<(), CertificateError>;

    /// Checks that connections to controllers can be made with these settings.
    ///
    /// # Errors
    /// The reason if they cannot, as a clause such as "name is neither a DNS name nor an address".
    fn check_controller_tls(&self, tls: &ControllerTls) -> Result<(), String>;

    /// Checks that the files of a group on etcd hold what they should.
    ///
    /// # Errors
    /// If one of the files cannot be used.
    fn check_etcd(&self, etcd: &Etcd) -> Result<(), CertificateError>;
}

/// Error of reading a file.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The path names something else, such as a folder.
    #[error("has to be the path of a file")]
    NotAFile,
    /// The file cannot be read.
    #[error("names a file that cannot be read: {0}")]
    Unreadable(#[from] io::Error),
    /// Other users can read or replace the file. The text is a clause with the reason.
    #[error("cannot be used: {0}")]
    Exposed(String),
}

/// Error of the files of `[tls]`, or of a group on etcd.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateError {
    /// The key that names the file at error.
    pub key: &'static str,
    /// The reason, as one clause.
    pub message: String,
}

/// Files for values that name none, such as a farm with all its defaults.
pub(crate) struct NoFiles;

impl Files for NoFiles {
    fn read(&self, _: &Path, _: u64) -> Result<Vec<u8>, FileError> {
        Err(FileError::Unreadable(io::ErrorKind::NotFound.into()))
    }

    fn check_certificate(&self, _: &ListenerTls) -> Result<(), CertificateError> {
        Ok(())
    }

    fn check_controller_tls(&self, _: &ControllerTls) -> Result<(), String> {
        Ok(())
    }

    fn check_etcd(&self, _: &Etcd) -> Result<(), CertificateError> {
        Ok(())
    }
}
