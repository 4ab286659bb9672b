//! Certificates of a private authority, as an operator has one.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, IsCa, KeyPair,
    date_time_ymd,
};

/// A certificate authority with a key of its own.
pub struct CertificateAuthority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

/// A certificate and its key, in PEM.
#[derive(Clone)]
pub struct IssuedCertificate {
    /// The certificate.
    pub certificate: String,
    /// The key.
    pub key: String,
}

impl CertificateAuthority {
    /// Creates an authority with a new key.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "each authority has another key")]
    pub fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        // OpenSSL mistakes a certificate for its issuer if both have the same name.
        let mut name = DistinguishedName::new();
        name.push(DnType::CommonName, "Test authority");
        params.distinguished_name = name;
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        Self { issuer }
    }

    /// Returns the certificate of the authority, in PEM.
    #[must_use]
    pub fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// Issues a certificate for a DNS name, valid from 2020 to the end of a year.
    #[must_use]
    pub fn issue(&self, name: &str, year: i32) -> IssuedCertificate {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        let mut subject = DistinguishedName::new();
        subject.push(DnType::CommonName, name);
        params.distinguished_name = subject;
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(year, 12, 31);
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        IssuedCertificate {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
        }
    }
}

impl IssuedCertificate {
    /// Writes `cert.pem` and `key.pem` into a folder, and returns a `[tls]` section with their
    /// paths.
    #[must_use]
    pub fn write(&self, folder: &Path) -> String {
        let (certificate, key) = (folder.join("cert.pem"), folder.join("key.pem"));
        fs::write(&key, &self.key).unwrap();
        fs::set_permissions(&key, Permissions::from_mode(0o600)).unwrap();
        fs::write(&certificate, &self.certificate).unwrap();
        format!("[tls]\ncertificate_file = {certificate:?}\nkey_file = {key:?}\n")
    }
}
