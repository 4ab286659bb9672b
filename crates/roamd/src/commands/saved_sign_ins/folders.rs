//! Folders of the user (XDG Base Directory Specification).

use std::env;
use std::path::PathBuf;

use anyhow::Context;

/// Returns the folder for configuration, by default `~/.config/roamd`.
///
/// # Errors
/// If the user has no home folder.
pub(super) fn config_folder() -> anyhow::Result<PathBuf> {
    folder("XDG_CONFIG_HOME", ".config")
}

/// Returns the folder for state, by default `~/.local/state/roamd`.
///
/// # Errors
/// If the user has no home folder.
pub(super) fn state_folder() -> anyhow::Result<PathBuf> {
    folder("XDG_STATE_HOME", ".local/state")
}

/// Returns the folder of roamd below the folder in a variable, or below one in the home folder.
fn folder(variable: &str, in_home: &str) -> anyhow::Result<PathBuf> {
    let given = env::var_os(variable).map(PathBuf::from);
    // The specification ignores relative paths.
    let base = match given.filter(|path| path.is_absolute()) {
        Some(base) => base,
        None => env::home_dir()
            .context("cannot find the home folder; set HOME")?
            .join(in_home),
    };
    Ok(base.join("roamd"))
}
