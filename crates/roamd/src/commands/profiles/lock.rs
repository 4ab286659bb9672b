//! Lock of the profiles and sign-ins of a user.

use std::fs::File;

use anyhow::Context;

use super::folders::state_folder;
use super::private_file::create_folder;

/// Waits until no other command changes profiles or sign-ins. Dropping the file ends the lock.
///
/// # Errors
/// If the lock file cannot be created.
pub(in crate::commands) fn lock() -> anyhow::Result<File> {
    let folder = state_folder()?;
    create_folder(&folder)?;
    let path = folder.join("lock");
    let locked = File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .and_then(|file| file.lock().map(|()| file));
    locked.with_context(|| format!("cannot lock {}", path.display()))
}
