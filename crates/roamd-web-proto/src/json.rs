//! JSON documents (WA-18).

use serde::Serialize;

/// Writes a value as JSON without blanks. `/` is not escaped.
///
/// Clients search the text, so the keys of each object are in alphabetical order: fields of
/// serialised types are declared in this order.
pub(crate) fn write(value: &impl Serialize) -> Vec<u8> {
    #[expect(clippy::expect_used, reason = "texts and numbers, written into memory")]
    serde_json::to_vec(value).expect("a message is JSON")
}
