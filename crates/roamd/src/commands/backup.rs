//! `roamd backup`.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use jiff::Timestamp;
use roamd_server::backup::{Contents, collect, named_files, seal};
use roamd_server::config::{self, ConfigError};
use roamd_server::{OperatorAction, OperatorCommand};
use rustix::fs::{Access, access};
use serde::Serialize;

use super::config_file::{ConfigFile, explained};
use super::operator_audit::ReasonArg;
use super::passphrase;
use super::result_format::ResultFormatArgs;
use crate::exit_code::{Exit, UsageError};
use crate::output;

/// Writes an encrypted backup: configuration, keys, revocations and state.
///
/// The server may run. The new file is for its owner alone, and an existing one is never replaced.
/// The passphrase is read from a terminal, from ROAMD_PASSPHRASE, or with --passphrase-stdin from
/// the first line of standard input; without it, the backup is lost. The audit log and the files
/// that the configuration names are not in the backup. With the engine etcd, keys and state are in
/// etcd and not in the backup.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  roamd backup /var/backups/roamd.backup\n  \
    roamd backup roamd.backup --passphrase-stdin < passphrase")]
pub(crate) struct BackupCommand {
    /// New file of the backup.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    config: ConfigFile,
    /// Read the passphrase from the first line of standard input.
    #[arg(long)]
    passphrase_stdin: bool,
    #[command(flatten)]
    reason: ReasonArg,
    #[command(flatten)]
    format: ResultFormatArgs,
}

/// The result as JSON.
#[derive(Serialize)]
struct BackupJson<'a> {
    file: &'a Path,
    /// What it contains.
    parts: Vec<&'static str>,
    /// Files that the configuration names, which are not in it.
    missing_files: &'a [String],
}

impl BackupCommand {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        let config = self.config.path();
        // Before the question. Whether there is one is checked again when it is written.
        if self.file.exists() {
            return Err(exists(&self.file));
        }
        check_writable(&self.file)?;
        let absent = named_files(config).map_err(explained)?;
        let contents = collect(config, Timestamp::now())?;
        let passphrase = passphrase::read_new(self.passphrase_stdin)?;
        write_new(&self.file, &seal(&contents, &passphrase)?)?;
        let file = self.file.display().to_string();
        // The log is one of the server that the backup is of.
        if let Ok(Some(log)) = audit_log(config) {
            let action = OperatorAction::Command(OperatorCommand {
                command: "backup",
                object: Some(&file),
                ..OperatorCommand::default()
            });
            self.reason.record(&log, [action])?;
        }
        if self.format.is_json() {
            output::print_json(&BackupJson {
                file: &self.file,
                parts: parts(&contents),
                missing_files: &absent,
            })?;
            return Ok(Exit::Done);
        }
        let parts = parts(&contents).join(", ");
        output::print_message(format_args!("Wrote {file}: {parts}."));
        if contents.keys.is_none() {
            output::print_message(
                "Keys and state are in etcd: back up etcd and the cluster key too.",
            );
        }
        if !absent.is_empty() {
            output::print_message(format_args!(
                "It does not contain these files, which the configuration names: {}",
                absent.join(", ")
            ));
        }
        Ok(Exit::Done)
    }
}

/// Returns the audit log that a configuration names; `None` if it is off.
///
/// # Errors
/// If the configuration cannot be read.
pub(super) fn audit_log(config: &Path) -> Result<Option<PathBuf>, ConfigError> {
    let (essentials, _) = config::read_essentials(config)?;
    let audit = essentials.audit.ok().flatten();
    Ok(essentials
        .data_dir
        .zip(audit)
        .map(|(data_dir, audit)| data_dir.join(audit.file)))
}

/// Returns what a backup contains, as words.
pub(super) fn parts(contents: &Contents) -> Vec<&'static str> {
    let parts = [
        (true, "configuration"),
        (contents.keys.is_some(), "keys"),
        (contents.revocations.is_some(), "revocations"),
        (contents.state.is_some(), "state"),
    ];
    let parts = parts.into_iter().filter(|(is_present, _)| *is_present);
    parts.map(|(_, name)| name).collect()
}

/// Returns the folder of a file.
fn folder_of(path: &Path) -> &Path {
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
    folder.unwrap_or(Path::new("."))
}

/// Checks that a file can be created. An error of the draft that [`write_new`] creates would have
/// its name, which means nothing to the operator.
fn check_writable(path: &Path) -> anyhow::Result<()> {
    access(folder_of(path), Access::WRITE_OK | Access::EXEC_OK)
        .map_err(io::Error::from)
        .with_context(|| format!("cannot write {}", path.display()))
}

/// Writes a new file that only its owner can read: as a whole, or not at all.
fn write_new(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let failed = || format!("cannot write {}", path.display());
    let mut file = tempfile::Builder::new()
        .prefix(".backup-")
        .tempfile_in(folder_of(path))
        .with_context(failed)?;
    file.write_all(bytes).with_context(failed)?;
    file.as_file().sync_all().with_context(failed)?;
    match file.persist_noclobber(path) {
        Ok(_) => Ok(()),
        Err(_) if path.exists() => Err(exists(path)),
        Err(error) => Err(error.error).with_context(failed),
    }
}

fn exists(path: &Path) -> anyhow::Error {
    let path = path.display();
    UsageError(format!("{path} exists; choose another name")).into()
}
