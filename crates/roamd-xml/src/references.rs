//! References to characters and to the predefined entities (XML 1.0 §4.1 and §4.6).

use quick_xml::events::BytesRef;

use crate::characters::is_allowed;
use crate::names::is_name;

/// Returns the character of a reference, which is given without `&` and `;`.
///
/// # Errors
/// If the reference is malformed, or names a character that XML does not allow or an entity that
/// is not predefined. Others cannot be declared, because document types with declarations are
/// refused.
pub(crate) fn resolve(reference: &str) -> Result<char, &'static str> {
    match BytesRef::new(reference).resolve_char_ref() {
        Ok(Some(char)) if is_allowed(char) => Ok(char),
        Ok(Some(_)) => Err("malformed reference"),
        Ok(None) => predefined(reference),
        Err(_) => Err("reference to a character that does not exist"),
    }
}

fn predefined(name: &str) -> Result<char, &'static str> {
    match name {
        "amp" => Ok('&'),
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "quot" => Ok('"'),
        "apos" => Ok('\''),
        _ if is_name(name) => Err("entity is not declared"),
        _ => Err("malformed reference"),
    }
}
