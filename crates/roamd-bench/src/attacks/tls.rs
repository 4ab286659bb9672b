//! testssl.sh: whatever is wrong with TLS.

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
use serde::Deserialize;

use crate::service::free_address;
use crate::setup::{Reached, Setup};

/// What says nothing of the server: a name of a machine in a test has no records in the DNS.
const OF_THE_TEST: [&str; 1] = ["DNS_CAArecord"];

/// Severities that need nobody's attention. A warning says that the program could not look.
const HARMLESS: [&str; 4] = ["OK", "INFO", "DEBUG", "WARN"];

/// What the program found.
pub(crate) struct Scan {
    /// How many things it looked at.
    looked_at: usize,
    /// The versions of TLS that it was offered.
    versions: Vec<String>,
    /// What is above informational.
    pub(super) findings: Vec<Finding>,
}

/// A line of the program's report.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Finding {
    id: String,
    severity: String,
    finding: String,
}

/// Lets the program look at a gateway whose certificate is that of an authority it trusts.
pub(super) fn scan(setup: &Setup, roamd: &Path) -> Result<Scan> {
    eprintln!("TLS");
    let folder = tempfile::tempdir()?;
    let at = |name: &str| folder.path().join(name);
    let certificate = Certificate::for_localhost()?;
    fs::write(at("ca.pem"), certificate.authority)?;
    fs::write(at("server.pem"), certificate.chain)?;
    fs::write(at("server.key"), certificate.key)?;
    fs::set_permissions(at("server.key"), fs::Permissions::from_mode(0o600))?;
    let address = free_address()?;
    let target = format!("localhost:{}", address.port());
    let reached = Reached {
        listen: address,
        base_url: format!("https://{target}"),
        sections: format!(
            "[tls]\ncertificate_file = {:?}\nkey_file = {:?}\n",
            at("server.pem"),
            at("server.key")
        ),
        arguments: &[],
    };
    let _gateway = setup.start_gateway(roamd, "tls", address, &reached)?;
    let report = at("report.json");
    // Its status counts findings, so the report is what tells whether it ran.
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
            looked_at: report.len(),
            versions,
            findings: report
                .into_iter()
                .filter(|it| !HARMLESS.contains(&it.severity.as_str()))
                .filter(|it| !OF_THE_TEST.contains(&it.id.as_str()))
                .collect(),
        }
    }
}

impl fmt::Display for Scan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "testssl.sh looked at {} things; offered are {}; above informational: {}.",
            self.looked_at,
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

/// A certificate as a public authority would make it, all in PEM.
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
            .push(DnType::CommonName, "Authority of a test");
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
    fn what_is_above_informational_is_told_and_nothing_of_the_test() {
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
        assert_eq!(scan.looked_at, 5);
    }
}
