//! What a gateway shows to the network: TLS, the proxies before it, and what clients may take.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use toml::de::DeValue;

use super::limits::{self, ServerLimits};
use super::section::{Section, text};
use super::tls::{self, ListenerTls};

/// The side of a gateway that clients see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenerConfig {
    /// TLS; nothing for a listener without.
    pub tls: Option<ListenerTls>,
    /// Peers that tell truly whom they forward.
    pub trusted_proxies: Vec<IpNet>,
    /// Clients that may see the metrics.
    pub metrics_from: Vec<IpNet>,
    /// What clients may take.
    pub limits: ServerLimits,
}

/// Without TLS and proxies.
impl Default for ListenerConfig {
    fn default() -> Self {
        Self {
            tls: None,
            trusted_proxies: Vec::new(),
            metrics_from: this_machine(),
            limits: ServerLimits::default(),
        }
    }
}

/// Reads what is configured of it at the root of the document.
pub(super) fn read(root: &mut Section<'_>) -> Option<ListenerConfig> {
    let trusted_proxies = root.list("trusted_proxies", network);
    let metrics_from = root.optional_list("metrics_from", network);
    let tls = match root.optional_section("tls", "[tls]") {
        Some(section) => Some(tls::read(section)?),
        None => None,
    };
    Some(ListenerConfig {
        tls,
        trusted_proxies,
        metrics_from: metrics_from.unwrap_or_else(this_machine),
        limits: limits::read(root),
    })
}

fn this_machine() -> Vec<IpNet> {
    let v4 = Ipv4Net::new_assert(Ipv4Addr::LOCALHOST, 8).trunc();
    let v6 = Ipv6Net::from(Ipv6Addr::LOCALHOST);
    vec![v4.into(), v6.into()]
}

/// A network, or one address.
pub(super) fn network(value: &DeValue<'_>) -> Result<IpNet, String> {
    let text = text(value)?;
    let problem = || "has to be a network, such as \"10.0.0.0/8\" or \"2001:db8::/32\"".to_owned();
    let network = match text.parse::<IpAddr>() {
        Ok(address) => IpNet::from(address),
        Err(_) => text.parse().map_err(|_| problem())?,
    };
    let begin = network.trunc();
    if network == begin {
        Ok(network)
    } else {
        Err(format!("has to be the network itself, {begin}"))
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;
    use std::time::Duration;

    use rcgen::{CertificateParams, KeyPair};

    use super::super::{SAMPLE, parse};
    use super::*;

    /// A configuration with these lines from line 4 on.
    fn config(lines: &str) -> String {
        format!(
            r#"listen = "127.0.0.1:8080"
base_url = "https://store.example.net"
data_dir = "/var/lib/roamd"
{lines}
[[store]]
path = "/Citrix/Store"
[[store.farm]]
id = "XA1"
name = "Farm1"
generation = "xenapp-6"
controllers = ["http://10.0.0.11:8080"]
"#
        )
    }

    fn faults(lines: &str) -> Vec<String> {
        let faults = parse(&config(lines)).err().unwrap_or_default();
        faults.iter().map(ToString::to_string).collect()
    }

    /// Writes a certificate and its key into a folder, and gives the section that names them.
    fn identity(folder: &Path) -> String {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        let certificate = params.self_signed(&key).unwrap();
        secret(folder, &key.serialize_pem());
        fs::write(folder.join("cert.pem"), certificate.pem()).unwrap();
        section(folder)
    }

    fn section(folder: &Path) -> String {
        let (certificate, key) = (folder.join("cert.pem"), folder.join("key.pem"));
        format!("[tls]\ncertificate_file = {certificate:?}\nkey_file = {key:?}")
    }

    fn secret(folder: &Path, pem: &str) {
        let path = folder.join("key.pem");
        fs::write(&path, pem).unwrap();
        fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
    }

    #[test]
    fn a_front_that_is_not_configured_has_the_defaults() {
        let listener = parse(&config("")).unwrap().listener;
        assert_eq!(listener, ListenerConfig::default());
        let metrics_from: Vec<_> = listener
            .metrics_from
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(metrics_from, ["127.0.0.0/8", "::1/128"]);
    }

    #[test]
    fn every_key_of_a_front_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let tls = identity(folder.path());
        let ca = folder.path().join("cert.pem");
        let lines = format!(
            "trusted_proxies = [\"10.0.0.1\", \"2001:db8::/32\"]\nmetrics_from = []\n{tls}\n\
             client_ca_file = {ca:?}\n[limits]\nconnections = 1\nconnections_per_client = 2\n\
             requests = 3\nrequests_per_client = 4\nfirst_byte_seconds = 5\nhead_seconds = 6\n\
             body_seconds = 7\nanswer_seconds = 8"
        );
        let listener = parse(&config(&lines)).unwrap().listener;
        let proxies: Vec<_> = listener
            .trusted_proxies
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(proxies, ["10.0.0.1/32", "2001:db8::/32"]);
        assert_eq!(listener.metrics_from, []);
        assert_eq!(listener.tls.unwrap().client_ca_file, Some(ca));
        let (limits, seconds) = (listener.limits, Duration::from_secs);
        let connections = limits.connections;
        assert_eq!(connections.connections, 1);
        assert_eq!(connections.connections_per_client, 2);
        assert_eq!((limits.requests, limits.requests_per_client), (3, 4));
        assert_eq!(connections.first_byte, seconds(5));
        assert_eq!(connections.head, seconds(6));
        assert_eq!(limits.body, seconds(7));
        assert_eq!(connections.answer, seconds(8));
    }

    #[test]
    fn the_tls_of_the_sample_is_all_that_there_is() {
        let folder = tempfile::tempdir().unwrap();
        identity(folder.path());
        fs::copy(
            folder.path().join("cert.pem"),
            folder.path().join("proxy-ca.pem"),
        )
        .unwrap();
        let keys = ["[tls]", "certificate_file", "key_file", "client_ca_file"];
        let text: String = SAMPLE
            .lines()
            .map(|line| match line.strip_prefix('#') {
                Some(line) if keys.iter().any(|key| line.starts_with(key)) => line,
                _ => line,
            })
            .map(|line| format!("{line}\n"))
            .collect();
        let text = text
            .replace("/etc/roamd/", &format!("{}/", folder.path().display()))
            .replace("http://127.0.0.1:8080", "https://127.0.0.1:8080");
        assert!(parse(&text).unwrap().listener.tls.is_some());
    }

    #[test]
    fn a_certificate_that_cannot_be_used_is_a_fault() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let [certificate, key] = ["cert.pem", "key.pem"].map(|name| folder.join(name));
        let tls = section(folder);
        let told = |expected: &str| {
            let [fault] = faults(&tls).try_into().unwrap();
            assert!(fault.contains(expected), "{fault}");
            assert!(!fault.contains("-----"), "{fault}");
            fault
        };
        let missing = told("line 5: `certificate_file` cannot be used: cannot read");
        assert!(missing.contains("No such file"), "{missing}");
        identity(folder);
        assert_eq!(faults(&tls), [""; 0]);

        fs::set_permissions(&key, Permissions::from_mode(0o644)).unwrap();
        told("line 6: `key_file` cannot be used: everybody on this machine may use the key");
        // A group may share it.
        fs::set_permissions(&key, Permissions::from_mode(0o640)).unwrap();
        assert_eq!(faults(&tls), [""; 0]);

        secret(folder, &KeyPair::generate().unwrap().serialize_pem());
        told("line 6: `key_file` cannot be used: private key is not that of the certificate");
        secret(folder, "");
        told("line 6: `key_file` cannot be used: ");
        secret(folder, "no key");
        told("holds no private key in PEM; an encrypted one cannot be used");
        let broken = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
        secret(folder, broken);
        told("line 6: `key_file` cannot be used: private key cannot be used");
        let encrypted = broken.replace("PRIVATE", "ENCRYPTED PRIVATE");
        secret(folder, &encrypted);
        told("an encrypted one cannot be used");
        fs::write(&certificate, "no certificate").unwrap();
        told("line 5: `certificate_file` cannot be used: file of the certificate holds no");
        fs::write(&certificate, broken.replace("PRIVATE KEY", "CERTIFICATE")).unwrap();
        told("line 5: `certificate_file` cannot be used: file of the certificate holds one that");
        fs::remove_file(&certificate).unwrap();
        fs::create_dir(&certificate).unwrap();
        told("line 5: `certificate_file` cannot be used: ");
    }

    #[test]
    fn a_fault_of_a_front_is_named_with_its_line() {
        let networks = "has to be a network, such as \"10.0.0.0/8\" or \"2001:db8::/32\"";
        let cases = [
            (
                "trusted_proxies = \"10.0.0.1\"",
                "line 4: `trusted_proxies` has to be a list, as in [\"…\"]".to_owned(),
            ),
            (
                "trusted_proxies = [\"proxy.example.net\"]",
                format!("line 4: `trusted_proxies`: \"proxy.example.net\" {networks}"),
            ),
            (
                "metrics_from = [\"10.0.0.1/8\"]",
                "line 4: `metrics_from`: \"10.0.0.1/8\" has to be the network itself, 10.0.0.0/8"
                    .to_owned(),
            ),
            (
                "[tls]\ncertificate_file = \"cert.pem\"",
                "line 4: key `key_file` of [tls] is missing".to_owned(),
            ),
            (
                "[tls]\nkey_file = \"key.pem\"",
                "line 4: key `certificate_file` of [tls] is missing".to_owned(),
            ),
            (
                "[limits]\nconnections = 0",
                "line 5: `connections` has to be a whole number from 1 to 1000000".to_owned(),
            ),
            (
                "[limits]\nhead_second = 1",
                "line 5: `head_second` is not a key of [limits]; did you mean `head_seconds`?"
                    .to_owned(),
            ),
        ];
        for (lines, expected) in cases {
            assert_eq!(faults(lines), [expected], "{lines}");
        }
        let folder = tempfile::tempdir().unwrap();
        let text = config(&identity(folder.path())).replace("https://", "http://");
        let found = parse(&text).unwrap_err();
        let expected =
            "line 2: `base_url` has to begin with https:// where there is a [tls] section";
        assert_eq!(found[0].to_string(), expected);
    }
}
