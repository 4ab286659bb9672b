//! Questions on the terminal.

use std::io::{self, BufRead as _, IsTerminal as _, Read as _, Write as _};

/// Maximum length of an answer, in bytes.
const MAX_ANSWER: u64 = 4096;

/// Returns whether the user can see a question and answer it.
pub(super) fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks a question, and returns the answer without the blanks around it. It is empty if the user
/// ends the input.
///
/// # Errors
/// If the terminal cannot be used.
pub(super) fn ask(question: &str) -> io::Result<String> {
    let mut terminal = io::stderr();
    write!(terminal, "{question} ")?;
    terminal.flush()?;
    let mut answer = String::new();
    io::stdin().lock().take(MAX_ANSWER).read_line(&mut answer)?;
    Ok(answer.trim().to_owned())
}
