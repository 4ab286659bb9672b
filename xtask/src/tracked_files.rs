//! The files of the project.

use anyhow::Result;

use crate::process::{command, output, root};

/// Returns the files that git tracks or would add, by their paths below the workspace's root.
pub(crate) fn tracked_files() -> Result<Vec<String>> {
    let listed = output(command("git").args([
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ]))?;
    let files = listed.split('\0').filter(|file| !file.is_empty());
    let mut files: Vec<String> = files.map(str::to_owned).collect();
    // A deleted file is listed until the deletion is staged.
    files.retain(|file| root().join(file).is_file());
    files.sort();
    files.dedup();
    Ok(files)
}
