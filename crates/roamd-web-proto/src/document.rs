//! The start of each XML document.

use roamd_xml::{Layout, Writer};

/// Starts a document. Its namespace is the default one, and there are no prefixes: clients parse
/// it without namespaces, or search its text (WA-19).
pub(crate) fn begin(root: &str, namespace: &str) -> Writer {
    let mut writer = Writer::new(Layout::Compact);
    writer.prolog(r#"<?xml version="1.0" encoding="utf-8"?>"#);
    writer.open(root, &[("xmlns", namespace)]);
    writer
}

/// Returns the text of a boolean (WA-51).
pub(crate) const fn boolean(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}
