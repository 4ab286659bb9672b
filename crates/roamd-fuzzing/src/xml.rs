//! Oracle of the XML parser and writer.

use ::xml::EventReader;
use ::xml::reader::XmlEvent;
use roamd_xml::{Document, Element, Encoding, Layout, Rules, Writer, XmlLimits, parse};

/// Rules for the requests of clients.
const STORE: Rules = Rules::store(XmlLimits::REQUEST);

/// Rules for NFuse messages.
const FARM: Rules = Rules::nfuse(XmlLimits::REQUEST);

/// Rules for written documents, which are larger than their originals.
const WRITTEN: Rules = Rules {
    limits: XmlLimits {
        bytes: 64 << 20,
        depth: 2 * XmlLimits::REQUEST.depth,
        attributes: 2 * XmlLimits::REQUEST.attributes,
        children: 2 * XmlLimits::REQUEST.children,
        elements: 2 * XmlLimits::REQUEST.elements,
        tree_factor: 8 * XmlLimits::REQUEST.tree_factor,
        namespaces: 1 << 12,
        namespace_bytes: 1 << 12,
    },
    ..STORE
};

/// Parses any bytes as XML.
pub fn xml(bytes: &[u8]) {
    for rules in [STORE, FARM] {
        if let Ok(document) = parse(bytes, &rules) {
            assert_within(document.root(), &rules.limits, 1);
            let limit = rules.limits.tree_bytes(bytes.len());
            assert!(document.memory() <= limit, "tree too large");
            assert_writable(document.root());
            assert_same_as_other_parser(bytes, &document);
        }
    }
}

/// Asserts the limits again, on the finished tree.
fn assert_within(element: Element<'_>, limits: &XmlLimits, depth: usize) {
    assert!(depth <= limits.depth, "too deep");
    assert!(
        element.attributes().len() <= limits.attributes,
        "too many attributes"
    );
    assert!(
        element.children().count() <= limits.children,
        "too many children"
    );
    for child in element.children() {
        assert_within(child, limits, depth + 1);
    }
}

/// Asserts that a written tree parses as the same tree.
fn assert_writable(root: Element<'_>) {
    for layout in [Layout::Compact, Layout::Indented { first: 4, step: 2 }] {
        let mut writer = Writer::new(layout);
        write(&mut writer, root);
        match parse(&writer.finish(), &WRITTEN) {
            Ok(again) => assert_same(root, again.root()),
            Err(error) => panic!("a written document is rejected: {error}"),
        }
    }
}

/// Writes a tree. Text beside elements is written as an element, because the writer does not
/// support mixed content.
fn write(writer: &mut Writer, element: Element<'_>) {
    let element_name = Name::new(element.namespace(), "e", element.name());
    let attribute_names: Vec<_> = element
        .attributes()
        .enumerate()
        .map(|(n, a)| Name::new(a.namespace, &format!("a{n}"), a.name))
        .collect();
    let values = element.attributes().map(|a| a.value);
    let attributes: Vec<_> = std::iter::once(&element_name)
        .chain(&attribute_names)
        .filter_map(Name::declaration)
        .chain(
            attribute_names
                .iter()
                .map(|name| name.qualified.as_str())
                .zip(values),
        )
        .collect();
    let name = &element_name.qualified;
    if element.children().next().is_none() {
        writer.leaf(name, &attributes, element.text());
        return;
    }
    writer.open(name, &attributes);
    writer.leaf("text", &[], element.text());
    for child in element.children() {
        write(writer, child);
    }
    writer.close();
}

/// A qualified name, with the declaration of its prefix.
struct Name<'n> {
    qualified: String,
    declaration: Option<(String, &'n str)>,
}

impl<'n> Name<'n> {
    fn new(namespace: Option<&'n str>, prefix: &str, local: &str) -> Self {
        let (prefix, declaration) = match namespace {
            None => (String::new(), None),
            // This namespace is always declared, and has a fixed prefix.
            Some("http://www.w3.org/XML/1998/namespace") => ("xml:".to_owned(), None),
            Some(uri) => (format!("{prefix}:"), Some((format!("xmlns:{prefix}"), uri))),
        };
        Self {
            qualified: format!("{prefix}{local}"),
            declaration,
        }
    }

    fn declaration(&self) -> Option<(&str, &str)> {
        self.declaration
            .as_ref()
            .map(|(name, uri)| (name.as_str(), *uri))
    }
}

fn assert_same(element: Element<'_>, again: Element<'_>) {
    assert_eq!(element.name(), again.name());
    assert_eq!(element.namespace(), again.namespace());
    assert!(
        element.attributes().eq(again.attributes()),
        "attributes differ"
    );
    let children: Vec<_> = again.children().collect();
    let Some((text, children)) = children.split_first() else {
        assert_eq!(element.children().count(), 0, "children are lost");
        assert_eq!(element.text(), again.text());
        return;
    };
    assert_eq!(element.text(), text.text());
    assert_eq!(element.children().count(), children.len());
    for (child, again) in element.children().zip(children) {
        assert_same(child, *again);
    }
}

/// Asserts that a text is that of an element. Of one with children, the indentation in front of
/// other character data is left out.
fn assert_same_text(element: Element<'_>, text: &str) {
    let left_out = text.strip_suffix(element.text());
    let indentation = match element.children().next() {
        Some(_) => left_out.map(|it| it.trim_matches([' ', '\t', '\r', '\n'])),
        None => left_out,
    };
    assert_eq!(indentation, Some(""), "texts differ");
}

/// Asserts that another parser returns the same elements, attributes and text, unless it may decode
/// the document differently.
fn assert_same_as_other_parser(bytes: &[u8], document: &Document<'_>) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let has_declared_encoding = text.contains("encoding") || text.contains("<!DOCTYPE");
    if document.encoding() != Encoding::Utf8 || has_declared_encoding {
        return;
    }
    let mut open: Vec<(Element<'_>, Vec<Element<'_>>, String)> = Vec::new();
    for event in EventReader::new(bytes) {
        match event {
            Ok(XmlEvent::StartElement {
                name, attributes, ..
            }) => {
                let element = match open.last_mut() {
                    None => Some(document.root()),
                    Some((_, children, _)) => children.pop(),
                };
                let Some(element) = element else {
                    panic!("another parser returns more elements");
                };
                assert_eq!(name.local_name, element.name());
                assert_eq!(name.namespace.as_deref(), element.namespace());
                assert_eq!(attributes.len(), element.attributes().len());
                for (theirs, ours) in attributes.iter().zip(element.attributes()) {
                    assert_eq!(theirs.name.local_name, ours.name);
                    assert_eq!(theirs.name.namespace.as_deref(), ours.namespace);
                    assert_eq!(theirs.value, ours.value);
                }
                let mut children: Vec<_> = element.children().collect();
                children.reverse();
                open.push((element, children, String::new()));
            }
            Ok(XmlEvent::EndElement { .. }) => {
                if let Some((element, children, text)) = open.pop() {
                    assert!(children.is_empty(), "another parser returns fewer elements");
                    assert_same_text(element, &text);
                }
            }
            Ok(XmlEvent::Characters(part) | XmlEvent::CData(part) | XmlEvent::Whitespace(part)) => {
                if let Some((_, _, text)) = open.last_mut() {
                    text.push_str(&part);
                }
            }
            Ok(_) => {}
            Err(error) => panic!("another parser rejects it: {error}"),
        }
    }
}
