//! A reader of XML that is as strict as the strictest client (client-quirks.md §4), and that shares
//! nothing with the code under test.
//!
//! It takes a declaration, one root that declares its namespace without a prefix, and nothing after
//! it. Comments, CDATA sections and processing instructions stop it, since clients that take "the
//! last node" or "the text node" stumble over them.

/// An element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Name, with its prefix if it has one.
    pub name: String,
    /// Attributes as written, `xmlns` among them.
    pub attributes: Vec<(String, String)>,
    content: Vec<Content>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Content {
    Element(Node),
    Text(String),
}

impl Node {
    /// The root of a document, which has to be its last node (CQ-50).
    #[must_use]
    pub fn last(document: &[u8]) -> Self {
        let text = std::str::from_utf8(document).unwrap();
        let mut reader = Reader { rest: text };
        reader.declaration();
        reader.expect("<");
        let root = reader.element();
        assert_eq!(reader.rest, "", "something stands after the root of {text}");
        root
    }

    /// The value of an attribute that has to be there.
    #[must_use]
    pub fn attribute(&self, name: &str) -> &str {
        let found = self.attributes.iter().find(|(found, _)| found == name);
        &found
            .unwrap_or_else(|| panic!("no attribute {name} in {self:?}"))
            .1
    }

    /// The one child of this name, case aside: none or two of them stop a script in strict mode
    /// (CQ-51, CQ-57).
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

    /// Whether there is a child of this name, case aside.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.elements()
            .any(|child| child.name.eq_ignore_ascii_case(name))
    }

    /// All child elements.
    pub fn elements(&self) -> impl Iterator<Item = &Self> {
        self.content.iter().filter_map(|content| match content {
            Content::Element(element) => Some(element),
            Content::Text(_) => None,
        })
    }

    /// The text of an element that has no other content; empty when there is none.
    #[must_use]
    pub fn text(&self) -> &str {
        match self.content.as_slice() {
            [] => "",
            [Content::Text(text)] => text,
            _ => panic!("more than a text in {self:?}"),
        }
    }

    /// This element and all below it, in the order of the document.
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

    /// An element whose `<` is read.
    fn element(&mut self) -> Node {
        let name = self.until(&[' ', '\n', '/', '>']).to_owned();
        let mut node = Node {
            name,
            attributes: Vec::new(),
            content: Vec::new(),
        };
        loop {
            self.rest = self.rest.trim_start();
            if self.skip("/>") {
                return node;
            }
            if self.skip(">") {
                break;
            }
            let attribute = self.until(&['=']).to_owned();
            self.expect("=\"");
            let value = decoded(self.until(&['"']));
            self.expect("\"");
            node.attributes.push((attribute, value));
        }
        loop {
            let text = self.until(&['<']);
            if !text.is_empty() {
                node.content.push(Content::Text(decoded(text)));
            }
            if self.skip("</") {
                self.expect(&node.name);
                self.expect(">");
                break;
            }
            if self.rest.starts_with("<!") || self.rest.starts_with("<?") {
                self.stop::<()>();
            }
            self.expect("<");
            node.content.push(Content::Element(self.element()));
        }
        // White space between elements is layout.
        if node.elements().next().is_some() {
            node.content.retain(
                |content| !matches!(content, Content::Text(text) if text.trim().is_empty()),
            );
        }
        node
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
        panic!("a client stops at {:.40}", self.rest)
    }
}

/// Text with its references resolved.
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
    fn what_stops_a_client_stops_the_reader() {
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
            let read =
                catch_unwind(|| Node::last(document.as_bytes()).child("b").text().to_owned());
            assert_eq!(read.is_ok(), reads, "{document}");
        }
    }
}
