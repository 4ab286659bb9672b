use std::path::Path;
use std::time::Duration;

use ipnet::IpNet;
use roamd_config::{CertificateError, ListenerConfig};

use crate::support::{MemoryFiles, config, error_at, errors, errors_with, parse};

const TLS: &str = "[tls]\ncertificate_file = \"/cert.pem\"\nkey_file = \"/key.pem\"";

/// Returns a configuration with these keys of the document.
fn https(lines: &str) -> String {
    config(lines, "", "").replace("http://127.0.0.1:8080", "https://store.example.net")
}

fn shown(networks: &[IpNet]) -> Vec<String> {
    networks.iter().map(ToString::to_string).collect()
}

#[test]
fn listener_without_keys_has_the_defaults() {
    let listener = parse(&https("")).unwrap().listener;
    assert_eq!(listener, ListenerConfig::default());
    assert_eq!(shown(&listener.metrics_from), ["127.0.0.0/8", "::1/128"]);
}

#[test]
fn every_key_of_a_listener_is_read() {
    let lines = format!(
        "trusted_proxies = [\"10.0.0.1\", \"2001:db8::/32\"]\nmetrics_from = []\n{TLS}\n\
         client_ca_file = \"/ca.pem\"\n[limits]\nconnections = 1\nconnections_per_client = 2\n\
         requests = 3\nrequests_per_client = 4\nuser_request_rate = 9\n\
         first_byte_seconds = 5\nhead_seconds = 6\nbody_seconds = 7\nresponse_seconds = 8"
    );
    let listener = parse(&https(&lines)).unwrap().listener;
    assert_eq!(
        shown(&listener.trusted_proxies),
        ["10.0.0.1/32", "2001:db8::/32"]
    );
    assert_eq!(listener.metrics_from, []);
    let tls = listener.tls.unwrap();
    assert_eq!(tls.certificate_file, Path::new("/cert.pem"));
    assert_eq!(tls.key_file, Path::new("/key.pem"));
    assert_eq!(tls.client_ca_file.as_deref(), Some(Path::new("/ca.pem")));
    let (limits, seconds) = (listener.limits, Duration::from_secs);
    assert_eq!(limits.connections, 1);
    assert_eq!(limits.connections_per_client, 2);
    assert_eq!((limits.requests, limits.requests_per_client), (3, 4));
    assert_eq!(limits.user_request_rate, 9);
    assert_eq!(limits.first_byte, seconds(5));
    assert_eq!(limits.head, seconds(6));
    assert_eq!(limits.body, seconds(7));
    assert_eq!(limits.response, seconds(8));
}

#[test]
fn error_of_a_listener_is_reported_with_its_line() {
    let networks = "has to be a network, such as \"10.0.0.0/8\" or \"2001:db8::/32\"";
    let cases = [
        (
            "trusted_proxies = \"10.0.0.1\"",
            "trusted_proxies",
            "`trusted_proxies` has to be a list, as in [\"…\"]".to_owned(),
        ),
        (
            "trusted_proxies = [\"proxy.example.net\"]",
            "trusted_proxies",
            format!("`trusted_proxies`: \"proxy.example.net\" {networks}"),
        ),
        (
            "metrics_from = [\"10.0.0.1/8\"]",
            "metrics_from",
            "`metrics_from`: \"10.0.0.1/8\" has to be the network address, 10.0.0.0/8".to_owned(),
        ),
        (
            "[tls]\ncertificate_file = \"/cert.pem\"",
            "[tls]",
            "key `key_file` of [tls] is missing".to_owned(),
        ),
        (
            "[tls]\nkey_file = \"/key.pem\"",
            "[tls]",
            "key `certificate_file` of [tls] is missing".to_owned(),
        ),
        (
            "[limits]\nconnections = 0",
            "connections",
            "`connections` has to be a whole number from 1 to 1000000".to_owned(),
        ),
        (
            "[limits]\nhead_second = 1",
            "head_second",
            "`head_second` is not a key of [limits]; did you mean `head_seconds`?".to_owned(),
        ),
    ];
    for (lines, beginning, problem) in cases {
        let text = https(lines);
        let expected = error_at(&text, beginning, &problem);
        assert_eq!(errors(&text), [expected], "{lines}");
    }
    let text = config(TLS, "", "");
    let problem = "`base_url` has to begin with https:// where there is a [tls] section";
    assert_eq!(errors(&text), [error_at(&text, "base_url", problem)]);
    let text = text.replace(
        "base_url = \"http://127.0.0.1:8080\"",
        "base_urls = [\"http://a\"]",
    );
    let problem = problem.replace("base_url", "base_urls");
    assert_eq!(errors(&text), [error_at(&text, "base_urls", &problem)]);
}

#[test]
fn unusable_certificate_is_reported_at_its_key() {
    let files = MemoryFiles {
        certificate_error: Some(CertificateError {
            key: "key_file",
            message: "it is empty".to_owned(),
        }),
        ..MemoryFiles::default()
    };
    let text = https(TLS);
    let expected = error_at(&text, "key_file", "`key_file` cannot be used: it is empty");
    assert_eq!(errors_with(&text, &files), [expected]);
}
