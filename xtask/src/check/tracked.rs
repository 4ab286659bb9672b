//! No build output is committed.

use anyhow::{Result, bail};

use crate::process::{command, output};

/// Folders that cargo and its tools write to.
const BUILD_FOLDERS: [&str; 1] = ["target"];

/// Fails if git tracks a file below a build folder.
pub(crate) fn check() -> Result<()> {
    let tracked = output(command("git").args(["ls-files", "-z"]))?;
    let files: Vec<&str> = tracked
        .split('\0')
        .filter(|file| !file.is_empty())
        .collect();
    let built: Vec<&str> = files
        .iter()
        .copied()
        .filter(|file| is_built(file))
        .collect();
    if !built.is_empty() {
        bail!(
            "{} files of build output are committed; remove them with `git rm -r --cached`:\n{}",
            built.len(),
            built.join("\n")
        );
    }
    println!(
        "None of the {} committed files is build output.",
        files.len()
    );
    Ok(())
}

fn is_built(file: &str) -> bool {
    let mut parts = file.split('/').rev();
    // The last part is the file itself.
    parts.next();
    parts.any(|folder| BUILD_FOLDERS.contains(&folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_below_target_is_build_output() {
        for (file, expected) in [
            ("target/debug/roamd", true),
            ("crates/roamd-xml/target/criterion/a b/sample.json", true),
            ("crates/roamd-xml/src/target.rs", false),
            ("docs/target", false),
            ("fuzz/fuzz_targets/xml.rs", false),
        ] {
            assert_eq!(is_built(file), expected, "{file}");
        }
    }
}
