//! Text from servers, made safe for terminals and logs.

/// Replaces control characters by spaces, so that text from a server cannot control the terminal.
pub fn printable(text: &str) -> String {
    text.chars()
        .map(|character| {
            if character.is_control() {
                ' '
            } else {
                character
            }
        })
        .collect()
}

/// Returns the beginning of a text from a server as one printable line of at most 300 characters.
pub(crate) fn short_line(text: &str) -> String {
    const MAX_CHARS: usize = 300;
    let short: String = text.chars().take(MAX_CHARS).collect();
    printable(&short).trim().into()
}
