//! The workspace builds with the oldest supported Rust version.

use std::env;
use std::fs;

use anyhow::{Context, Result, bail};

use crate::process::{command, find, output, root, run};

/// Runs `cargo check` with the version of `rust-version` in `Cargo.toml`.
///
/// Installs a missing toolchain only in continuous integration (`CI` is set). Fails if rustup does
/// not have the toolchain.
pub(crate) fn check() -> Result<()> {
    let manifest =
        fs::read_to_string(root().join("Cargo.toml")).context("cannot read Cargo.toml")?;
    let version = rust_version(&manifest).context("Cargo.toml has no rust-version")?;
    if env::var_os("CI").is_some() && toolchain(&installed()?, version).is_none() {
        run(command("rustup").args(["toolchain", "install", "--profile", "minimal", version]))?;
    }
    let installed = installed()?;
    let Some(toolchain) = toolchain(&installed, version) else {
        bail!(
            "Rust {version} is not installed; run \
             `rustup toolchain install --profile minimal {version}`, then try again"
        );
    };
    // A target folder of its own keeps the builds of the usual toolchain.
    run(command("rustup")
        .args(["run", toolchain, "cargo", "check", "--locked"])
        .args(["--workspace", "--all-targets", "--target-dir"])
        .arg(root().join("target/msrv"))
        .env_remove("RUSTC")
        .env_remove("RUSTDOC"))?;
    println!("The workspace builds with Rust {version} ({toolchain}).");
    Ok(())
}

/// Returns the names of the installed toolchains, one a line. Without rustup there is none.
fn installed() -> Result<String> {
    match find("rustup") {
        Some(rustup) => output(command(rustup).args(["toolchain", "list", "--quiet"])),
        None => Ok(String::new()),
    }
}

/// Returns the value of `rust-version`, such as `1.95`.
fn rust_version(manifest: &str) -> Option<&str> {
    let mut lines = manifest.lines();
    let value = lines.find_map(|line| line.strip_prefix("rust-version = "))?;
    Some(value.trim().trim_matches('"'))
}

/// Returns the installed toolchain of a version: `1.95-…`, or a patch release such as `1.95.0-…`.
fn toolchain<'a>(installed: &'a str, version: &str) -> Option<&'a str> {
    installed.lines().map(str::trim).find(|name| {
        let rest = name.strip_prefix(version);
        rest.is_some_and(|rest| rest.starts_with(['-', '.']))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_is_read_from_the_manifest() {
        let manifest = "[workspace.package]\nedition = \"2024\"\nrust-version = \"1.95\"\n";
        assert_eq!(rust_version(manifest), Some("1.95"));
        assert_eq!(rust_version("[package]\n"), None);
    }

    #[test]
    fn toolchain_of_the_version_is_found() {
        let installed = "stable-x86_64-unknown-linux-gnu\n1.9.0-x\n1.95.0-x86_64\n1.96-x\n";
        assert_eq!(toolchain(installed, "1.95"), Some("1.95.0-x86_64"));
        assert_eq!(toolchain(installed, "1.96"), Some("1.96-x"));
        assert_eq!(toolchain(installed, "1.97"), None);
    }
}
