//! Documents.

use ::xml::EventReader;
use ::xml::reader::XmlEvent;
use roamd_xml::{
    Charset, Doctype, Document, Element, Encoding, Layout, XmlLimits, Rules, Writer, parse,
};

/// How the messages of a client are read.
const STORE: Rules = Rules {
    limits: XmlLimits::REQUEST,
    charset: Charset::Sniffed,
    doctype: Doctype::Refused,
};

/// How the messages of NFuse are read.
const FARM: Rules = Rules {
    limits: XmlLimits::REQUEST,
    charset: Charset::Declared,
    doctype: Doctype::Skipped,
};

/// How what was written here is read: it is larger than what it was made from.
const AGAIN: Rules = Rules {
    limits: XmlLimits {
        bytes: 64 << 20,
        depth: 2 * XmlLimits::REQUEST.depth,
        attributes: 2 * XmlLimits::REQUEST.attributes,
        children: 2 * XmlLimits::REQUEST.children,
        elements: 2 * XmlLimits::REQUEST.elements,
        namespaces: 1 << 12,
        namespace_bytes: 1 << 12,
    },
    ..STORE
};

/// Any bytes, as XML.
pub fn xml(bytes: &[u8]) {
    for rules in [STORE, FARM] {
        if let Ok(document) = parse(bytes, &rules) {
            assert_within(&document.root, &rules.limits, 1);
            assert_writable(&document.root);
            assert_agreed(bytes, &document);
        }
    }
}

/// The second pass must not see another document than the one whose limits were checked.
fn assert_within(element: &Element, limits: &XmlLimits, depth: usize) {
    assert!(depth <= limits.depth, "too deep");
    assert!(
        element.attributes.len() <= limits.attributes,
        "too many attributes"
    );
    assert!(
        element.children.len() <= limits.children,
        "too many children"
    );
    for child in &element.children {
        assert_within(child, limits, depth + 1);
    }
}

/// A tree that was read can be written, and read again as the same tree.
fn assert_writable(root: &Element) {
    for layout in [Layout::Compact, Layout::Indented { first: 4, step: 2 }] {
        let mut writer = Writer::new(layout);
        write(&mut writer, root);
        match parse(&writer.finish(), &AGAIN) {
            Ok(again) => assert_same(root, &again.root),
            Err(error) => panic!("what was written is not read: {error}"),
        }
    }
}

/// Writes a tree. Text beside elements goes into an element of its own, for the writer knows no
/// mixed content.
fn write(writer: &mut Writer, element: &Element) {
    let element_name = Name::new(element.namespace.as_deref(), "e", &element.name);
    let attribute_names: Vec<_> = element
        .attributes
        .iter()
        .enumerate()
        .map(|(n, a)| Name::new(a.namespace.as_deref(), &format!("a{n}"), &a.name))
        .collect();
    let values = element.attributes.iter().map(|a| a.value.as_str());
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
    if element.children.is_empty() {
        writer.leaf(name, &attributes, &element.text);
        return;
    }
    writer.open(name, &attributes);
    writer.leaf("text", &[], &element.text);
    for child in &element.children {
        write(writer, child);
    }
    writer.close();
}

/// A name as it is written, with the declaration of its prefix.
struct Name<'n> {
    qualified: String,
    declaration: Option<(String, &'n str)>,
}

impl<'n> Name<'n> {
    fn new(namespace: Option<&'n str>, prefix: &str, local: &str) -> Self {
        let (prefix, declaration) = match namespace {
            None => (String::new(), None),
            // This one is always declared, and may be under no other prefix.
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

fn assert_same(element: &Element, again: &Element) {
    assert_eq!(element.name, again.name);
    assert_eq!(element.namespace, again.namespace);
    assert!(element.attributes == again.attributes, "attributes differ");
    let Some((text, children)) = again.children.split_first() else {
        assert!(element.children.is_empty(), "children are lost");
        assert_eq!(element.text, again.text);
        return;
    };
    assert_eq!(element.text, text.text);
    assert_eq!(element.children.len(), children.len());
    for (child, again) in element.children.iter().zip(children) {
        assert_same(child, again);
    }
}

/// Another parser reads the same elements, attributes and text, where it reads the same encoding.
fn assert_agreed(bytes: &[u8], document: &Document) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let lies = text.contains("encoding") || text.contains("<!DOCTYPE");
    if document.encoding != Encoding::Utf8 || lies {
        return;
    }
    let mut open: Vec<(&Element, usize, String)> = Vec::new();
    for event in EventReader::new(bytes) {
        match event {
            Ok(XmlEvent::StartElement {
                name, attributes, ..
            }) => {
                let element = match open.last_mut() {
                    None => Some(&document.root),
                    Some((parent, next, _)) => {
                        let child = parent.children.get(*next);
                        *next += 1;
                        child
                    }
                };
                let Some(element) = element else {
                    panic!("another parser reads more elements");
                };
                assert_eq!(name.local_name, element.name);
                assert_eq!(name.namespace, element.namespace);
                assert_eq!(attributes.len(), element.attributes.len());
                for (theirs, ours) in attributes.iter().zip(&element.attributes) {
                    assert_eq!(theirs.name.local_name, ours.name);
                    assert_eq!(theirs.name.namespace, ours.namespace);
                    assert_eq!(theirs.value, ours.value);
                }
                open.push((element, 0, String::new()));
            }
            Ok(XmlEvent::EndElement { .. }) => {
                if let Some((element, children, text)) = open.pop() {
                    assert_eq!(children, element.children.len());
                    assert_eq!(text, element.text);
                }
            }
            Ok(XmlEvent::Characters(part) | XmlEvent::CData(part) | XmlEvent::Whitespace(part)) => {
                if let Some((_, _, text)) = open.last_mut() {
                    text.push_str(&part);
                }
            }
            Ok(_) => {}
            Err(error) => panic!("another parser refuses it: {error}"),
        }
    }
}
