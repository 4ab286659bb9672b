//! Lock of the profiles and sign-ins of a user.

use std::fs::{File, TryLockError};
use std::time::Duration;

use anyhow::Context;
use tokio::time::sleep;

use super::folders::state_folder;
use crate::commands::private_file::create_folder;

/// Interval of the attempts to get the lock.
const POLL: Duration = Duration::from_millis(50);

/// Waits until no other command changes profiles or sign-ins. Dropping the file ends the lock.
///
/// Another command may wait for a slow store. Ctrl-C ends this wait, which a blocking call would
/// not allow.
///
/// # Errors
/// If the lock file cannot be created or locked.
pub(in crate::commands) async fn lock() -> anyhow::Result<File> {
    let folder = state_folder()?;
    create_folder(&folder)?;
    let path = folder.join("lock");
    let failed = || format!("cannot lock {}", path.display());
    let mut options = File::options();
    let file = options.write(true).create(true).truncate(false).open(&path);
    let file = file.with_context(failed)?;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => sleep(POLL).await,
            Err(TryLockError::Error(error)) => return Err(error).with_context(failed),
        }
    }
}
