//! The self-signed certificate of the demo, which clients can import.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use anyhow::Context;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair, date_time_ymd,
};
use roamd_http::TlsCertificate;
use roamd_server::config::{BaseUrl, BaseUrls, ListenerTls};

use crate::commands::private_file;

/// Validity of a new certificate, in days. Clients refuse one that is valid for much longer.
const VALID_DAYS: i64 = 365;

/// Returns the certificate in a folder. Creates one if it is missing, expired or not for all of
/// these URLs; otherwise clients that have imported it need no other.
///
/// # Errors
/// If the files cannot be written.
pub(super) fn open_or_create(folder: &Path, urls: &BaseUrls) -> anyhow::Result<ListenerTls> {
    let files = ListenerTls {
        certificate_file: folder.join("cert.pem"),
        key_file: folder.join("key.pem"),
        client_ca_file: None,
    };
    if !is_usable(&files, urls) {
        let context = || format!("cannot create a certificate in {}", folder.display());
        create(&files, urls).with_context(context)?;
    }
    Ok(files)
}

fn is_usable(files: &ListenerTls, urls: &BaseUrls) -> bool {
    let certificate = fs::read(&files.certificate_file).ok();
    let both = certificate.zip(fs::read(&files.key_file).ok());
    both.and_then(|(certificate, key)| TlsCertificate::from_pem(&certificate, &key, None).ok())
        .is_some_and(|certificate| {
            certificate.is_valid_at(SystemTime::now())
                && urls.iter().all(|url| certificate.is_for(url.host()))
        })
}

/// Writes a certificate that is no authority, so that its key can impersonate the demo only.
fn create(files: &ListenerTls, urls: &BaseUrls) -> anyhow::Result<()> {
    let hosts = urls.iter().map(BaseUrl::host);
    let hosts = hosts.map(|host| host.trim_matches(['[', ']']).to_owned());
    let mut params = CertificateParams::new(hosts.collect::<Vec<_>>())?;
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, "roamd demo");
    params.distinguished_name = name;
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let today = TimeZone::UTC.to_datetime(Timestamp::now()).date();
    let midnight = |date: Date| {
        let (month, day) = (date.month().try_into()?, date.day().try_into()?);
        anyhow::Ok(date_time_ymd(date.year().into(), month, day))
    };
    // The clock of a client may be behind.
    params.not_before = midnight(today.checked_sub(1.day())?)?;
    params.not_after = midnight(today.checked_add(VALID_DAYS.days())?)?;
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?;

    // A crash between the two leaves a pair that does not fit, which the next start replaces.
    private_file::replace(&files.key_file, key.serialize_pem().as_bytes())?;
    private_file::replace(&files.certificate_file, certificate.pem().as_bytes())
}
