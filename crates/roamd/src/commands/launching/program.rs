//! The program that opens ICA files (`--open`).

use std::env;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::exit::UsageError;

/// Environment variable with the program for `--open` without a value.
const VARIABLE: &str = "ROAMD_OPEN";

/// What desktops open files with.
const DESKTOP: &str = "xdg-open";

/// A program that is there, and the arguments before the file.
#[derive(Debug)]
pub(super) struct Program {
    path: PathBuf,
    arguments: Vec<String>,
}

impl Program {
    /// The program that is named as in a shell, with arguments if it has some; without a name that
    /// of the environment, else what the desktop has.
    ///
    /// # Errors
    /// It is not there. This is told before any session is asked for: on old farms the question
    /// alone takes sessions away from other clients.
    pub(super) fn find(named: Option<&str>) -> Result<Self, UsageError> {
        let line = match (named, env::var_os(VARIABLE)) {
            (Some(named), _) => named.to_owned(),
            (None, Some(line)) => line
                .into_string()
                .map_err(|_| UsageError(format!("{VARIABLE} is not UTF-8")))?,
            (None, None) => DESKTOP.to_owned(),
        };
        let advice = format!("name one with --open=PROGRAM or {VARIABLE}");
        let words = shlex::split(&line).unwrap_or_default();
        let Some((name, arguments)) = words.split_first() else {
            return Err(UsageError(format!(
                "the program for ICA files is blank or has an open quote; {advice}"
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

    /// Starts it with a file. It goes on by itself: it has no part of this terminal, its end is not
    /// waited for, and it may outlive this command.
    pub(super) fn start(&self, file: &Path) -> io::Result<()> {
        Command::new(&self.path)
            .args(&self.arguments)
            .arg(file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Ctrl-C at this terminal is not meant for it.
            .process_group(0)
            .spawn()
            .map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_named_as_in_a_shell() {
        let program = Program::find(Some("sh -c 'echo \"$1\"' open")).unwrap();
        assert!(program.path.is_absolute(), "{program:?}");
        assert_eq!(program.arguments, ["-c", "echo \"$1\"", "open"]);
    }

    #[test]
    fn what_is_no_program_is_told_with_advice() {
        for (line, expected) in [
            ("/no/such/program x", "there is no program /no/such/program"),
            ("no-such-program", "there is no program no-such-program"),
            ("'open", "has an open quote"),
            (" ", "is blank"),
        ] {
            let error = Program::find(Some(line)).unwrap_err().to_string();
            assert!(error.contains(expected), "{line}: {error}");
            assert!(error.contains("--open=PROGRAM"), "{line}: {error}");
        }
    }
}
