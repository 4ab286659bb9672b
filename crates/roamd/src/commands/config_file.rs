//! Reading a configuration file for a command.

use std::path::Path;

use roamd_server::config::{self, Config, ConfigError};

use crate::output;

/// Reads a configuration, and prints each of its errors as `FILE:LINE: what is wrong`.
///
/// # Errors
/// If the file cannot be read or is not a valid configuration.
pub(super) fn read_config(path: &Path) -> Result<Config, ConfigError> {
    config::read(path).inspect_err(print_errors)
}

fn print_errors(error: &ConfigError) {
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
