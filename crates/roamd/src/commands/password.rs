//! Reading a password: from standard input, the environment or a terminal.
//!
//! There is no argument for it, since other users of the machine can read arguments.

use std::env;
use std::io::{self, BufRead, IsTerminal};

use anyhow::Context;
use secrecy::SecretString;

use crate::environment::variable;
use crate::exit_code::UsageError;

/// Environment variable with the password.
const PASSWORD_VARIABLE: &str = "ROAMD_PASSWORD";

/// Maximum length of a password line in bytes.
const MAX_LINE_LENGTH: u64 = 64 * 1024;

/// Returns whether a password is given, so that no terminal is asked.
pub(super) fn is_password_given(from_stdin: bool) -> bool {
    from_stdin || env::var_os(PASSWORD_VARIABLE).is_some_and(|it| !it.is_empty())
}

/// Reads the password of a user: from standard input if `from_stdin`, else from `ROAMD_PASSWORD`,
/// else from a prompt on the terminal.
///
/// # Errors
/// If there is no password: the variable is not UTF-8, there is no terminal, or the line is blank.
pub(super) fn read_password(from_stdin: bool, user: &str) -> anyhow::Result<SecretString> {
    match read_given(from_stdin, "password", PASSWORD_VARIABLE)? {
        Some(password) => Ok(password),
        None => prompt("password", &format!("Password for {user}: ")),
    }
}

/// Reads a secret from standard input, or else from a variable. Returns `None` if neither has it
/// and there is a terminal. `noun` is what messages and options call it.
///
/// # Errors
/// If it cannot be read, or there is no terminal.
pub(super) fn read_given(
    from_stdin: bool,
    noun: &str,
    name: &'static str,
) -> anyhow::Result<Option<SecretString>> {
    if from_stdin {
        return read_password_from_stdin().map(Some);
    }
    if let Some(secret) = variable(name)? {
        return Ok(Some(secret.into()));
    }
    if !io::stdin().is_terminal() {
        let problem = format!("cannot ask for the {noun} without a terminal");
        let advice = format!("set {name} or use --{noun}-stdin");
        return Err(UsageError(format!("{problem}; {advice}")).into());
    }
    Ok(None)
}

/// Asks for a secret on the terminal.
///
/// # Errors
/// If it cannot be read.
pub(super) fn prompt(noun: &str, text: &str) -> anyhow::Result<SecretString> {
    let typed = rpassword::prompt_password(text);
    let typed = typed.with_context(|| format!("cannot read the {noun}"))?;
    Ok(typed.into())
}

/// Reads the password from the first line of standard input.
///
/// # Errors
/// If the line is blank or cannot be read.
pub(super) fn read_password_from_stdin() -> anyhow::Result<SecretString> {
    first_line(io::stdin().lock())
}

fn first_line(input: impl BufRead) -> anyhow::Result<SecretString> {
    let mut line = String::new();
    input
        .take(MAX_LINE_LENGTH)
        .read_line(&mut line)
        .context("cannot read the password")?;
    let password = line.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        return Err(UsageError(
            "standard input has no line with a password; write it as the first line".into(),
        )
        .into());
    }
    Ok(password.into())
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn password_is_first_line_without_line_end() {
        for (input, expected) in [
            ("secret\n", "secret"),
            ("secret\r\nmore\n", "secret"),
            (" two words ", " two words "),
        ] {
            assert_eq!(
                first_line(input.as_bytes()).unwrap().expose_secret(),
                expected
            );
        }
        assert!(first_line(&b"\n"[..]).is_err());
        assert!(first_line(&b""[..]).is_err());
    }
}
