//! References to characters and to the predefined entities (XML 1.0 §4.1 and §4.6).

use crate::characters::is_allowed;
use crate::names::is_name;

/// Returns the character of a reference, which is given without `&` and `;`.
///
/// # Errors
/// If the reference is malformed, or names a character that XML does not allow or an entity that
/// is not predefined. Others cannot be declared, because document types with declarations are
/// refused.
pub(crate) fn resolve(reference: &str) -> Result<char, &'static str> {
    let Some(number) = reference.strip_prefix('#') else {
        return predefined(reference);
    };
    match character(number) {
        None | Some('\0') => Err("reference to a character that does not exist"),
        Some(char) if is_allowed(char) => Ok(char),
        Some(_) => Err("malformed reference"),
    }
}

/// Returns the character of a number: decimal, or hexadecimal after `x`.
fn character(number: &str) -> Option<char> {
    let (digits, radix) = match number.strip_prefix('x') {
        Some(digits) => (digits, 16),
        None => (number, 10),
    };
    // The conversion would accept a sign.
    let is_number = digits.chars().all(|digit| digit.is_digit(radix));
    let code = is_number.then(|| u32::from_str_radix(digits, radix).ok())?;
    char::from_u32(code?)
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
