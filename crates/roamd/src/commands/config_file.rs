//! Reading a configuration file for a command.

use std::path::Path;

use roamd_server::config::{self, Config, ConfigError};

use crate::output;

/// Reads a configuration, and prints each of its errors as `FILE:LINE: what is wrong`.
///
/// # Errors
/// If the file cannot be read or is not a valid configuration.
pub(super) fn read_config(path: &Path) -> Result<Config, ConfigError> {
    config::read(path).inspect_err(print_faults)
}

fn print_faults(error: &ConfigError) {
    if let ConfigError::Faulty { path, faults } = error {
        for fault in faults {
            output::print_message(format_args!(
                "{}:{}: {}",
                path.display(),
                fault.line,
                fault.message
            ));
        }
    }
}
