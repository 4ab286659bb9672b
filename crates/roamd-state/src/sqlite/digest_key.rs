//! The secret key of digests whose keys can be guessed.
//!
//! The name of a user and the address of a network have few possible values, so a reader of the
//! state could find them from plain digests: who has signed in from where. Such digests are made
//! with a key that is in a file of its own beside the state. It is not derived from the keys that
//! seal tokens, because those are replaced regularly, and known networks live longer. Keys that
//! cannot be guessed need no secret: a lost key file therefore makes no revoked token valid.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use hmac::{Hmac, KeyInit as _, Mac as _};
use rustix::process::geteuid;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::file::{OpenError, publish, remove};
use crate::counter::CounterKind;
use crate::digest::Digest;
use crate::flag::FlagKind;

/// Length of the key, in bytes: a block of the hash function.
const LEN: usize = 64;

/// User id of root.
const ROOT: u32 = 0;

/// The key.
#[derive(Clone)]
pub(super) struct DigestKey(Hmac<Sha256>);

impl DigestKey {
    /// Reads the key file of a state file, or creates one. The caller holds the lock of the state.
    pub(super) fn open_or_create(state: &Path) -> Result<Self, OpenError> {
        let path = state.with_extension("key");
        let failed = |source| OpenError::Io {
            path: path.clone(),
            source,
        };
        let file = match File::open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                create(&path).map_err(failed)?;
                File::open(&path)
            }
            opened => opened,
        };
        let file = file.map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        let mode = metadata.mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(OpenError::KeyExposed { path, mode });
        }
        let (owner, user) = (metadata.uid(), geteuid().as_raw());
        if ![ROOT, user].contains(&owner) {
            return Err(OpenError::KeyOwner { path, owner, user });
        }
        // One byte more, to notice a longer file.
        let mut bytes = Zeroizing::new(Vec::with_capacity(LEN + 1));
        file.take(LEN as u64 + 1)
            .read_to_end(&mut bytes)
            .map_err(failed)?;
        match <[u8; LEN]>::try_from(bytes.as_slice()) {
            Ok(key) => Ok(Self(Hmac::new((&*Zeroizing::new(key)).into()))),
            Err(_) => Err(OpenError::KeyDamaged { path }),
        }
    }

    /// Returns the digest that is stored for a flag.
    pub(super) fn of_flag(&self, kind: FlagKind, key: Digest) -> Digest {
        if kind.has_guessable_keys() {
            self.keyed(kind.stored_name(), key)
        } else {
            key
        }
    }

    /// Returns the digest that is stored for a counter.
    pub(super) fn of_counter(&self, kind: CounterKind, key: Digest) -> Digest {
        if kind.has_guessable_keys() {
            self.keyed(kind.stored_name(), key)
        } else {
            key
        }
    }

    /// No kind has a NUL in its name, so two kinds never give the same digest.
    fn keyed(&self, kind: &str, key: Digest) -> Digest {
        let digest = self.0.clone();
        let digest = digest.chain_update(kind).chain_update([0]);
        let digest = digest.chain_update(key.as_bytes()).finalize();
        Digest::from_bytes(digest.into_bytes().into())
    }
}

impl fmt::Debug for DigestKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DigestKey")
    }
}

/// Creates a key file of a random key. It is whole or missing, also after a power failure: digests
/// of a lost key would never be found again.
fn create(path: &Path) -> io::Result<()> {
    let mut key = Zeroizing::new([0; LEN]);
    getrandom::fill(&mut *key).map_err(io::Error::other)?;
    let draft = path.with_extension("key.new");
    remove(&draft)?;
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&draft)?;
    file.write_all(&*key)?;
    file.sync_all()?;
    publish(&draft, path)
}
