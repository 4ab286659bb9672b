//! Names as arguments.

/// Parses a name given as an argument: one line of text.
pub(in crate::commands) fn parse_name(text: &str) -> Result<String, String> {
    let name = text.trim();
    if name.is_empty() || name.chars().any(char::is_control) {
        return Err("must not be blank or contain control characters".into());
    }
    Ok(name.into())
}
