//! testssl.sh: weaknesses of TLS.

use std::fmt;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, CrlDistributionPoint, DnType, IsCa,
    KeyPair, KeyUsagePurpose,
};
use roamd_bench::{ClientLimits, Listening, Setup};
use roamd_testkit::free_address;
use serde::Deserialize;

/// Findings about the test: `localhost` has no records in the DNS.
const ABOUT_THE_TEST: [&str; 1] = ["DNS_CAArecord"];

/// Severities without a weakness. A warning means that testssl.sh could not check something.
const HARMLESS: [&str; 4] = ["OK", "INFO", "DEBUG", "WARN"];

/// Results of testssl.sh.
pub(crate) struct Scan {
    /// Number of checks.
    checks: usize,
    /// Versions of TLS that the server offers.
    versions: Vec<String>,
    /// Findings above informational severity.
    pub(crate) findings: Vec<Finding>,
}

/// An entry of the program's report.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Finding {
    id: String,
    severity: String,
    finding: String,
}

/// Runs testssl.sh against a server with a certificate of an authority that it trusts.
pub(crate) fn scan(setup: &Setup, roamd: &Path) -> Result<Scan> {
    eprintln!("TLS");
    let folder = tempfile::tempdir()?;
    let at = |name: &str| folder.path().join(name);
    let certificate = Certificate::for_localhost()?;
    fs::write(at("ca.pem"), certificate.authority)?;
    fs::write(at("server.pem"), certificate.chain)?;
    fs::write(at("server.key"), certificate.key)?;
    fs::set_permissions(at("server.key"), fs::Permissions::from_mode(0o600))?;
    let address = free_address();
    let target = format!("localhost:{}", address.port());
    let listening = Listening {
        listen: address,
        base_url: format!("https://{target}"),
        sections: format!(
            "[tls]\ncertificate_file = {:?}\nkey_file = {:?}\n",
            at("server.pem"),
            at("server.key")
        ),
        limits: ClientLimits::Default,
        arguments: &[],
    };
    let _server = setup.start_server(roamd, "tls", address, &listening)?;
    let report = at("report.json");
    // Its exit status is the number of findings. Only the report shows whether it ran.
    Command::new("testssl")
        .args(["--quiet", "--color", "0", "--warnings", "off"])
        .args(["--ip", "127.0.0.1", "--add-ca"])
        .arg(at("ca.pem"))
        .arg("--jsonfile")
        .arg(&report)
        .arg(&target)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .context("cannot run testssl")?;
    let report = fs::read(&report).context("testssl wrote no report")?;
    Ok(Scan::of(serde_json::from_slice(&report)?))
}

impl Scan {
    fn of(report: Vec<Finding>) -> Self {
        let versions = report
            .iter()
            .filter(|it| it.id.starts_with("TLS1") && it.finding.starts_with("offered"))
            .map(|it| it.id.replace('_', "."))
            .collect();
        Self {
            checks: report.len(),
            versions,
            findings: report
                .into_iter()
                .filter(|it| !HARMLESS.contains(&it.severity.as_str()))
                .filter(|it| !ABOUT_THE_TEST.contains(&it.id.as_str()))
                .collect(),
        }
    }
}

impl fmt::Display for Scan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "testssl.sh made {} checks. Offered versions: {}. Findings above informational: {}.",
            self.checks,
            self.versions.join(" and "),
            self.findings.len()
        )?;
        for Finding {
            id,
            severity,
            finding,
        } in &self.findings
        {
            write!(f, "\n- {id} ({severity}): {finding}")?;
        }
        Ok(())
    }
}

/// A certificate as a public authority would issue it, in PEM.
struct Certificate {
    authority: String,
    chain: String,
    key: String,
}

impl Certificate {
    fn for_localhost() -> Result<Self> {
        let mut params = CertificateParams::new(Vec::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params
            .distinguished_name
            .push(DnType::CommonName, "Test authority");
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(["localhost".to_owned()])?;
        params
            .distinguished_name
            .push(DnType::CommonName, "localhost");
        let now = std::time::SystemTime::now();
        params.not_before = now.into();
        params.not_after = (now + std::time::Duration::from_secs(90 * 24 * 60 * 60)).into();
        params.crl_distribution_points = vec![CrlDistributionPoint {
            uris: vec!["http://localhost/none.crl".to_owned()],
        }];
        let certificate = params.signed_by(&key, &authority)?;
        Ok(Self {
            chain: certificate.pem() + &authority.pem(),
            authority: authority.pem(),
            key: key.serialize_pem(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scan_keeps_findings_above_informational_severity() {
        let line = |id: &str, severity: &str, finding: &str| Finding {
            id: id.into(),
            severity: severity.into(),
            finding: finding.into(),
        };
        let weak = line("RC4", "HIGH", "offered");
        let scan = Scan::of(vec![
            line("TLS1_2", "OK", "offered"),
            line("TLS1_3", "OK", "offered with final"),
            line("TLS1", "INFO", "not offered"),
            line("DNS_CAArecord", "LOW", "--"),
            weak.clone(),
        ]);
        assert_eq!(scan.versions, ["TLS1.2", "TLS1.3"]);
        assert_eq!(scan.findings, [weak]);
        assert_eq!(scan.checks, 5);
    }
}
