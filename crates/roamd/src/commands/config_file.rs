//! The configuration file of a command.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use clap::Args;
use roamd_server::config::{self, Config, ConfigError, Essentials};

use crate::exit_code::UsageError;
use crate::output;

/// Configuration file that commands read unless another one is given.
pub(super) const DEFAULT_CONFIG: &str = "/etc/roamd/roamd.toml";

/// Argument for the configuration file of the server.
#[derive(Debug, Args)]
pub(super) struct ConfigFile {
    /// Configuration file of the server; `roamd config init` prints a sample.
    #[arg(id = "config", long = "config", value_name = "FILE", default_value = DEFAULT_CONFIG)]
    path: PathBuf,
}

/// The configuration file that a command is about: as its argument, or with `--config`.
#[derive(Debug, Args)]
pub(super) struct ConfigFileArgument {
    /// Configuration file; the same as --config.
    #[arg(value_name = "FILE", conflicts_with = "config")]
    file: Option<PathBuf>,
    #[command(flatten)]
    config: ConfigFile,
}

impl ConfigFileArgument {
    pub(super) fn path(&self) -> &Path {
        self.file.as_deref().unwrap_or(self.config.path())
    }
}

impl ConfigFile {
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the configuration, and prints each of its errors as `FILE:LINE: what is wrong`.
    ///
    /// # Errors
    /// If the file cannot be read or is not a valid configuration.
    pub(super) fn read(&self) -> anyhow::Result<Config> {
        config::read(&self.path).map_err(explained)
    }

    /// Reads what is needed to reach a running server. If other parts of the file have errors,
    /// warns of this: the server continues with the configuration that it has.
    ///
    /// # Errors
    /// If the file cannot be read, or has no valid part that is needed.
    pub(super) fn read_essentials<T>(
        &self,
        needed: impl FnOnce(Essentials) -> Option<T>,
    ) -> Result<T, ConfigError> {
        let path = &self.path;
        let (essentials, errors) = config::read_essentials(path)?;
        let is_valid = errors.is_empty();
        let found = needed(essentials).ok_or_else(|| ConfigError::Invalid {
            path: path.clone(),
            errors,
        });
        let found = found.inspect_err(print_errors)?;
        if !is_valid {
            output::print_message(format_args!(
                "Warning: {path} has errors, so that no server can load it; `roamd config check \
                 {path}` shows them.",
                path = path.display()
            ));
        }
        Ok(found)
    }
}

/// Prints each error of a configuration, and returns the error of the command, as [`without_file`]
/// does.
pub(super) fn explained(error: ConfigError) -> anyhow::Error {
    print_errors(&error);
    without_file(error)
}

/// Returns the error of a command: one that says how to name a file if there is none.
pub(super) fn without_file(error: ConfigError) -> anyhow::Error {
    match error {
        ConfigError::Unreadable { path, source } if source.kind() == ErrorKind::NotFound => {
            let path = path.display();
            UsageError(format!(
                "cannot read the configuration {path}: there is no such file; name that of the \
                 server with --config, or write one, of which `roamd config init` prints a sample"
            ))
            .into()
        }
        ConfigError::Unreadable { path, source }
            if source.kind() == ErrorKind::PermissionDenied =>
        {
            let path = path.display();
            let text =
                format!("cannot read the configuration {path}; run the command as its owner");
            anyhow::Error::from(source).context(text)
        }
        error => error.into(),
    }
}

/// Prints each error of a configuration as `FILE:LINE: what is wrong`.
pub(super) fn print_errors(error: &ConfigError) {
    if let ConfigError::Invalid { path, errors } = error {
        for error in errors {
            output::print_failure(format_args!(
                "{}:{}: {}",
                path.display(),
                error.line,
                error.message
            ));
        }
    }
}
