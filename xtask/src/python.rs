//! Programs written in Python, each in an environment of its own in `target`.

use std::path::PathBuf;

use anyhow::Result;

use crate::files::empty_folder;
use crate::process::{command, root, run};
use crate::tools::{Program, ensure_programs};

/// A version of a package.
pub(crate) struct PythonTool {
    pub(crate) package: &'static str,
    pub(crate) version: &'static str,
    /// Its program.
    pub(crate) program: &'static str,
}

impl PythonTool {
    /// Installs the package if it is missing, and returns the path of its program.
    ///
    /// # Errors
    /// If it cannot be installed.
    pub(crate) fn ensure(&self) -> Result<PathBuf> {
        let Self {
            package,
            version,
            program,
        } = self;
        let folder = root().join("target").join(format!("{package}-{version}"));
        let installed = folder.join("bin").join(program);
        if installed.is_file() {
            return Ok(installed);
        }
        ensure_programs(&[Program {
            name: "python3",
            package: "python3-venv",
        }])?;
        empty_folder(&folder)?;
        run(command("python3").args(["-m", "venv"]).arg(&folder))?;
        run(command(folder.join("bin/pip"))
            .args(["install", "--quiet", "--disable-pip-version-check"])
            .arg(format!("{package}=={version}")))?;
        Ok(installed)
    }
}
