//! The file of the secret key of digests.
//!
//! It is beside the state. The key is not derived from the keys that seal tokens, because those are
//! replaced regularly, and known networks live longer. Keys that cannot be guessed need no secret:
//! a lost key file therefore makes no revoked token valid.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use rustix::process::geteuid;
use zeroize::Zeroizing;

use super::file::{OpenError, open_regular, publish, write_private};
use crate::digest_key::DigestKey;

/// User id of root.
const ROOT: u32 = 0;

/// Reads the key file of a state file, or creates one. The caller holds the lock of the state.
pub(super) fn open_or_create(state: &Path) -> Result<DigestKey, OpenError> {
    let path = state.with_extension("key");
    let exists = path.try_exists();
    if !exists.map_err(|source| OpenError::io(&path, source))? {
        create(&path).map_err(|source| OpenError::io(&path, source))?;
    }
    read(&path)
}

/// Reads a key file, and checks that only its owner can read it.
pub(super) fn read(path: &Path) -> Result<DigestKey, OpenError> {
    let failed = |source| OpenError::io(path, source);
    let file = open_regular(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    let path = path.to_owned();
    let mode = metadata.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(OpenError::KeyExposed { path, mode });
    }
    let (owner, user) = (metadata.uid(), geteuid().as_raw());
    if ![ROOT, user].contains(&owner) {
        return Err(OpenError::KeyOwner { path, owner, user });
    }
    let secret = secret_in(&file, &path)?;
    Ok(DigestKey::new(&secret))
}

/// Reads the secret of the key file of a state file. Root may copy that of another user.
pub(super) fn read_secret(state: &Path) -> Result<Zeroizing<[u8; DigestKey::LEN]>, OpenError> {
    let path = state.with_extension("key");
    let file = open_regular(&path).map_err(|source| OpenError::io(&path, source))?;
    secret_in(&file, &path)
}

fn secret_in(file: &File, path: &Path) -> Result<Zeroizing<[u8; DigestKey::LEN]>, OpenError> {
    // One byte more, to notice a longer file.
    let mut bytes = Zeroizing::new(Vec::with_capacity(DigestKey::LEN + 1));
    file.take(DigestKey::LEN as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|source| OpenError::io(path, source))?;
    match <[u8; DigestKey::LEN]>::try_from(bytes.as_slice()) {
        Ok(secret) => Ok(Zeroizing::new(secret)),
        Err(_) => Err(OpenError::KeyDamaged {
            path: path.to_owned(),
        }),
    }
}

/// Creates a key file of a random key. It is whole or missing, also after a power failure: digests
/// of a lost key would never be found again.
fn create(path: &Path) -> io::Result<()> {
    let mut key = Zeroizing::new([0; DigestKey::LEN]);
    getrandom::fill(&mut *key).map_err(io::Error::other)?;
    let draft = path.with_extension("key.new");
    write_private(&draft, &*key)?;
    publish(&draft, path)
}
