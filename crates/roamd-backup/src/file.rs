//! The file: its head, the key of a passphrase, and the sealed contents.

use std::cmp::Ordering;

use argon2::{Algorithm, Argon2, Params, Version};
use rand_core::CryptoRng;
use roamd_seal::{Key, KeyId, KeyRing, OpenError as SealedError, Purpose};
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use crate::contents::Contents;

/// How each backup begins. The rest of its first line is the number of the format.
pub const MAGIC: &[u8] = b"roamd-backup ";

/// The only format so far.
const FORMAT: u8 = b'1';

/// Longest number of a format.
const FORMAT_LEN: usize = 9;

const SALT_LEN: usize = 16;

/// Length of the id of a key.
const ID_LEN: usize = 4;

const CONTENTS: Purpose = Purpose::new("backup");

/// Error of writing a backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// Argon2 failed.
    #[error("cannot make a key of the passphrase")]
    Passphrase,
}

/// Error of reading a backup. It contains nothing of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The file is something else.
    #[error("not a backup of roamd")]
    NotABackup,
    /// A newer version has written the file.
    #[error("the backup has a newer format; use a newer version of roamd")]
    Newer,
    /// The end of the file is missing.
    #[error("the backup is cut: {missing} bytes are missing at its end; use another copy of it")]
    Cut {
        /// Number of missing bytes.
        missing: u64,
    },
    /// The passphrase is not that of the file.
    #[error("the passphrase is not that of the backup")]
    WrongPassphrase,
    /// The file was changed since it was written.
    #[error("the backup is damaged; use another copy of it")]
    Damaged,
    /// Argon2 failed.
    #[error("cannot make a key of the passphrase")]
    Passphrase,
}

/// Returns the file of a backup. Takes a part of a second and 64 MiB of memory.
///
/// # Errors
/// If no key can be made of the passphrase.
pub fn seal(
    contents: &Contents,
    passphrase: &SecretString,
    rng: &mut impl CryptoRng,
) -> Result<Vec<u8>, SealError> {
    let mut salt = [0; SALT_LEN];
    rng.fill_bytes(&mut salt);
    let ring = ring(passphrase, &salt).ok_or(SealError::Passphrase)?;
    // Deterministic: no other text is ever sealed under this key.
    let sealed = ring.seal_deterministic(CONTENTS, &[], &contents.to_bytes());
    let length = (sealed.len() as u64).to_be_bytes();
    Ok([MAGIC, &[FORMAT, b'\n'], &salt, &length, &sealed].concat())
}

/// Reads the file of a backup. Takes a part of a second and 64 MiB of memory.
///
/// # Errors
/// If the file is not a whole and unchanged backup, or the passphrase is wrong.
pub fn open(file: &[u8], passphrase: &SecretString) -> Result<Contents, OpenError> {
    let rest = after_first_line(file)?;
    let cut = |rest: &[u8], needed: u64| OpenError::Cut {
        missing: needed.saturating_sub(rest.len() as u64),
    };
    let (salt, rest) = rest
        .split_first_chunk::<SALT_LEN>()
        .ok_or_else(|| cut(rest, SALT_LEN as u64))?;
    let (length, sealed) = rest.split_first_chunk().ok_or_else(|| cut(rest, 8))?;
    let length = u64::from_be_bytes(*length);
    match length.cmp(&(sealed.len() as u64)) {
        Ordering::Greater => return Err(cut(sealed, length)),
        Ordering::Less => return Err(OpenError::Damaged),
        Ordering::Equal => {}
    }
    let ring = ring(passphrase, salt).ok_or(OpenError::Passphrase)?;
    let opened = ring
        .open(CONTENTS, &[], sealed)
        .map_err(|error| match error {
            SealedError::UnknownKey => OpenError::WrongPassphrase,
            SealedError::Malformed | SealedError::Forged => OpenError::Damaged,
        })?;
    Contents::from_bytes(&opened).ok_or(OpenError::Damaged)
}

/// Checks the first line, and returns what follows it.
fn after_first_line(file: &[u8]) -> Result<&[u8], OpenError> {
    let rest = file.strip_prefix(MAGIC).ok_or(OpenError::NotABackup)?;
    let line = rest.get(..=FORMAT_LEN).unwrap_or(rest);
    let end = line.iter().position(|byte| *byte == b'\n');
    let (number, rest) = end
        .and_then(|end| rest.split_at_checked(end))
        .filter(|(number, _)| !number.is_empty() && number.iter().all(u8::is_ascii_digit))
        .ok_or(OpenError::NotABackup)?;
    if number != [FORMAT] {
        return Err(OpenError::Newer);
    }
    rest.get(1..).ok_or(OpenError::NotABackup)
}

/// Makes the key of a passphrase. Returns `None` if Argon2 fails.
fn ring(passphrase: &SecretString, salt: &[u8; SALT_LEN]) -> Option<KeyRing> {
    // RFC 9106 §4, for machines without gigabytes to spare.
    let (memory_kib, passes, lanes) = (64 * 1024, 3, 4);
    let params = Params::new(memory_kib, passes, lanes, None).ok()?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let mut derived = Zeroizing::new([0; Key::LEN + ID_LEN]);
    argon2
        .hash_password_into(passphrase.expose_secret().as_bytes(), salt, &mut *derived)
        .ok()?;
    let (secret, id) = derived.split_first_chunk::<{ Key::LEN }>()?;
    let id = KeyId(u32::from_be_bytes(id.try_into().ok()?));
    // The time of creation matters only for keys that are rotated.
    let key = Key::new(id, 0, Zeroizing::new(*secret));
    Some(KeyRing::new(key, Vec::new()))
}

#[cfg(test)]
mod tests {
    use getrandom::SysRng;
    use getrandom::rand_core::UnwrapErr;
    use proptest::prelude::*;

    use super::*;
    use crate::contents::{Origin, StateFiles};

    fn contents() -> Contents {
        Contents {
            origin: Origin {
                program: "0.1.0".to_owned(),
                created: 1_795_000_000,
                data_dir: "/var/lib/roamd".to_owned(),
            },
            configuration: b"listen = \"127.0.0.1:8080\"".to_vec(),
            keys: Some(b"v1 7 0 secret".to_vec().into()),
            revocations: None,
            state: Some(StateFiles {
                database: vec![5; 4096],
                key: vec![6; 32].into(),
            }),
        }
    }

    fn passphrase(text: &str) -> SecretString {
        text.to_owned().into()
    }

    fn sealed() -> Vec<u8> {
        seal(
            &contents(),
            &passphrase("long enough"),
            &mut UnwrapErr(SysRng),
        )
        .unwrap()
    }

    #[test]
    fn backup_opens_with_its_passphrase_alone() {
        let file = sealed();
        let opened = open(&file, &passphrase("long enough"));
        assert_eq!(opened, Ok(contents()));
        let refused = open(&file, &passphrase("long enough "));
        assert_eq!(refused, Err(OpenError::WrongPassphrase));
        let shows_secret = |secret: &[u8]| file.windows(secret.len()).any(|part| part == secret);
        assert!(!shows_secret(b"secret") && !shows_secret(b"127.0.0.1"));
    }

    #[test]
    fn two_backups_of_the_same_contents_differ() {
        assert_ne!(sealed(), sealed());
    }

    #[test]
    fn cut_backup_says_how_much_is_missing() {
        let file = sealed();
        let passphrase = passphrase("long enough");
        for missing in [1, 100, 4096] {
            let cut = &file[..file.len() - missing];
            let missing = missing as u64;
            assert_eq!(open(cut, &passphrase), Err(OpenError::Cut { missing }));
        }
        let head = &file[..MAGIC.len() + 2 + 10];
        assert_eq!(open(head, &passphrase), Err(OpenError::Cut { missing: 6 }));
    }

    #[test]
    fn file_that_is_no_backup_is_named() {
        let passphrase = passphrase("long enough");
        for (file, expected) in [
            (&b""[..], OpenError::NotABackup),
            (b"PK\x03\x04", OpenError::NotABackup),
            (b"roamd-backup 1", OpenError::NotABackup),
            (b"roamd-backup \n", OpenError::NotABackup),
            (b"roamd-backup x\n", OpenError::NotABackup),
            (b"roamd-backup 1234567890\n", OpenError::NotABackup),
            (b"roamd-backup 2\n", OpenError::Newer),
            (b"roamd-backup 10\n", OpenError::Newer),
        ] {
            assert_eq!(open(file, &passphrase), Err(expected), "{file:?}");
        }
    }

    #[test]
    fn changed_backup_is_damaged() {
        let mut file = sealed();
        // One byte of the sealed text, and one more at the end.
        let last = file.len() - 1;
        file[last] ^= 1;
        assert_eq!(
            open(&file, &passphrase("long enough")),
            Err(OpenError::Damaged)
        );
        file[last] ^= 1;
        // A byte of the length.
        let length = MAGIC.len() + 2 + SALT_LEN + 7;
        file[length] -= 1;
        assert_eq!(
            open(&file, &passphrase("long enough")),
            Err(OpenError::Damaged)
        );
        file[length] += 1;
        file.push(0);
        assert_eq!(
            open(&file, &passphrase("long enough")),
            Err(OpenError::Damaged)
        );
    }

    proptest! {
        /// An attacker with the passphrase can seal any contents.
        #[test]
        fn contents_of_any_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            Contents::from_bytes(&bytes);
        }

        #[test]
        fn written_contents_are_read_as_the_same(
            configuration: Vec<u8>, keys: Option<Vec<u8>>, revocations: Option<Vec<u8>>, created: i64,
        ) {
            let written = Contents {
                origin: Origin { created, ..contents().origin },
                configuration,
                keys: keys.map(Into::into),
                revocations,
                state: None,
            };
            let bytes = written.to_bytes();
            prop_assert_eq!(Contents::from_bytes(&bytes), Some(written));
            prop_assert_eq!(Contents::from_bytes(&bytes[..bytes.len() - 1]), None);
        }
    }
}
