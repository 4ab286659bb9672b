//! The certificate of the listener: read from files, and reloaded when they change.

mod certificate_files;
mod reload;

pub use self::certificate_files::TlsCertificateFileError;
pub(crate) use self::certificate_files::{LoadedCertificate, read};
pub use self::reload::CertificateReloader;
