//! `roamd restore`.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use jiff::Timestamp;
use roamd_server::backup::{Contents, MAGIC, Target, open, restore};

use super::backup::parts;
use super::config_file::ConfigFile;
use super::passphrase;
use crate::exit_code::Exit;
use crate::output;

/// Restores a backup that `roamd backup` has written.
///
/// Stop the server first. The configuration goes to its file, the rest to the data folder that the
/// backup names. Files are replaced with --force only. A state of an older version is upgraded.
/// Nothing is changed if the passphrase is wrong, or the backup is damaged or cut.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  roamd restore /var/backups/roamd.backup --dry-run\n  \
    roamd restore roamd.backup --passphrase-stdin < passphrase"
)]
pub(crate) struct RestoreCommand {
    /// File of the backup.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    config: ConfigFile,
    /// Data folder, instead of the one that the backup names.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Replace the configuration, and the keys and the state in the data folder.
    #[arg(long)]
    force: bool,
    /// Read the passphrase from the first line of standard input.
    #[arg(long)]
    passphrase_stdin: bool,
    /// Show what the backup contains, without restoring it.
    #[arg(long)]
    dry_run: bool,
}

impl RestoreCommand {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        let path = self.file.display();
        let file = read(&self.file).with_context(|| format!("cannot read {path}"))?;
        let passphrase = passphrase::read_existing(self.passphrase_stdin)?;
        let contents =
            open(&file, &passphrase).with_context(|| format!("cannot restore {path}"))?;
        let named = PathBuf::from(&contents.origin.data_dir);
        let is_elsewhere = self.data.as_ref().is_some_and(|data| *data != named);
        let target = Target {
            data_dir: self.data.unwrap_or(named),
            config: self.config.path().to_owned(),
            may_replace: self.force,
        };
        output::print_line(described(&contents))?;
        if self.dry_run {
            return Ok(Exit::Done);
        }
        restore(contents, &target)?;
        output::print_message(format_args!(
            "Restored {} and {}.",
            target.config.display(),
            target.data_dir.display()
        ));
        if is_elsewhere {
            output::print_message("Correct `data_dir` in the configuration, which names another.");
        }
        Ok(Exit::Done)
    }
}

/// Reads a backup. Of another file, such as one without end, only the first bytes are read, which
/// [`open`] refuses.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let mut file = File::open(path)?;
    let mut bytes = Vec::new();
    file.by_ref()
        .take(MAGIC.len() as u64)
        .read_to_end(&mut bytes)?;
    if bytes == MAGIC {
        file.read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

/// Returns a line about a backup: "Backup by roamd 0.1.0 of 2026-11-29T12:00:00Z of /var/lib/roamd:
/// configuration, keys".
fn described(contents: &Contents) -> String {
    let origin = &contents.origin;
    let created = Timestamp::from_second(origin.created);
    let created = created.map_or_else(|_| "-".to_owned(), |created| created.to_string());
    format!(
        "Backup by roamd {} of {created} of {}: {}",
        origin.program,
        origin.data_dir,
        parts(contents)
    )
}
