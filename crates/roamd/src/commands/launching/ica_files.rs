//! Where ICA files go: into a folder, and to the program that opens them.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use secrecy::{ExposeSecret, SecretString};

use super::program::Program;

/// What a file is called until all of it is written.
const UNFINISHED: &str = "part";

/// Where ICA files go, as arguments.
#[derive(Debug, Args)]
pub(crate) struct IcaFileArgs {
    /// Folder for the ICA files. They work once, for a short time.
    #[arg(long, value_name = "DIR", default_value = ".")]
    output: PathBuf,
    /// Open each ICA file with a program, which gets its path as the last argument and goes on by
    /// itself [default: ROAMD_OPEN, else xdg-open]. ICA files tell Citrix clients to remove them.
    #[arg(long, value_name = "PROGRAM", num_args = 0..=1, require_equals = true)]
    open: Option<Option<String>>,
}

/// A folder that is there, and perhaps a program.
#[derive(Debug)]
pub(crate) struct IcaFiles {
    folder: PathBuf,
    pub(super) program: Option<Program>,
}

impl IcaFileArgs {
    /// Makes the folder and finds the program, before anything is asked of a store.
    pub(crate) fn prepare(&self) -> anyhow::Result<IcaFiles> {
        let program = match &self.open {
            Some(named) => Some(Program::find(named.as_deref())?),
            None => None,
        };
        // Whole, so that the printed paths can be used from anywhere.
        let folder =
            std::path::absolute(&self.output).context("cannot find the folder for ICA files")?;
        std::fs::create_dir_all(&folder)
            .with_context(|| format!("cannot make the folder {}", folder.display()))?;
        Ok(IcaFiles { folder, program })
    }
}

impl IcaFiles {
    /// Writes an ICA file under a name that is not taken, readable by its owner only. Under that
    /// name the file is whole: nobody opens half of one.
    pub(super) fn write(&self, name: &str, text: &SecretString) -> anyhow::Result<PathBuf> {
        let mut file = tempfile::Builder::new()
            .prefix(&format!("{}-", file_name(name)))
            .suffix(&format!(".ica.{UNFINISHED}"))
            .tempfile_in(&self.folder)
            .with_context(|| format!("cannot write to {}", self.folder.display()))?;
        file.write_all(text.expose_secret().as_bytes())
            .context("cannot write an ICA file")?;
        let path = file.path().with_extension("");
        file.persist_noclobber(&path)
            .context("cannot keep an ICA file")?;
        Ok(path)
    }
}

/// What a file may be called after a resource of a store.
fn file_name(resource: &str) -> String {
    let name: String = resource
        .chars()
        .filter(|c| c.is_alphanumeric() || "-_.".contains(*c))
        .collect();
    if name.starts_with('.') || name.is_empty() {
        "session".into()
    } else {
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_after_its_resource_and_stays_in_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        let files = IcaFiles {
            folder: folder.path().to_owned(),
            program: None,
        };
        for (resource, expected) in [
            ("XA1.MSPaint", "XA1.MSPaint-"),
            ("../../etc/x", "session-"),
            ("a/b\nc", "abc-"),
            ("", "session-"),
        ] {
            let path = files.write(resource, &"[WFClient]\n".into()).unwrap();
            assert_eq!(path.parent(), Some(folder.path()));
            let name = path.file_name().unwrap().to_str().unwrap();
            assert!(name.starts_with(expected), "{name}");
            assert!(name.ends_with(".ica"), "{name}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), "[WFClient]\n");
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 4);
    }
}
