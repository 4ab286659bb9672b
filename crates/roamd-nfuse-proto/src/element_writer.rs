//! Helpers that write elements of messages.

use roamd_xml::Writer;

/// Writes one element per text.
pub(crate) fn leaves(writer: &mut Writer, name: &str, texts: &[String]) {
    for text in texts {
        writer.leaf(name, &[], text);
    }
}

/// Writes an element if there is a text.
pub(crate) fn optional_leaf(writer: &mut Writer, name: &str, text: Option<&str>) {
    if let Some(text) = text {
        writer.leaf(name, &[], text);
    }
}

/// Writes an element with an optional attribute.
pub(crate) fn leaf_with_attribute(
    writer: &mut Writer,
    name: &str,
    attribute: &str,
    value: Option<&str>,
    text: &str,
) {
    match value {
        Some(value) => writer.leaf(name, &[(attribute, value)], text),
        None => writer.leaf(name, &[], text),
    }
}

/// Returns the text of a boolean.
pub(crate) fn boolean(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}
