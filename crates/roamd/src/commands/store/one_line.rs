//! Names as arguments.

use roamd_store_client::SessionParams;

/// Parses a name given as an argument: one line of text.
pub(in crate::commands) fn parse_name(text: &str) -> Result<String, String> {
    let name = text.trim();
    if name.is_empty() || name.chars().any(char::is_control) {
        return Err("must not be blank or contain control characters".into());
    }
    Ok(name.into())
}

/// Parses a client name or device id given as an argument, of at most the length that a store
/// accepts.
pub(in crate::commands) fn parse_client_name(text: &str) -> Result<String, String> {
    const MAX_LENGTH: usize = SessionParams::MAX_NAME_LENGTH;
    let name = parse_name(text)?;
    match name.chars().count() <= MAX_LENGTH {
        true => Ok(name),
        false => Err(format!("must have at most {MAX_LENGTH} characters")),
    }
}
