//! `cargo xtask release --dry-run`: every check that a release needs, before its tag.
//!
//! A tag is set by hand, after this has passed; `docs/releasing.md` has the steps.

use std::fs;

use anyhow::{Context, Result, bail};

use crate::process::{cargo, command, output, root};
use crate::{check, dist, docs, reproduce};

/// Version of the release: that of the workspace.
const VERSION: &str = env!("CARGO_PKG_VERSION");

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Check everything and release nothing: the only mode.
    #[arg(long, required = true)]
    dry_run: bool,
}

/// Runs the checks, the quick ones first, and prints the tag to set.
pub(crate) fn run(args: &Args) -> Result<()> {
    debug_assert!(args.dry_run);
    clean_tree()?;
    new_tag()?;
    let changes =
        fs::read_to_string(root().join("CHANGELOG.md")).context("cannot read CHANGELOG.md")?;
    dated_section(&changes, VERSION)?;
    fuzz_lock_agrees()?;
    images_agree()?;
    fixture_exists()?;
    check::run_checks(&check::Args::for_release())?;
    docs::build()?;
    reproduce::compare()?;
    dist::run(&dist::Args { check: true })?;
    println!("All checks passed. Sign and push the tag: git tag --sign v{VERSION}");
    Ok(())
}

/// Checks that nothing differs from the last commit, of which the packages are made.
fn clean_tree() -> Result<()> {
    let changes = output(command("git").args(["status", "--porcelain"]))?;
    if !changes.is_empty() {
        bail!("the work tree has changes; commit or remove them:\n{changes}");
    }
    Ok(())
}

/// Checks that the version has no tag yet.
fn new_tag() -> Result<()> {
    let tag = format!("v{VERSION}");
    let tags = output(command("git").args(["tag", "--list", &tag]))?;
    if !tags.is_empty() {
        bail!("the tag {tag} exists; raise the version in Cargo.toml");
    }
    Ok(())
}

/// Checks that the change log has a section of the version with a date, and none above it with
/// changes that are not released.
fn dated_section(changes: &str, version: &str) -> Result<()> {
    let mut sections = changes.split("\n## ").skip(1);
    let first = sections.next().unwrap_or_default();
    let (title, content) = first.split_once('\n').unwrap_or((first, ""));
    if title == "[Unreleased]" {
        if !content.trim().is_empty() {
            bail!(
                "CHANGELOG.md has changes in [Unreleased]; give them the title [{version}] - DATE"
            );
        }
        return dated_title(sections.next().unwrap_or_default(), version);
    }
    dated_title(first, version)
}

fn dated_title(section: &str, version: &str) -> Result<()> {
    let title = section.lines().next().unwrap_or_default();
    let date = title
        .strip_prefix(&format!("[{version}] - "))
        .unwrap_or_default();
    let is_date = date.len() == 10
        && date.bytes().enumerate().all(|(index, byte)| match index {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    if !is_date {
        bail!("the newest section of CHANGELOG.md is not `## [{version}] - YYYY-MM-DD`");
    }
    Ok(())
}

/// Checks that the lock file of the fuzz targets is that of our crates in this version.
fn fuzz_lock_agrees() -> Result<()> {
    let metadata = ["metadata", "--format-version=1", "--locked"];
    let manifest = ["--manifest-path", "fuzz/Cargo.toml"];
    output(cargo().args(metadata).args(manifest))
        .context("fuzz/Cargo.lock is old; run `cargo update --workspace` in fuzz/")?;
    Ok(())
}

/// Checks that the files for containers name this version.
fn images_agree() -> Result<()> {
    for file in ["dist/container/compose.yaml", "dist/kubernetes/roamd.yaml"] {
        let text =
            fs::read_to_string(root().join(file)).with_context(|| format!("cannot read {file}"))?;
        if !text.contains(&format!("image: roamd:{VERSION}\n")) {
            bail!("{file} has another version of the image than {VERSION}");
        }
    }
    Ok(())
}

/// Checks that the tests of upgrades have data folders of this version.
fn fixture_exists() -> Result<()> {
    let folder = "crates/roamd/tests/main/data/upgrade";
    if !root().join(folder).join(VERSION).is_dir() {
        bail!("{folder} has no data of {VERSION}; docs/releasing.md has the command");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn change_log_needs_a_dated_section_of_the_version() {
        for (changes, good) in [
            ("# C\n\n## [0.2.0] - 2026-12-01\n\n- One\n", true),
            ("# C\n\n## [Unreleased]\n\n## [0.2.0] - 2026-12-01\n", true),
            (
                "# C\n\n## [Unreleased]\n\n- Two\n\n## [0.2.0] - 2026-12-01\n",
                false,
            ),
            ("# C\n\n## [0.2.0]\n", false),
            ("# C\n\n## [0.2.0] - soon\n", false),
            ("# C\n\n## [0.1.0] - 2026-12-01\n", false),
            ("# C\n", false),
        ] {
            assert_eq!(dated_section(changes, "0.2.0").is_ok(), good, "{changes:?}");
        }
    }
}
