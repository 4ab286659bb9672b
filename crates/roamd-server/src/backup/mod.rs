//! Backups: collecting what a server needs to continue, and restoring it.
//!
//! `roamd-backup` has the file and its encryption.

mod collect;
mod parts;
mod restore;

pub use collect::{CollectError, collect, named_files};
pub use parts::DamagedPart;
pub use restore::{RestoreError, Target, restore};
pub use roamd_backup::{Contents, MAGIC, OpenError, Origin, SealError, open};

use secrecy::SecretString;

use crate::clock::rng;

/// Returns the file of a backup, encrypted with a passphrase.
///
/// # Errors
/// If no key can be made of the passphrase.
pub fn seal(contents: &Contents, passphrase: &SecretString) -> Result<Vec<u8>, SealError> {
    roamd_backup::seal(contents, passphrase, &mut rng())
}
