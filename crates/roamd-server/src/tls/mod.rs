//! The identity of the listener: read from files, and read again when they change.

use std::error::Error;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use roamd_config::ListenerTls;
use roamd_http::{ServerTls, TlsCertificate, TlsCertificateError};
use sha2::{Digest, Sha256};
use tokio::sync::Notify;
use tokio::task::spawn_blocking;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};
use zeroize::Zeroizing;

use crate::metrics::{ListenerMetrics, Reread};

/// What the configuration calls the files.
const CERTIFICATE: &str = "certificate_file";
const KEY: &str = "key_file";
const CLIENT_CA: &str = "client_ca_file";

/// Largest file that is read, in bytes.
const LARGEST: u64 = 4 * 1024 * 1024;

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// The least time between two looks, however often somebody asks for one.
const LOOK_PAUSE: Duration = Duration::from_secs(1);

/// Why the files of an identity cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsCertificateFileError {
    /// A file cannot be read.
    #[error("cannot read {}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the configuration calls it.
        key: &'static str,
        /// Why.
        source: io::Error,
    },
    /// There is nothing in a file, or far too much.
    #[error("{} is empty, or larger than {LARGEST} bytes", .path.display())]
    Size {
        /// The file.
        path: PathBuf,
        /// What the configuration calls it.
        key: &'static str,
    },
    /// The key is no secret.
    #[error(
        "everybody on this machine may use the key {} (mode {mode:o}); run `chmod o=` on it, and get \
         a new key if it may have been seen", .path.display()
    )]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// What the files hold is no identity.
    #[error(transparent)]
    Unusable(#[from] TlsCertificateError),
}

impl TlsCertificateFileError {
    /// The key of the configuration that names the file at fault.
    pub(crate) fn key(&self) -> &'static str {
        match self {
            Self::Unreadable { key, .. } | Self::Size { key, .. } => key,
            Self::Exposed { .. } => KEY,
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

    /// The error with what caused it, in one line.
    pub(crate) fn whole(&self) -> String {
        let mut text = self.to_string();
        let mut cause = self.source();
        while let Some(error) = cause {
            text = format!("{text}: {error}");
            cause = error.source();
        }
        text
    }
}

/// Reads an identity.
pub(crate) fn read(files: &ListenerTls) -> Result<TlsCertificate, TlsCertificateFileError> {
    Contents::read(files)?.identity()
}

/// Keeps the identity of a listener up to date with its files.
pub(crate) struct Rereading {
    files: ListenerTls,
    tls: ServerTls,
    /// What the files held when they were looked at last.
    seen: Seen,
    asked: Arc<Notify>,
    metrics: ListenerMetrics,
}

/// What a look at the files showed, so that nothing is done or told twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    Contents([u8; 32]),
    Unreadable,
}

impl Rereading {
    /// Reads the identity that is in these files now, and keeps up with it from there. `asked` asks for
    /// a look at them.
    ///
    /// # Errors
    /// Something is missing or does not fit.
    pub(crate) fn open(
        files: ListenerTls,
        asked: Arc<Notify>,
        metrics: ListenerMetrics,
    ) -> Result<Self, TlsCertificateFileError> {
        let contents = Contents::read(&files)?;
        let identity = contents.identity()?;
        metrics.note_expiry(identity.expiry());
        Ok(Self {
            files,
            tls: ServerTls::new(identity),
            seen: contents.seen(),
            asked,
            metrics,
        })
    }

    /// What connections are made under.
    pub(crate) fn tls(&self) -> ServerTls {
        self.tls.clone()
    }

    /// Looks at the files when somebody asks for it, and at times, until `shutdown`.
    pub(crate) async fn run(mut self, shutdown: CancellationToken) {
        let looking = async {
            loop {
                tokio::select! {
                    // ActiveSessionsRequested a thousand times, it is told once.
                    () = self.asked.notified() => {}
                    () = sleep(LOOK_EVERY) => {}
                }
                self.look().await;
                sleep(LOOK_PAUSE).await;
            }
        };
        shutdown.run_until_cancelled(looking).await;
    }

    /// Takes over what is new in the files. What is no identity, such as a certificate whose key is
    /// still to be written, is told once, and the old one stays.
    async fn look(&mut self) {
        let files = self.files.clone();
        let Ok(read) = spawn_blocking(move || Contents::read(&files)).await else {
            return;
        };
        let seen = read.as_ref().map_or(Seen::Unreadable, Contents::seen);
        if seen == self.seen {
            debug!("Certificate has not changed");
            return;
        }
        self.seen = seen;
        match read.and_then(|contents| contents.identity()) {
            Ok(identity) => {
                self.metrics.note_reread(Reread::Replaced);
                self.metrics.note_expiry(identity.expiry());
                self.tls.replace(identity);
                info!("Replaced the certificate");
            }
            Err(error) => {
                self.metrics.note_reread(Reread::Kept);
                warn!(error = error.whole(), "Kept the old certificate");
            }
        }
    }
}

/// What the files hold.
struct Contents {
    certificate: Vec<u8>,
    key: Zeroizing<Vec<u8>>,
    client_ca: Option<Vec<u8>>,
}

impl Contents {
    fn read(files: &ListenerTls) -> Result<Self, TlsCertificateFileError> {
        let certificate = file(&files.certificate_file, CERTIFICATE)?;
        let key = Zeroizing::new(file(&files.key_file, KEY)?);
        secret(&files.key_file)?;
        let client_ca = files.client_ca_file.as_deref();
        let client_ca = client_ca.map(|path| file(path, CLIENT_CA)).transpose()?;
        Ok(Self {
            certificate,
            key,
            client_ca,
        })
    }

    fn identity(&self) -> Result<TlsCertificate, TlsCertificateFileError> {
        let client_ca = self.client_ca.as_deref();
        Ok(TlsCertificate::from_pem(
            &self.certificate,
            &self.key,
            client_ca,
        )?)
    }

    fn seen(&self) -> Seen {
        let parts = [&*self.certificate, &self.key];
        let mut digest = Sha256::new();
        for part in parts.into_iter().chain(self.client_ca.as_deref()) {
            digest.update(part.len().to_le_bytes());
            digest.update(part);
        }
        Seen::Contents(digest.finalize().into())
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
        // One byte more than allowed tells a file that is too large.
        let file = File::open(path).map_err(unreadable)?;
        file.take(LARGEST + 1)
            .read_to_end(&mut bytes)
            .map_err(unreadable)?;
    }
    if bytes.is_empty() || bytes.len() as u64 > LARGEST {
        return Err(TlsCertificateFileError::Size {
            path: path.into(),
            key,
        });
    }
    Ok(bytes)
}

/// A group may share the key, as on systems where one holds all servers that use it.
fn secret(path: &Path) -> Result<(), TlsCertificateFileError> {
    let metadata = fs::metadata(path).map_err(|source| TlsCertificateFileError::Unreadable {
        path: path.into(),
        key: KEY,
        source,
    })?;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o007 == 0 {
        Ok(())
    } else {
        let path = path.into();
        Err(TlsCertificateFileError::Exposed { path, mode })
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::time::SystemTime;

    use prometheus_client::registry::Registry;
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::*;

    /// Certificate and key until the end of a year, in PEM.
    fn issue(year: i32) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        params.not_after = date_time_ymd(year, 12, 31);
        (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
    }

    fn write(path: &Path, pem: &str) {
        fs::write(path, pem).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    }

    fn rereading(files: &ListenerTls) -> (Rereading, ServerTls) {
        let metrics = ListenerMetrics::register(&mut Registry::default());
        let asked = Arc::new(Notify::new());
        let rereading = Rereading::open(files.clone(), asked, metrics).unwrap();
        let tls = rereading.tls();
        (rereading, tls)
    }

    fn end_of(pem: &str, key: &str) -> SystemTime {
        let identity = TlsCertificate::from_pem(pem.as_bytes(), key.as_bytes(), None);
        identity.unwrap().expiry()
    }

    #[tokio::test]
    async fn a_half_written_pair_leaves_the_old_one_in_use_until_it_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let files = ListenerTls {
            certificate_file: folder.path().join("cert.pem"),
            key_file: folder.path().join("key.pem"),
            client_ca_file: None,
        };
        let (old, new) = (issue(2090), issue(2091));
        write(&files.certificate_file, &old.0);
        write(&files.key_file, &old.1);
        let (mut rereading, tls) = rereading(&files);
        let [before, after] = [end_of(&old.0, &old.1), end_of(&new.0, &new.1)];
        for half in ["", "-----BEGIN CERTIFICATE-----\nMIIB", &new.0] {
            write(&files.certificate_file, half);
            rereading.look().await;
            assert_eq!(tls.expiry(), before, "{half}");
        }
        write(&files.key_file, &new.1);
        fs::set_permissions(&files.key_file, fs::Permissions::from_mode(0o644)).unwrap();
        rereading.look().await;
        assert_eq!(tls.expiry(), before, "a key for everybody");
        write(&files.key_file, &new.1);
        rereading.look().await;
        assert_eq!(tls.expiry(), after);
        fs::remove_file(&files.key_file).unwrap();
        rereading.look().await;
        assert_eq!(tls.expiry(), after, "files that are gone");
    }

    #[tokio::test]
    async fn a_folder_that_is_swapped_by_a_link_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("now");
        let mut ends = Vec::new();
        for (name, year) in [("one", 2090), ("two", 2091)] {
            let place = folder.path().join(name);
            fs::create_dir(&place).unwrap();
            let (certificate, key) = issue(year);
            write(&place.join("cert.pem"), &certificate);
            write(&place.join("key.pem"), &key);
            ends.push(end_of(&certificate, &key));
        }
        symlink(folder.path().join("one"), &link).unwrap();
        let files = ListenerTls {
            certificate_file: link.join("cert.pem"),
            key_file: link.join("key.pem"),
            client_ca_file: None,
        };
        let (mut rereading, tls) = rereading(&files);
        assert_eq!(tls.expiry(), ends[0]);
        symlink(folder.path().join("two"), folder.path().join("next")).unwrap();
        fs::rename(folder.path().join("next"), &link).unwrap();
        rereading.look().await;
        assert_eq!(tls.expiry(), ends[1]);
    }
}
