//! The configuration file of a command.

use std::path::{Path, PathBuf};

use clap::Args;
use roamd_server::config::{self, Config, ConfigError, Essentials};

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

impl ConfigFile {
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the configuration, and prints each of its errors as `FILE:LINE: what is wrong`.
    ///
    /// # Errors
    /// If the file cannot be read or is not a valid configuration.
    pub(super) fn read(&self) -> Result<Config, ConfigError> {
        config::read(&self.path).inspect_err(print_errors)
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
