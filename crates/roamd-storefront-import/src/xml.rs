//! XML of `web.config` files as records.

use std::collections::{BTreeMap, BTreeSet};

use roamd_xml::{Element, ErrorKind, Lines, Rules, XmlLimits};

use crate::finding::Findings;
use crate::record::{Field, Record, Value};
use crate::source::{Place, Source};

/// Limits of a file (SI-6). Real files have a few hundred elements.
const LIMITS: XmlLimits = XmlLimits {
    bytes: Source::MAX_BYTES,
    depth: 64,
    attributes: 256,
    children: 10_000,
    elements: 256 * 1024,
    tree_factor: 8,
    namespaces: 64,
    namespace_bytes: 256,
};

/// Attribute that names the file with the content of an element.
const CONFIG_SOURCE: &str = "configSource";

/// The largest number of files that a file includes.
const MOST_INCLUDED: usize = 64;

/// Files that `configSource` attributes name, by the file with the attribute and their own name.
pub(crate) type Included<'s> = BTreeMap<(usize, String), &'s Source>;

/// Returns the names of the files that the `configSource` attributes of a file name, each once. A
/// file that is not XML names none.
pub(crate) fn config_sources(source: &Source) -> BTreeSet<String> {
    let Ok(document) = roamd_xml::parse(&source.bytes, &Rules::store(LIMITS)) else {
        return BTreeSet::new();
    };
    let root = document.root();
    let elements = std::iter::once(root).chain(root.descendants());
    let attributes = elements.flat_map(Element::attributes);
    attributes
        .filter(|attribute| attribute.name.eq_ignore_ascii_case(CONFIG_SOURCE))
        .map(|attribute| attribute.value.to_owned())
        .filter(|name| is_file_name(name))
        .take(MOST_INCLUDED)
        .collect()
}

/// Reads the root element of a file; `None` if the file is not XML, which is reported.
pub(crate) fn read<'s>(
    source: &'s Source,
    included: &Included<'s>,
    findings: &mut Findings,
) -> Option<Record<'s>> {
    let document = match roamd_xml::parse(&source.bytes, &Rules::store(LIMITS)) {
        Ok(document) => document,
        Err(error) => {
            let line = usize::try_from(error.at.line).unwrap_or(usize::MAX);
            let what = match error.kind {
                ErrorKind::Doctype => "document type",
                _ => "XML",
            };
            findings.error(source.at(line), what, format!("cannot be read: {error}"));
            return None;
        }
    };
    let mut reader = Reader {
        source,
        lines: Lines::of(&document),
        included,
        used: BTreeSet::new(),
        findings,
    };
    reader.element(document.root())
}

/// Returns whether a text names a file in the same folder.
fn is_file_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(['/', '\\', ':']) && !name.starts_with('.')
}

struct Reader<'r, 's> {
    source: &'s Source,
    lines: Lines<'r>,
    included: &'r Included<'s>,
    /// Names of the files that are included already.
    used: BTreeSet<String>,
    findings: &'r mut Findings,
}

impl<'s> Reader<'_, 's> {
    /// Returns an element with its attributes and children; `None` if its content cannot be read,
    /// which is reported.
    fn element(&mut self, element: Element<'_>) -> Option<Record<'s>> {
        let place = self.place(element);
        if element.name() == "EncryptedData" || has(element, "configProtectionProvider") {
            let text = "is encrypted; decrypt it on its server with `aspnet_regiis -pdf`";
            self.findings
                .error(place, format!("section `{}`", element.name()), text);
            return None;
        }
        if let Some(name) = attribute(element, CONFIG_SOURCE) {
            return self.included_element(element, name);
        }
        let mut fields: Vec<_> = element
            .attributes()
            .map(|attribute| Field {
                name: attribute.name.to_owned(),
                place: self.source.at(self.lines.attribute(attribute)),
                value: Value::Text(attribute.value.to_owned()),
            })
            .collect();
        for child in element.children() {
            match child.name().to_ascii_lowercase().as_str() {
                "clear" => self.clear(self.place(child), &mut fields),
                "remove" => self.remove(child, &mut fields),
                _ => fields.extend(self.element(child).map(|record| Field {
                    name: record.name.clone(),
                    place: record.place,
                    value: Value::Record(record),
                })),
            }
        }
        Some(Record {
            name: element.name().to_owned(),
            place,
            fields,
        })
    }

    /// Reads the file of an element that has its content elsewhere.
    fn included_element(&mut self, element: Element<'_>, name: &str) -> Option<Record<'s>> {
        let place = self.place(element);
        let original = format!("section `{}`", element.name());
        let Some(source) = self.included.get(&(self.source.order, name.to_owned())) else {
            let text = format!("is in the file {name}, which is not in the folder of this file");
            self.findings.error(place, original, text);
            return None;
        };
        if !self.used.insert(name.to_owned()) {
            let text = format!("is in the file {name}, which another section is in, too");
            self.findings.error(place, original, text);
            return None;
        }
        // The included file includes no other one.
        let record = read(source, &Included::new(), self.findings)?;
        if record.name.eq_ignore_ascii_case(element.name()) {
            return Some(record);
        }
        let text = format!("is in the file {name}, which has another element");
        self.findings.error(place, original, text);
        None
    }

    /// Forgets the `add` elements so far (SI-6). Elements that a file adds and then forgets are
    /// rare enough for a warning.
    fn clear(&mut self, place: Place<'_>, fields: &mut Vec<Field<'s>>) {
        let before = fields.len();
        fields.retain(|field| !matches!(field.value, Value::Record(_)));
        let forgotten = before - fields.len();
        if forgotten > 0 {
            let text = format!("removes the {forgotten} elements before it, as StoreFront does");
            self.findings.warning(place, "clear", text);
        }
    }

    /// Forgets the `add` elements with the same first attribute.
    fn remove(&mut self, element: Element<'_>, fields: &mut Vec<Field<'s>>) {
        let place = self.place(element);
        let Some(key) = element.attributes().next() else {
            let text = "has no attribute that names an element; not applied";
            self.findings.error(place, "remove", text);
            return;
        };
        let is_removed = |field: &Field<'_>| match &field.value {
            Value::Record(record) => record.fields.iter().any(|field| {
                let is_same = |text: &String| text.eq_ignore_ascii_case(key.value);
                field.name.eq_ignore_ascii_case(key.name)
                    && matches!(&field.value, Value::Text(text) if is_same(text))
            }),
            _ => false,
        };
        let before = fields.len();
        fields.retain(|field| !is_removed(field));
        let removed = before - fields.len();
        if removed > 0 {
            let text = format!("removes {removed} elements before it, as StoreFront does");
            self.findings.warning(place, "remove", text);
        }
    }

    fn place(&self, element: Element<'_>) -> Place<'s> {
        self.source.at(self.lines.element(element))
    }
}

fn attribute<'d>(element: Element<'d>, name: &str) -> Option<&'d str> {
    element
        .attributes()
        .find(|attribute| attribute.name.eq_ignore_ascii_case(name))
        .map(|attribute| attribute.value)
}

fn has(element: Element<'_>, name: &str) -> bool {
    attribute(element, name).is_some()
}
