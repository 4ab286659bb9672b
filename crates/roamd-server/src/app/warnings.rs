//! What is odd about a configuration that is valid: it can be read, and yet the gateway would not start
//! with it, or not do what its operator has in mind.

use std::time::{Duration, UNIX_EPOCH};

use jiff::Timestamp;

use crate::app::data_dir;
use crate::config::{Config, Scheme};
use crate::tls;

/// All that is odd, a sentence for each. Looks at the files that the configuration names, and makes none.
#[must_use]
pub fn warnings(config: &Config, now: Timestamp) -> Vec<String> {
    let mut warnings = Vec::new();
    let mut warn = |warning: String| warnings.push(warning);
    if config.is_in_the_clear() {
        warn(format!(
            "Passwords and tokens cross the network at {} in the clear; add a [tls] section, or let a proxy \
             before the gateway end TLS",
            config.listen
        ));
    }
    let listener = &config.listener;
    let is_https = config.base_url.scheme() == Scheme::Https;
    if is_https && listener.tls.is_none() && listener.trusted_proxies.is_empty() {
        warn(
            "Every client seems to come from the proxy that ends TLS; name it in trusted_proxies"
                .to_owned(),
        );
    }
    if let Some(files) = &listener.tls
        && let Ok(identity) = tls::read(files)
    {
        let host = config.base_url.host();
        let now = u64::try_from(now.as_second()).unwrap_or_default();
        let now = UNIX_EPOCH + Duration::from_secs(now);
        if !identity.is_valid_at(now) {
            warn("Certificate of the listener is not valid now; most clients refuse it".to_owned());
        }
        if !identity.is_for(host) {
            warn(format!(
                "Certificate of the listener is not for {host}, the host of base_url; most clients refuse it"
            ));
        }
    }
    if config.data_dir.exists()
        && let Err(error) = data_dir::check(&config.data_dir)
    {
        warn(format!("The gateway does not start: {error}"));
    }
    let audit = config.audit.as_ref();
    let audit = audit.and_then(|audit| audit.file.parent());
    if let Some(folder) = audit.filter(|folder| folder.is_absolute() && !folder.is_dir()) {
        warn(format!(
            "The gateway does not start: there is no folder {} for the audit log",
            folder.display()
        ));
    }
    warnings
}
