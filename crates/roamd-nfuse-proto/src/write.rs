//! Helpers to write what the messages have in common.

use roamd_xml::Writer;

/// Writes one element for each text.
pub(crate) fn texts(writer: &mut Writer, name: &str, texts: &[String]) {
    for text in texts {
        writer.leaf(name, &[], text);
    }
}

/// Writes an element when there is a text.
pub(crate) fn some_text(writer: &mut Writer, name: &str, text: Option<&str>) {
    if let Some(text) = text {
        writer.leaf(name, &[], text);
    }
}

/// Writes an element with an attribute that may be absent.
pub(crate) fn with_attribute(
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

/// A truth value as NFuse writes it.
pub(crate) fn truth(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}
