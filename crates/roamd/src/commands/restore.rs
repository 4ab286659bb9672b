//! `roamd restore`.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use jiff::Timestamp;
use roamd_server::backup::{Contents, MAGIC, Target, open, restore};
use roamd_server::{OperatorAction, OperatorCommand};
use serde::Serialize;

use super::backup::{audit_log, parts};
use super::config_file::ConfigFile;
use super::operator_audit::ReasonArg;
use super::passphrase;
use super::result_format::ResultFormatArgs;
use crate::exit_code::Exit;
use crate::output;

/// Restores a backup that `roamd backup` has written.
///
/// Stop the server first. The configuration goes to its file, the rest to the data folder that the
/// backup names. The files belong to the owner of the folder that they are in. Files are replaced
/// with --force only. A state of an older version is upgraded.
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
    #[command(flatten)]
    reason: ReasonArg,
    #[command(flatten)]
    format: ResultFormatArgs,
}

/// The result as JSON.
#[derive(Serialize)]
struct RestoreJson<'a> {
    /// Version of the program that has written the backup.
    program: &'a str,
    /// Time of the backup.
    created: Option<Timestamp>,
    /// Data folder of the server that the backup is of.
    origin: &'a str,
    /// What the backup contains.
    parts: Vec<&'static str>,
    /// Where it was restored to; `null` for a dry run.
    config: Option<&'a Path>,
    data_dir: Option<&'a Path>,
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
            data_dir: self.data.clone().unwrap_or(named),
            config: self.config.path().to_owned(),
            may_replace: self.force,
        };
        if !self.format.is_json() {
            output::print_line(described(&contents))?;
        }
        let json = self.format.is_json().then(|| contents.origin.clone());
        let parts = parts(&contents);
        if !self.dry_run {
            let is_new_folder = !target.data_dir.exists();
            restore(contents, &target)?;
            self.report(&target, is_elsewhere, is_new_folder)?;
        }
        if let Some(origin) = json {
            output::print_json(&RestoreJson {
                program: &origin.program,
                created: Timestamp::from_second(origin.created).ok(),
                origin: &origin.data_dir,
                parts,
                config: (!self.dry_run).then_some(&target.config),
                data_dir: (!self.dry_run).then_some(&target.data_dir),
            })?;
        }
        Ok(Exit::Done)
    }

    /// Records what was restored, and prints where to.
    fn report(
        &self,
        target: &Target,
        is_elsewhere: bool,
        is_new_folder: bool,
    ) -> anyhow::Result<()> {
        let file = self.file.display().to_string();
        let action = OperatorAction::Command(OperatorCommand {
            command: "restore",
            object: Some(&file),
            ..OperatorCommand::default()
        });
        match audit_log(&target.config)? {
            Some(log) if !is_elsewhere => self.reason.record(&log, [action])?,
            Some(_) => self.reason.record_in_folder(&target.data_dir, [action])?,
            None => {}
        }
        output::print_message(format_args!(
            "Restored {} and {}.",
            target.config.display(),
            target.data_dir.display()
        ));
        if is_elsewhere {
            output::print_message("Correct `data_dir` in the configuration, which names another.");
        }
        let owner = fs::metadata(&target.data_dir)?.uid();
        if is_new_folder && owner == 0 {
            output::print_message(format_args!(
                "The data folder is new and belongs to root. If another user runs the server, run \
                 `chown -R USER: {}`.",
                target.data_dir.display()
            ));
        }
        Ok(())
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
        parts(contents).join(", ")
    )
}
