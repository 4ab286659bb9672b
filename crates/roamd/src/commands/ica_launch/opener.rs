//! The program that opens ICA files (`--open`).

use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::environment::variable;
use crate::exit_code::UsageError;

/// Environment variable with the program for `--open` without a value.
const OPEN_VARIABLE: &str = "ROAMD_OPEN";

/// Default program; desktops open files with it.
const DEFAULT_PROGRAM: &str = "xdg-open";

/// An existing program that opens ICA files, and its arguments before the path.
#[derive(Debug)]
pub(super) struct Opener {
    path: PathBuf,
    arguments: Vec<String>,
}

impl Opener {
    /// Finds a program by its command, which may have arguments and quotes as in a shell.
    ///
    /// Without a command, `ROAMD_OPEN` has it; the default is `xdg-open`.
    ///
    /// # Errors
    /// If the command is not valid or the program does not exist. Callers check this before they
    /// list sessions, because old farms disconnect the active sessions that they list.
    pub(super) fn find(command: Option<&str>) -> Result<Self, UsageError> {
        let command = match command {
            Some(command) => command.to_owned(),
            None => variable(OPEN_VARIABLE)?.unwrap_or_else(|| DEFAULT_PROGRAM.to_owned()),
        };
        let advice = format!("name one with --open=PROGRAM or {OPEN_VARIABLE}");
        let words = shlex::split(&command).unwrap_or_default();
        let Some((name, arguments)) = words.split_first() else {
            return Err(UsageError(format!(
                "the command that opens ICA files is blank or has an unclosed quote; {advice}"
            )));
        };
        let path = which::which(name).map_err(|_| {
            UsageError(format!(
                "there is no program {name} to open ICA files; {advice}"
            ))
        })?;
        Ok(Self {
            path,
            arguments: arguments.to_vec(),
        })
    }

    /// Starts the program with the path of a file, detached from this terminal.
    ///
    /// Does not wait for its end; it may outlive this command.
    ///
    /// # Errors
    /// If the program cannot be started.
    pub(super) fn start(&self, file: &Path) -> io::Result<()> {
        Command::new(&self.path)
            .args(&self.arguments)
            .arg(file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Ctrl-C on this terminal must not reach the program.
            .process_group(0)
            .spawn()
            .map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_command_is_split_as_in_a_shell() {
        let opener = Opener::find(Some("sh -c 'echo \"$1\"' open")).unwrap();
        assert!(opener.path.is_absolute(), "{opener:?}");
        assert_eq!(opener.arguments, ["-c", "echo \"$1\"", "open"]);
    }

    #[test]
    fn unusable_open_command_is_rejected_with_advice() {
        for (command, expected) in [
            ("/no/such/program x", "there is no program /no/such/program"),
            ("no-such-program", "there is no program no-such-program"),
            ("'open", "has an unclosed quote"),
            (" ", "is blank"),
        ] {
            let error = Opener::find(Some(command)).unwrap_err().to_string();
            assert!(error.contains(expected), "{command}: {error}");
            assert!(error.contains("--open=PROGRAM"), "{command}: {error}");
        }
    }
}
