//! ICA files: the folder they are written to, and the program that opens them.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use secrecy::{ExposeSecret, SecretString};

use super::opener::Opener;
use crate::commands::private_file::create_last_folder;

/// Extension of a file until it is completely written.
const PARTIAL_EXTENSION: &str = "part";

/// Arguments about ICA files.
#[derive(Debug, Args)]
pub(super) struct IcaFileArgs {
    /// Folder for the ICA files. It is created, for its owner only, if the folder above it exists.
    /// Each file works once and for a short time.
    #[arg(long, value_name = "DIR", default_value = ".")]
    output: PathBuf,
    /// Open each ICA file with a program [default: ROAMD_OPEN, else xdg-open]. The program gets
    /// the path as its last argument and may outlive this command. Citrix clients remove ICA files
    /// after use.
    #[arg(long, value_name = "PROGRAM", num_args = 0..=1, require_equals = true)]
    open: Option<Option<String>>,
}

/// An existing folder for ICA files, and the program that opens them, if any.
#[derive(Debug)]
pub(in crate::commands) struct IcaFiles {
    folder: PathBuf,
    pub(super) opener: Option<Opener>,
}

impl IcaFileArgs {
    /// Creates the folder and finds the program, before any request to a store.
    ///
    /// # Errors
    /// If the folder cannot be created or the program does not exist.
    pub(super) fn prepare(&self) -> anyhow::Result<IcaFiles> {
        let opener = match &self.open {
            Some(command) => Some(Opener::find(command.as_deref())?),
            None => None,
        };
        // Absolute, so that the printed paths are valid in any working directory.
        let folder =
            std::path::absolute(&self.output).context("cannot find the folder for ICA files")?;
        create_last_folder(&folder)?;
        Ok(IcaFiles { folder, opener })
    }
}

impl IcaFiles {
    /// Writes an ICA file that only its owner can read, and returns its path.
    ///
    /// The name starts with `name` and is unique. The file has its final name only once it is
    /// completely written, so no program opens a partial file.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub(super) fn write(&self, name: &str, text: &SecretString) -> anyhow::Result<PathBuf> {
        let mut file = tempfile::Builder::new()
            .prefix(&format!("{}-", safe_file_name(name)))
            .suffix(&format!(".ica.{PARTIAL_EXTENSION}"))
            .tempfile_in(&self.folder)
            .with_context(|| format!("cannot write to {}", self.folder.display()))?;
        file.write_all(text.expose_secret().as_bytes())
            .context("cannot write an ICA file")?;
        let path = file.path().with_extension("");
        file.persist_noclobber(&path)
            .context("cannot rename a complete ICA file")?;
        Ok(path)
    }
}

/// Returns the start of a file name for a resource. It cannot leave the folder or be hidden.
fn safe_file_name(resource: &str) -> String {
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
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn only_the_last_folder_is_created_and_is_private() {
        let folder = tempfile::tempdir().unwrap();
        let prepared = |path: &str| {
            let args = IcaFileArgs {
                output: folder.path().join(path),
                open: None,
            };
            args.prepare().map(|_| ())
        };
        let error = prepared("new/er/est").unwrap_err().to_string();
        let expected = format!("there is no folder {}/new/er;", folder.path().display());
        assert!(error.contains(&expected), "{error}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        prepared("new").unwrap();
        let mode = std::fs::metadata(folder.path().join("new")).unwrap();
        assert_eq!(mode.permissions().mode() & 0o777, 0o700);
        // An existing one is used as it is.
        prepared("new").unwrap();
        std::fs::write(folder.path().join("file"), "").unwrap();
        let error = format!("{:#}", prepared("file").unwrap_err());
        assert!(error.contains("cannot create the folder"), "{error}");
    }

    #[test]
    fn ica_file_is_private_and_stays_in_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        let files = IcaFiles {
            folder: folder.path().to_owned(),
            opener: None,
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
            // It contains a logon ticket.
            let mode = std::fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 4);
    }
}
