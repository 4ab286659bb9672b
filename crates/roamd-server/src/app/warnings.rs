//! Warnings about valid configurations with which the server would not start, or would not do what
//! the operator intends.

use std::time::{Duration, UNIX_EPOCH};

use jiff::Timestamp;

use crate::config::{Config, Scheme};
use crate::data_dir;
use crate::tls;

/// Returns a sentence for each warning. Reads the files that the configuration names; creates none.
#[must_use]
pub fn warnings(config: &Config, now: Timestamp) -> Vec<String> {
    let mut warnings = Vec::new();
    let mut warn = |warning: String| warnings.push(warning);
    if config.is_in_the_clear() {
        warn(format!(
            "Passwords and tokens cross the network at {} unencrypted; add a [tls] section, or let \
             a proxy in front of the server terminate TLS",
            config.listen
        ));
    }
    let listener = &config.listener;
    let is_https = config.base_url.scheme() == Scheme::Https;
    if is_https && listener.tls.is_none() && listener.trusted_proxies.is_empty() {
        warn(
            "Every client appears under the address of the proxy that terminates TLS; add the \
             proxy to trusted_proxies"
                .to_owned(),
        );
    }
    if let Some(files) = &listener.tls
        && let Ok(certificate) = tls::read(files)
    {
        let host = config.base_url.host();
        let now = u64::try_from(now.as_second()).unwrap_or_default();
        let now = UNIX_EPOCH + Duration::from_secs(now);
        if !certificate.is_valid_at(now) {
            warn(
                "Certificate of the listener is expired or not valid yet; most clients refuse it"
                    .to_owned(),
            );
        }
        if !certificate.is_for(host) {
            warn(format!(
                "Certificate of the listener is not for {host}, the host of base_url; most clients \
                 refuse it"
            ));
        }
    }
    if config.data_dir.exists()
        && let Err(error) = data_dir::check(&config.data_dir)
    {
        warn(format!("The server does not start: {error}"));
    }
    let audit = config.audit.as_ref();
    let audit = audit.and_then(|audit| audit.file.parent());
    if let Some(folder) = audit.filter(|folder| folder.is_absolute() && !folder.is_dir()) {
        warn(format!(
            "The server does not start: the folder {} of the audit log is missing",
            folder.display()
        ));
    }
    warnings
}
