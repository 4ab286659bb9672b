//! Reading the passphrase of a backup: from standard input, the environment or a terminal.

use secrecy::{ExposeSecret as _, SecretString};

use super::password::{prompt, read_given};
use crate::exit_code::UsageError;

/// Environment variable with the passphrase.
const PASSPHRASE_VARIABLE: &str = "ROAMD_PASSPHRASE";

/// Minimum length of a new passphrase in characters. A thief of a backup can try many.
const MIN_LENGTH: usize = 12;

/// Reads the passphrase of a new backup. A terminal is asked twice.
///
/// # Errors
/// If there is no passphrase, it is too short, or the two differ.
pub(super) fn read_new(from_stdin: bool) -> anyhow::Result<SecretString> {
    let (passphrase, is_typed) = read(from_stdin)?;
    if passphrase.expose_secret().chars().count() < MIN_LENGTH {
        let text = format!("the passphrase is too short; use {MIN_LENGTH} characters or more");
        return Err(UsageError(text).into());
    }
    if is_typed {
        let again = prompt("passphrase", "The same passphrase again: ")?;
        if again.expose_secret() != passphrase.expose_secret() {
            let text = "the two passphrases differ; nothing was written";
            return Err(UsageError(text.to_owned()).into());
        }
    }
    Ok(passphrase)
}

/// Reads the passphrase of an existing backup.
///
/// # Errors
/// If there is no passphrase.
pub(super) fn read_existing(from_stdin: bool) -> anyhow::Result<SecretString> {
    Ok(read(from_stdin)?.0)
}

/// Returns a passphrase, and whether it was typed.
fn read(from_stdin: bool) -> anyhow::Result<(SecretString, bool)> {
    let given = read_given(from_stdin, "passphrase", PASSPHRASE_VARIABLE)?;
    Ok(match given {
        Some(passphrase) => (passphrase, false),
        None => (prompt("passphrase", "Passphrase of the backup: ")?, true),
    })
}
