//! Where a password comes from. Never from an argument: other users can read those.

use std::env::{self, VarError};
use std::io::{self, BufRead, IsTerminal};

use anyhow::Context;
use secrecy::SecretString;

use crate::exit::UsageError;

/// Environment variable with the password.
const VARIABLE: &str = "ROAMD_PASSWORD";

/// Longest line that is read as a password, in bytes.
const LONGEST: u64 = 64 * 1024;

/// Reads the password: from standard input if told so, else from the environment, else from the
/// person at the terminal.
pub(in crate::commands) fn read(from_stdin: bool, user: &str) -> anyhow::Result<SecretString> {
    if from_stdin {
        return self::from_stdin();
    }
    match env::var(VARIABLE) {
        Ok(password) => return Ok(password.into()),
        Err(VarError::NotPresent) => {}
        Err(VarError::NotUnicode(_)) => {
            return Err(UsageError(format!("{VARIABLE} is not UTF-8")).into());
        }
    }
    if !io::stdin().is_terminal() {
        let problem = "there is no terminal to ask for the password";
        let advice = format!("set {VARIABLE} or use --password-stdin");
        return Err(UsageError(format!("{problem}; {advice}")).into());
    }
    let prompt = format!("Password of {user}: ");
    Ok(rpassword::prompt_password(prompt)
        .context("cannot read the password")?
        .into())
}

/// Reads the password from the first line of standard input.
pub(in crate::commands) fn from_stdin() -> anyhow::Result<SecretString> {
    from_line(io::stdin().lock())
}

fn from_line(input: impl BufRead) -> anyhow::Result<SecretString> {
    let mut line = String::new();
    input
        .take(LONGEST)
        .read_line(&mut line)
        .context("cannot read the password")?;
    let password = line.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        return Err(UsageError("standard input has no line with a password".into()).into());
    }
    Ok(password.into())
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn the_first_line_without_its_end_is_the_password() {
        for (input, expected) in [
            ("secret\n", "secret"),
            ("secret\r\nmore\n", "secret"),
            (" two words ", " two words "),
        ] {
            assert_eq!(
                from_line(input.as_bytes()).unwrap().expose_secret(),
                expected
            );
        }
        assert!(from_line(&b"\n"[..]).is_err());
        assert!(from_line(&b""[..]).is_err());
    }
}
