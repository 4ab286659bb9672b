//! The server that a command speaks to, or whose files it uses.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::bail;
use clap::Args;
use roamd_server::config::{ConfigError, Essentials};
use roamd_server::control::ControlClient;
use roamd_server::revocations::RevocationFile;
use roamd_server::{DataDirError, check_server};

use super::config_file::{ConfigFile, without_file};
use crate::exit_code::UsageError;
use crate::runtime::block_on;

/// Arguments that name a server.
#[derive(Debug, Args)]
pub(super) struct RunningServer {
    #[command(flatten)]
    config: ConfigFile,
    /// Data folder of the running server, or of a demo, instead of that of a configuration.
    #[arg(long, value_name = "DIR", conflicts_with = "config")]
    data: Option<PathBuf>,
}

/// The files of a server that commands use, and how long its sign-ins last.
#[derive(Debug)]
pub(super) struct ServerFiles {
    pub(super) data_dir: PathBuf,
    /// The audit log; `None` if it is off.
    pub(super) audit: Option<PathBuf>,
    /// Longest life of a sign-in; `None` if the configuration has a wrong one.
    token_lifetime_max: Option<Duration>,
    /// Whether the server is one of a group.
    pub(super) is_in_group: bool,
}

impl ServerFiles {
    /// Returns the file of revocations.
    ///
    /// # Errors
    /// If no server has run on the data folder: none would read the file.
    pub(super) fn revocations(&self) -> Result<RevocationFile, DataDirError> {
        check_server(&self.data_dir)?;
        Ok(RevocationFile::of(&self.data_dir))
    }

    /// Returns the longest life of a sign-in.
    ///
    /// # Errors
    /// If the configuration has a wrong one.
    pub(super) fn token_lifetime_max(&self) -> Result<Duration, UsageError> {
        let problem = "`token_lifetime_max` in the configuration has an error";
        let advice = "correct it, or name the data folder of a running server with --data";
        self.token_lifetime_max
            .ok_or_else(|| UsageError(format!("{problem}; {advice}")))
    }
}

/// Checks that the audit log that a server names belongs to the owner of its data folder.
///
/// # Errors
/// If it belongs to another user, as a file of root does that the user of the server names.
fn check_owner(audit: &Path, data_dir: &Path) -> anyhow::Result<()> {
    let owner = |path: &Path| fs::metadata(path).map(|metadata| metadata.uid());
    if owner(audit)? == owner(data_dir)? {
        return Ok(());
    }
    bail!(
        "the audit log {} does not belong to the owner of {}; name the configuration of the server \
         with --config",
        audit.display(),
        data_dir.display()
    )
}

impl RunningServer {
    /// Returns a client of the server.
    ///
    /// # Errors
    /// If the configuration cannot be read.
    pub(super) fn client(&self) -> anyhow::Result<ControlClient> {
        let data_dir = match &self.data {
            Some(data_dir) => data_dir.clone(),
            None => self.read_config(|config| config.data_dir)?,
        };
        Ok(ControlClient::of(&data_dir))
    }

    /// Returns the files of the server: as its configuration names them, or, with `--data`, as the
    /// running server does.
    ///
    /// # Errors
    /// If the configuration cannot be read, or no server runs on the data folder.
    pub(super) fn files(&self) -> anyhow::Result<ServerFiles> {
        if let Some(data_dir) = &self.data {
            let client = ControlClient::of(data_dir);
            let status = block_on(async { Ok(client.status().await?) })?;
            // Not the folder that the server names: its user must not make root write elsewhere.
            let data_dir = client.data_dir().to_owned();
            let audit = status.audit.map(|audit| audit.file);
            if let Some(audit) = &audit {
                check_owner(audit, &data_dir)?;
            }
            return Ok(ServerFiles {
                data_dir,
                audit,
                token_lifetime_max: Some(Duration::from_secs(status.token_lifetime_max_seconds)),
                is_in_group: status.state.group.is_some(),
            });
        }
        self.read_config(|config| {
            let data_dir = config.data_dir?;
            Some(ServerFiles {
                audit: config.audit.ok()?.map(|audit| data_dir.join(audit.file)),
                token_lifetime_max: config.token_lifetime_max,
                is_in_group: config.is_in_group.ok()?,
                data_dir,
            })
        })
    }

    /// Reads what is needed of the configuration, which may have errors elsewhere: a command to a
    /// running server must work then, too.
    fn read_config<T>(&self, needed: impl FnOnce(Essentials) -> Option<T>) -> anyhow::Result<T> {
        let read = self.config.read_essentials(needed);
        read.map_err(|error| match error {
            ConfigError::Unreadable { path, source } if source.kind() == ErrorKind::NotFound => {
                UsageError(format!(
                    "there is no configuration {}; name that of the server with --config, or the \
                     data folder of a running server or demo with --data",
                    path.display()
                ))
                .into()
            }
            error => without_file(error),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::chown;

    use super::*;

    /// Only root can give files away, and only root could be misled.
    #[test]
    fn audit_log_of_another_user_than_the_data_folder_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let audit = folder.path().join("audit.log");
        fs::write(&audit, "").unwrap();
        check_owner(&audit, folder.path()).unwrap();
        if chown(folder.path(), Some(65_534), None).is_err() {
            return;
        }
        let error = check_owner(&audit, folder.path()).unwrap_err();
        assert!(error.to_string().contains("does not belong"), "{error}");
    }
}
