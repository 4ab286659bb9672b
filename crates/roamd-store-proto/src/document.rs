//! What holds for every document of the store side: how it is read and how it starts.
//!
//! Reading ignores elements and attributes that it does not know (ST-13), looks only into the
//! namespace of the root, and tells where a value is wrong.

use std::net::IpAddr;

use roamd_xml::{
    Charset, Doctype, Document, Element, Fault, FaultKind, Layout, XmlLimits, Rules, Writer,
};

/// How a client's body is read.
pub(crate) const REQUEST: Rules = Rules {
    limits: XmlLimits::REQUEST,
    charset: Charset::Sniffed,
    doctype: Doctype::Refused,
};

/// How a store's answer is read.
pub(crate) const ANSWER: Rules = Rules {
    limits: XmlLimits::RESPONSE,
    charset: Charset::Sniffed,
    doctype: Doctype::Refused,
};

/// How a store's list of all resources is read: a thousand applications on each of sixteen farms.
pub(crate) const LONG_ANSWER: Rules = Rules {
    limits: XmlLimits {
        bytes: 64 * 1024 * 1024,
        elements: 1024 * 1024,
        ..XmlLimits::RESPONSE
    },
    ..ANSWER
};

/// The first line of everything that is written.
const DECLARATION: &str = r#"<?xml version="1.0" encoding="utf-8"?>"#;

/// A length in characters, and in words for the fault that tells it.
#[derive(Clone, Copy)]
pub(crate) struct Length {
    characters: usize,
    words: &'static str,
}

impl Length {
    /// Of a client name, a device id or a launcher: no farm keeps longer ones.
    pub(crate) const NAME: Self = Self {
        characters: 256,
        words: "256 characters",
    };
    /// Of a ticket or a realm.
    pub(crate) const TOKEN: Self = Self {
        characters: 1024,
        words: "1024 characters",
    };
    /// Of a URL.
    pub(crate) const URL: Self = Self {
        characters: 2048,
        words: "2048 characters",
    };
}

/// A list of words that may stand in one place.
pub(crate) trait Word: Copy + 'static {
    /// Every word.
    const ALL: &'static [Self];
    /// The words as a sentence tells them.
    const EXPECTED: &'static str;

    fn text(self) -> &'static str;
}

/// An element and the way to it from the root, which is spelled out only when there is a fault.
#[derive(Clone, Copy)]
pub(crate) struct Node<'a> {
    element: &'a Element,
    parent: Option<&'a Self>,
}

impl<'a> Node<'a> {
    /// The root of a document, when it has one of these names in this namespace.
    pub(crate) fn root(
        document: &'a Document,
        namespace: &'static str,
        names: &'static [&'static str],
    ) -> Result<Self, Fault> {
        let root = Self {
            element: &document.root,
            parent: None,
        };
        if !names.contains(&root.name()) {
            let expected = names.first().copied().unwrap_or_default();
            return Err(document.root.fault("/", FaultKind::WrongRoot { expected }));
        }
        match document.root.namespace.as_deref() {
            Some(found) if found == namespace => Ok(root),
            Some(_) => Err(root.fault(FaultKind::WrongNamespace {
                expected: namespace,
            })),
            None => Err(root.fault(FaultKind::NoNamespace {
                expected: namespace,
            })),
        }
    }

    pub(crate) fn name(&self) -> &'a str {
        &self.element.name
    }

    /// The child of this name, if there is one.
    pub(crate) fn optional(&'a self, name: &str) -> Result<Option<Self>, Fault> {
        self.one_of(&[name])
    }

    /// The child that has one of these names, if there is one.
    pub(crate) fn one_of(&'a self, names: &[&str]) -> Result<Option<Self>, Fault> {
        let mut found = self
            .children()
            .filter(|child| names.contains(&child.name()));
        let first = found.next();
        match found.next() {
            Some(second) => Err(second.fault(FaultKind::Repeated)),
            None => Ok(first),
        }
    }

    /// The child of this name.
    pub(crate) fn required(&'a self, name: &str) -> Result<Self, Fault> {
        self.optional(name)?.ok_or_else(|| self.missing(name))
    }

    /// All children of this name.
    pub(crate) fn all(&'a self, name: &'a str) -> impl Iterator<Item = Self> + 'a {
        self.children().filter(move |child| child.name() == name)
    }

    /// The first child of this name in another namespace than the root's.
    pub(crate) fn foreign(&'a self, namespace: &str, name: &str) -> Option<Self> {
        self.element
            .children
            .iter()
            .find(|child| child.is(namespace, name))
            .map(|element| Self {
                element,
                parent: Some(self),
            })
    }

    /// The texts of all children, whatever their names.
    pub(crate) fn texts_of_children(&self) -> impl Iterator<Item = &'a str> {
        self.element.children.iter().map(Element::trimmed)
    }

    /// The value of an attribute that has to be there.
    pub(crate) fn attribute(&self, name: &str) -> Result<&'a str, Fault> {
        self.element
            .attribute(name)
            .ok_or_else(|| self.missing(&format!("@{name}")))
    }

    /// The attribute as one of a list of words.
    pub(crate) fn attribute_word<T: Word>(&self, name: &str) -> Result<T, Fault> {
        word(self.attribute(name)?.trim()).ok_or_else(|| {
            let kind = FaultKind::Unexpected {
                expected: T::EXPECTED,
            };
            self.element.fault(format!("{}/@{name}", self.path()), kind)
        })
    }

    /// The text of one line in a child, if the child is there and not blank.
    pub(crate) fn optional_line(
        &self,
        name: &str,
        length: Length,
    ) -> Result<Option<String>, Fault> {
        match self.optional(name)? {
            Some(child) => Ok(child.line(length)?.map(str::to_owned)),
            None => Ok(None),
        }
    }

    /// The text of a child, if the child is there.
    pub(crate) fn optional_text(&self, name: &str) -> Result<Option<String>, Fault> {
        Ok(self.optional(name)?.map(|child| child.text().to_owned()))
    }

    /// The boolean in a child, if the child is there.
    pub(crate) fn optional_boolean(&self, name: &str) -> Result<Option<bool>, Fault> {
        self.optional(name)?
            .map(|child| child.boolean())
            .transpose()
    }

    /// The word in a child, if the child is there.
    pub(crate) fn optional_word<T: Word>(&self, name: &str) -> Result<Option<T>, Fault> {
        self.optional(name)?.map(|child| child.word()).transpose()
    }

    /// The text as it stands.
    pub(crate) fn raw(&self) -> &'a str {
        &self.element.text
    }

    /// The text without the white space around it.
    pub(crate) fn text(&self) -> &'a str {
        self.element.trimmed()
    }

    /// The text without the white space around it; there has to be some.
    pub(crate) fn filled(&self) -> Result<&'a str, Fault> {
        let text = self.text();
        if text.is_empty() {
            Err(self.fault(FaultKind::Empty))
        } else {
            Ok(text)
        }
    }

    /// A text of one line, without the blanks around it; `None` when nothing is left.
    ///
    /// A line break is refused wherever it stands, not only between other characters (SS-20): such
    /// a text ends in an ICA file, where a line break begins another setting (ST-39).
    pub(crate) fn line(&self, length: Length) -> Result<Option<&'a str>, Fault> {
        let text = self.text();
        if text.is_empty() {
            return Ok(None);
        }
        if self.raw().chars().any(breaks_line) {
            return Err(self.fault(FaultKind::ControlCharacter));
        }
        self.at_most(length, text).map(Some)
    }

    /// A token: what stands between white space, on one line and not empty.
    pub(crate) fn token(&self, length: Length) -> Result<&'a str, Fault> {
        let text = self.filled()?;
        if text.chars().any(breaks_line) {
            return Err(self.fault(FaultKind::ControlCharacter));
        }
        self.at_most(length, text)
    }

    /// A boolean in its four spellings (SS-23).
    pub(crate) fn boolean(&self) -> Result<bool, Fault> {
        match self.text() {
            "true" | "1" => Ok(true),
            "false" | "0" => Ok(false),
            _ => Err(self.unexpected("true, false, 1 or 0")),
        }
    }

    /// One of a list of words.
    pub(crate) fn word<T: Word>(&self) -> Result<T, Fault> {
        word(self.text()).ok_or_else(|| self.unexpected(T::EXPECTED))
    }

    /// An IP address; `None` when empty (ST-37). Some clients write the zone of a link-local one behind
    /// it, `fe80::1%12` (RFC 4007 §11), which means nothing on another host.
    pub(crate) fn address(&self) -> Result<Option<IpAddr>, Fault> {
        let address = match self.text() {
            "" => return Ok(None),
            text => match text.split_once('%') {
                Some((address, _zone)) => address.parse().map(IpAddr::V6),
                None => text.parse(),
            },
        };
        let unexpected = |_| self.unexpected("an IPv4 or IPv6 address");
        address.map(Some).map_err(unexpected)
    }

    /// The fault of a value that may not stand here.
    pub(crate) fn unexpected(&self, expected: &'static str) -> Fault {
        self.fault(FaultKind::Unexpected { expected })
    }

    /// A fault at this element.
    pub(crate) fn fault(&self, kind: FaultKind) -> Fault {
        self.element.fault(self.path(), kind)
    }

    /// The fault of a child that is not there.
    pub(crate) fn missing(&self, name: &str) -> Fault {
        self.element
            .fault(format!("{}/{name}", self.path()), FaultKind::Missing)
    }

    fn at_most(&self, length: Length, text: &'a str) -> Result<&'a str, Fault> {
        if text.chars().count() > length.characters {
            return Err(self.fault(FaultKind::TooMany {
                limit: length.words,
            }));
        }
        Ok(text)
    }

    fn children(&'a self) -> impl Iterator<Item = Self> + 'a {
        self.element
            .children
            .iter()
            .filter(|child| child.namespace == self.element.namespace)
            .map(|element| Self {
                element,
                parent: Some(self),
            })
    }

    fn path(&self) -> String {
        match self.parent {
            Some(parent) => format!("{}/{}", parent.path(), self.name()),
            None => self.name().to_owned(),
        }
    }
}

/// Begins a document: declaration, and a root with its namespace as the default one (ST-18).
pub(crate) fn begin(root: &str, namespace: &str, attributes: &[(&str, &str)]) -> Writer {
    let mut writer = Writer::new(Layout::Compact);
    writer.prolog(DECLARATION);
    let all: Vec<_> = [("xmlns", namespace)]
        .into_iter()
        .chain(attributes.iter().copied())
        .collect();
    writer.open(root, &all);
    writer
}

/// The text of a boolean.
pub(crate) const fn boolean(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}

fn word<T: Word>(text: &str) -> Option<T> {
    T::ALL.iter().copied().find(|word| word.text() == text)
}

/// Control characters, and the two line breaks of Unicode that are none.
fn breaks_line(character: char) -> bool {
    character.is_control() || matches!(character, '\u{2028}' | '\u{2029}')
}
