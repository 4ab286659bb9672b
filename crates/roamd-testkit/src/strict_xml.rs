//! An XML reader as strict as the strictest client (client-quirks.md §4). It shares no code with
//! the server.
//!
//! It reads a declaration and one root element, with nothing after it. It panics at comments, CDATA
//! sections and processing instructions, because clients that read "the last node" or "the text
//! node" fail there.

/// An element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StrictElement {
    /// Name, with its prefix if there is one.
    pub name: String,
    /// Names and values of the attributes, `xmlns` included.
    pub attributes: Vec<(String, String)>,
    content: Vec<Content>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Content {
    Element(StrictElement),
    Text(String),
}

impl StrictElement {
    /// Reads a document and returns its root, which has to be its last node (CQ-50).
    #[must_use]
    pub fn last(document: &[u8]) -> Self {
        let text = std::str::from_utf8(document).unwrap();
        let mut reader = Reader { rest: text };
        reader.declaration();
        reader.expect("<");
        let root = reader.element();
        assert_eq!(reader.rest, "", "content after the root of {text}");
        root
    }

    /// Returns the value of an attribute. Panics if it is missing.
    #[must_use]
    pub fn attribute(&self, name: &str) -> &str {
        let found = self.attributes.iter().find(|(found, _)| found == name);
        &found
            .unwrap_or_else(|| panic!("no attribute {name} in {self:?}"))
            .1
    }

    /// Returns the only child with a name, compared without case. Panics if there is none or more
    /// than one, as a script in strict mode fails (CQ-51, CQ-57).
    #[must_use]
    pub fn child(&self, name: &str) -> &Self {
        let same: Vec<_> = self
            .elements()
            .filter(|child| child.name.eq_ignore_ascii_case(name))
            .collect();
        let [child] = same.as_slice() else {
            panic!("{} elements {name} in {self:?}", same.len());
        };
        child
    }

    /// Returns whether there is a child with a name, compared without case.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.elements()
            .any(|child| child.name.eq_ignore_ascii_case(name))
    }

    /// Returns all child elements.
    pub fn elements(&self) -> impl Iterator<Item = &Self> {
        self.content.iter().filter_map(|content| match content {
            Content::Element(element) => Some(element),
            Content::Text(_) => None,
        })
    }

    /// Returns the text of an element, or an empty string. Panics if the element has other content.
    #[must_use]
    pub fn text(&self) -> &str {
        match self.content.as_slice() {
            [] => "",
            [Content::Text(text)] => text,
            _ => panic!("more than a text in {self:?}"),
        }
    }

    /// Returns this element and its descendants in document order.
    #[must_use]
    pub fn walk(&self) -> Vec<&Self> {
        let below = self.elements().flat_map(Self::walk);
        [self].into_iter().chain(below).collect()
    }
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn declaration(&mut self) {
        if let Some(rest) = self.rest.strip_prefix("<?xml ") {
            self.rest = rest.split_once("?>").unwrap().1.trim_start();
        }
    }

    /// Reads an element after its `<`.
    fn element(&mut self) -> StrictElement {
        let name = self.until(&[' ', '\n', '/', '>']).to_owned();
        let mut element = StrictElement {
            name,
            attributes: Vec::new(),
            content: Vec::new(),
        };
        loop {
            self.rest = self.rest.trim_start();
            if self.skip("/>") {
                return element;
            }
            if self.skip(">") {
                break;
            }
            let attribute = self.until(&['=']).to_owned();
            self.expect("=\"");
            let value = decoded(self.until(&['"']));
            self.expect("\"");
            element.attributes.push((attribute, value));
        }
        loop {
            let text = self.until(&['<']);
            if !text.is_empty() {
                element.content.push(Content::Text(decoded(text)));
            }
            if self.skip("</") {
                self.expect(&element.name);
                self.expect(">");
                break;
            }
            if self.rest.starts_with("<!") || self.rest.starts_with("<?") {
                self.stop::<()>();
            }
            self.expect("<");
            element.content.push(Content::Element(self.element()));
        }
        // White space between elements is layout.
        if element.elements().next().is_some() {
            element.content.retain(
                |content| !matches!(content, Content::Text(text) if text.trim().is_empty()),
            );
        }
        element
    }

    fn until(&mut self, ends: &[char]) -> &'a str {
        let end = self.rest.find(ends).unwrap_or_else(|| self.stop());
        let (text, rest) = self.rest.split_at(end);
        self.rest = rest;
        text
    }

    fn skip(&mut self, text: &str) -> bool {
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, text: &str) {
        if !self.skip(text) {
            self.stop::<()>();
        }
    }

    fn stop<T>(&self) -> T {
        panic!("a client fails at {:.40}", self.rest)
    }
}

/// Resolves the references in a text.
fn decoded(text: &str) -> String {
    let mut parts = text.split('&');
    let mut decoded = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (reference, rest) = part.split_once(';').unwrap();
        let number =
            reference
                .strip_prefix('#')
                .map(|number| match number.strip_prefix(['x', 'X']) {
                    Some(digits) => u32::from_str_radix(digits, 16).unwrap(),
                    None => number.parse().unwrap(),
                });
        decoded.push(match (reference, number) {
            (_, Some(number)) => char::from_u32(number).unwrap(),
            ("lt", _) => '<',
            ("gt", _) => '>',
            ("amp", _) => '&',
            ("quot", _) => '"',
            ("apos", _) => '\'',
            _ => panic!("no reference: {reference}"),
        });
        decoded.push_str(rest);
    }
    decoded
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use super::*;

    #[test]
    fn xml_that_clients_fail_on_is_rejected() {
        for (document, reads) in [
            (
                "<?xml version=\"1.0\"?>\n<a xmlns=\"x\"><b>1&#x20;&amp; 2</b></a>",
                true,
            ),
            ("<a><b/></a>", true),
            ("<a><b/></a><!-- end -->", false),
            ("<a><b/></a>\n", false),
            ("<a><b><![CDATA[1]]></b></a>", false),
            ("<a><b>1<!-- 2 --></b></a>", false),
            ("<a><b/><B/></a>", false),
            ("<a><b>1<c/>2</b></a>", false),
            ("<a><c/></a>", false),
        ] {
            let read = catch_unwind(|| {
                StrictElement::last(document.as_bytes())
                    .child("b")
                    .text()
                    .to_owned()
            });
            assert_eq!(read.is_ok(), reads, "{document}");
        }
    }
}
