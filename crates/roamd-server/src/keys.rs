//! The key ring in the data folder.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rand_core::CryptoRng;
use roamd_seal::{Key, KeyId, KeyRing, KeyRingError};
use zeroize::Zeroizing;

/// Name of the file.
const FILE: &str = "keys";

/// Why there is no key ring.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The file cannot be read or written.
    #[error("cannot use the key file {}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others can read the keys.
    #[error(
        "key file {} can be read by others (mode {mode:o}); run `chmod 600` on it, and make new \
         keys if they may have been seen", .path.display()
    )]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// The file is not a key ring.
    #[error("key file {} is damaged; it is left as it is", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: KeyRingError,
    },
}

/// Opens the key ring of a data folder, and makes one in a folder that has none. Two processes that
/// start at the same time get the same ring.
pub(crate) fn open_or_make(
    data_dir: &Path,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> Result<KeyRing, KeysError> {
    let path = data_dir.join(FILE);
    match read(&path) {
        Err(KeysError::File { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            make(&path, now, rng).map_err(|source| KeysError::File {
                path: path.clone(),
                source,
            })?;
            read(&path)
        }
        ring => ring,
    }
}

fn read(path: &Path) -> Result<KeyRing, KeysError> {
    let unusable = |source| KeysError::File {
        path: path.into(),
        source,
    };
    let mode = fs::metadata(path).map_err(unusable)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(KeysError::Exposed {
            path: path.into(),
            mode,
        });
    }
    let text = Zeroizing::new(fs::read_to_string(path).map_err(unusable)?);
    KeyRing::from_text(&text).map_err(|source| KeysError::Damaged {
        path: path.into(),
        source,
    })
}

/// Writes a ring with one new key. The file appears whole or not at all, and never replaces another.
fn make(path: &Path, now: Timestamp, rng: &mut impl CryptoRng) -> io::Result<()> {
    let mut secret = Zeroizing::new([0; Key::LEN]);
    rng.fill_bytes(secret.as_mut_slice());
    let ring = KeyRing::new(
        Key::new(KeyId(rng.next_u32()), now.as_second(), secret),
        Vec::new(),
    );
    let draft = path.with_extension(format!("{}.new", std::process::id()));
    let written = write(&draft, &ring).and_then(|()| match fs::hard_link(&draft, path) {
        // Somebody else was faster: their ring it is.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        linked => linked,
    });
    fs::remove_file(&draft)?;
    written
}

fn write(path: &Path, ring: &KeyRing) -> io::Result<()> {
    let mut file: File = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(ring.to_text().as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::rng;

    fn open(folder: &Path) -> Result<KeyRing, KeysError> {
        open_or_make(folder, Timestamp::UNIX_EPOCH, &mut rng())
    }

    #[test]
    fn a_new_folder_gets_one_key_that_stays() {
        let folder = tempfile::tempdir().unwrap();
        let first = open(folder.path()).unwrap();
        let second = open(folder.path()).unwrap();
        assert_eq!(*first.to_text(), *second.to_text());
        let mode = fs::metadata(folder.path().join(FILE))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(
            fs::read_dir(folder.path()).unwrap().count(),
            1,
            "no draft is left behind"
        );
    }

    #[test]
    fn processes_that_start_together_share_one_ring() {
        let folder = tempfile::tempdir().unwrap();
        // Both saw no file; the one that is slower keeps what the faster one made.
        let path = folder.path().join(FILE);
        make(&path, Timestamp::UNIX_EPOCH, &mut rng()).unwrap();
        let faster = fs::read_to_string(&path).unwrap();
        make(&path, Timestamp::UNIX_EPOCH, &mut rng()).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), faster);
    }

    #[test]
    fn keys_that_others_can_read_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        open(folder.path()).unwrap();
        let path = folder.path().join(FILE);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let error = open(folder.path()).unwrap_err().to_string();
        assert!(
            error.contains("mode 640") && error.contains("chmod 600"),
            "{error}"
        );
    }

    #[test]
    fn a_damaged_file_is_refused_and_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        open(folder.path()).unwrap();
        let path = folder.path().join(FILE);
        fs::write(&path, "half a k").unwrap();
        assert!(matches!(
            open(folder.path()),
            Err(KeysError::Damaged { .. })
        ));
        assert_eq!(fs::read_to_string(&path).unwrap(), "half a k");
    }
}
