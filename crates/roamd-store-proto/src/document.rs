//! Parser rules for received documents, and the start of each written document.

use roamd_xml::{Layout, Rules, Writer, XmlLimits};

/// Rules for the request of a client.
pub(crate) const REQUEST: Rules = Rules::store(XmlLimits::REQUEST);

/// Rules for the response of a store.
pub(crate) const RESPONSE: Rules = Rules::store(XmlLimits::RESPONSE);

/// Rules for a list of all resources: a thousand applications on each of sixteen farms.
pub(crate) const LONG_RESPONSE: Rules = Rules {
    limits: XmlLimits {
        bytes: 64 * 1024 * 1024,
        elements: 1024 * 1024,
        ..XmlLimits::RESPONSE
    },
    ..RESPONSE
};

/// The first line of each document.
const DECLARATION: &str = r#"<?xml version="1.0" encoding="utf-8"?>"#;

/// Starts a document: the declaration and the root, whose namespace is the default one (ST-18).
pub(crate) fn begin(root: &str, namespace: &str, attributes: &[(&str, &str)]) -> Writer {
    let writer = Writer::new(Layout::Compact);
    begin_in(writer, root, namespace, attributes)
}

/// Starts a document that contains a token or a ticket. The caller wipes the finished document.
pub(crate) fn begin_secret(root: &str, namespace: &str, attributes: &[(&str, &str)]) -> Writer {
    let writer = Writer::for_secrets(Layout::Compact);
    begin_in(writer, root, namespace, attributes)
}

fn begin_in(
    mut writer: Writer,
    root: &str,
    namespace: &str,
    attributes: &[(&str, &str)],
) -> Writer {
    writer.prolog(DECLARATION);
    let all: Vec<_> = [("xmlns", namespace)]
        .into_iter()
        .chain(attributes.iter().copied())
        .collect();
    writer.open(root, &all);
    writer
}

/// Returns the text of a boolean.
pub(crate) const fn boolean(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}
