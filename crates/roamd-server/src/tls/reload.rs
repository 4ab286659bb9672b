//! Reloads the certificate of the listener when its files change.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use roamd_config::ListenerTls;
use roamd_http::{ServerTls, TlsCertificate};
use roamd_nfuse_client::with_causes;
use tokio::task::spawn_blocking;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use super::certificate_files::{FileContents, LoadedCertificate, TlsCertificateFileError};
use crate::metrics::{CertificateReload, ListenerMetrics};

/// Interval at which the files are checked.
const INTERVAL: Duration = Duration::from_secs(5);

/// Keeps the certificate of a listener up to date with its files. A clone is for the same listener.
#[derive(Clone)]
pub struct CertificateReloader {
    tls: ServerTls,
    watched: Arc<Mutex<Watched>>,
    metrics: ListenerMetrics,
}

/// The files, and what was found in them last.
struct Watched {
    files: ListenerTls,
    seen: Seen,
}

/// Result of a check of the files, so that nothing is done or logged twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    /// Digest of the contents.
    Contents([u8; 32]),
    Unreadable,
}

impl CertificateReloader {
    /// Reads the certificate.
    ///
    /// # Errors
    /// If the files hold no usable certificate and key.
    pub(crate) fn open(
        files: ListenerTls,
        metrics: ListenerMetrics,
    ) -> Result<Self, TlsCertificateFileError> {
        let LoadedCertificate {
            files,
            certificate,
            digest,
        } = LoadedCertificate::read(files)?;
        metrics.record_expiry(certificate.expiry());
        Ok(Self {
            tls: ServerTls::new(certificate),
            watched: Arc::new(Mutex::new(Watched {
                files,
                seen: Seen::Contents(digest),
            })),
            metrics,
        })
    }

    /// Reads the certificate of a listener that is not configured in a file, such as that of an
    /// embedded farm. The key must not be readable by others.
    ///
    /// # Errors
    /// If the files hold no usable certificate and key.
    pub fn of_files(
        certificate_file: PathBuf,
        key_file: PathBuf,
    ) -> Result<Self, TlsCertificateFileError> {
        let files = ListenerTls {
            certificate_file,
            key_file,
            client_ca_file: None,
        };
        Self::open(files, ListenerMetrics::default())
    }

    /// The TLS configuration of the listener. It changes with the files.
    #[must_use]
    pub fn tls(&self) -> ServerTls {
        self.tls.clone()
    }

    /// Uses a certificate, and checks the files that it was read from from now on.
    pub(crate) fn replace(&self, loaded: LoadedCertificate) {
        let seen = Seen::Contents(loaded.digest);
        let mut watched = self.watched();
        watched.files = loaded.files;
        if std::mem::replace(&mut watched.seen, seen) != seen {
            self.load(loaded.certificate);
        }
    }

    /// Checks the files regularly, until `shutdown` is cancelled.
    pub async fn run(self, shutdown: CancellationToken) {
        let checking = async {
            loop {
                sleep(INTERVAL).await;
                self.check().await;
            }
        };
        shutdown.run_until_cancelled(checking).await;
    }

    /// Loads a changed certificate. An unusable one, such as a certificate whose key is still to be
    /// written, is logged once, and the old one stays in use.
    async fn check(&self) {
        let files = self.watched().files.clone();
        let reading = spawn_blocking(move || (FileContents::read(&files), files));
        let Ok((read, files)) = reading.await else {
            return;
        };
        let seen = read.as_ref().map_or(Seen::Unreadable, |contents| {
            Seen::Contents(contents.digest())
        });
        let mut watched = self.watched();
        if watched.files != files {
            // Others were configured in the meantime.
            return;
        }
        if std::mem::replace(&mut watched.seen, seen) == seen {
            debug!("Certificate has not changed");
            return;
        }
        match read.and_then(|contents| contents.certificate()) {
            Ok(certificate) => self.load(certificate),
            Err(error) => {
                self.metrics.record_reload(CertificateReload::Kept);
                let error = with_causes(&error);
                warn!(error, "Certificate cannot be reloaded; keeping the old one");
            }
        }
    }

    fn load(&self, certificate: TlsCertificate) {
        self.metrics.record_reload(CertificateReload::Replaced);
        self.metrics.record_expiry(certificate.expiry());
        self.tls.replace(certificate);
        info!("Certificate reloaded");
    }

    fn watched(&self) -> MutexGuard<'_, Watched> {
        // No panic can leave it half changed.
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    use std::path::Path;
    use std::time::SystemTime;

    use prometheus_client::registry::Registry;
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use roamd_http::TlsCertificate;

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

    fn reloader(files: &ListenerTls) -> (CertificateReloader, ServerTls) {
        let metrics = ListenerMetrics::register(&mut Registry::default());
        let reloader = CertificateReloader::open(files.clone(), metrics).unwrap();
        let tls = reloader.tls();
        (reloader, tls)
    }

    fn end_of(pem: &str, key: &str) -> SystemTime {
        let certificate = TlsCertificate::from_pem(pem.as_bytes(), key.as_bytes(), None);
        certificate.unwrap().expiry()
    }

    #[tokio::test]
    async fn incomplete_certificate_keeps_the_old_one() {
        let folder = tempfile::tempdir().unwrap();
        let files = ListenerTls {
            certificate_file: folder.path().join("cert.pem"),
            key_file: folder.path().join("key.pem"),
            client_ca_file: None,
        };
        let (old, new) = (issue(2090), issue(2091));
        write(&files.certificate_file, &old.0);
        write(&files.key_file, &old.1);
        let (reloader, tls) = reloader(&files);
        let [before, after] = [end_of(&old.0, &old.1), end_of(&new.0, &new.1)];
        for half in ["", "-----BEGIN CERTIFICATE-----\nMIIB", &new.0] {
            write(&files.certificate_file, half);
            reloader.check().await;
            assert_eq!(tls.expiry(), before, "{half}");
        }
        assert_eq!(reloader.metrics.reloads(CertificateReload::Kept), 3);
        assert_eq!(reloader.metrics.reloads(CertificateReload::Replaced), 0);
        write(&files.key_file, &new.1);
        fs::set_permissions(&files.key_file, fs::Permissions::from_mode(0o644)).unwrap();
        reloader.check().await;
        assert_eq!(tls.expiry(), before, "a key that all can read");
        write(&files.key_file, &new.1);
        reloader.check().await;
        assert_eq!(tls.expiry(), after);
        fs::remove_file(&files.key_file).unwrap();
        reloader.check().await;
        assert_eq!(tls.expiry(), after, "missing files");
    }

    #[tokio::test]
    async fn replaced_symlink_reloads_certificate() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("now");
        let mut ends = Vec::new();
        for (name, year) in [("one", 2090), ("two", 2091)] {
            let target = folder.path().join(name);
            fs::create_dir(&target).unwrap();
            let (certificate, key) = issue(year);
            write(&target.join("cert.pem"), &certificate);
            write(&target.join("key.pem"), &key);
            ends.push(end_of(&certificate, &key));
        }
        symlink(folder.path().join("one"), &link).unwrap();
        let files = ListenerTls {
            certificate_file: link.join("cert.pem"),
            key_file: link.join("key.pem"),
            client_ca_file: None,
        };
        let (reloader, tls) = reloader(&files);
        assert_eq!(tls.expiry(), ends[0]);
        symlink(folder.path().join("two"), folder.path().join("next")).unwrap();
        fs::rename(folder.path().join("next"), &link).unwrap();
        reloader.check().await;
        assert_eq!(tls.expiry(), ends[1]);
    }
}
