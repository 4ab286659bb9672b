//! Access to the elements of received messages, with faults that name the path of the element.
//!
//! Unknown elements and attributes are ignored (ST-13), as are elements in other namespaces than
//! that of the root.

use std::net::IpAddr;

use roamd_xml::{Document, Element, Fault, FaultKind};

/// Limit of the length of a text: in characters, and in words for the fault.
#[derive(Clone, Copy)]
pub(crate) struct MaxLength {
    pub(crate) characters: usize,
    words: &'static str,
}

impl MaxLength {
    /// Limit of a client name, device id or launcher. No farm stores longer ones.
    pub(crate) const NAME: Self = Self {
        characters: 256,
        words: "256 characters",
    };
    /// Limit of a ticket or realm.
    pub(crate) const TOKEN: Self = Self {
        characters: 1024,
        words: "1024 characters",
    };
    /// Limit of a URL.
    pub(crate) const URL: Self = Self {
        characters: 2048,
        words: "2048 characters",
    };
}

/// Type of a value that has a fixed set of texts.
pub(crate) trait EnumValue: Copy + 'static {
    /// All values.
    const ALL: &'static [Self];
    /// The texts of all values, as a phrase.
    const EXPECTED: &'static str;

    /// Returns the text of the value.
    fn text(self) -> &'static str;
}

/// An element with its ancestors, from which the path of a fault is built.
#[derive(Clone, Copy)]
pub(crate) struct StoreElement<'a> {
    element: Element<'a>,
    parent: Option<&'a Self>,
}

impl<'a> StoreElement<'a> {
    /// Returns the root of a document.
    ///
    /// # Errors
    /// If the root has none of these names, or is not in this namespace.
    pub(crate) fn root(
        document: &'a Document<'a>,
        namespace: &'static str,
        names: &'static [&'static str],
    ) -> Result<Self, Fault> {
        let root = Self {
            element: document.root(),
            parent: None,
        };
        if !names.contains(&root.name()) {
            let expected = names.first().copied().unwrap_or_default();
            return Err(root.element.fault("/", FaultKind::WrongRoot { expected }));
        }
        match root.element.namespace() {
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
        self.element.name()
    }

    /// Returns the child of this name, if there is one. It must not be repeated.
    pub(crate) fn optional(&'a self, name: &str) -> Result<Option<Self>, Fault> {
        self.optional_of(&[name])
    }

    /// Returns the child with one of these names, if there is one. It must not be repeated.
    pub(crate) fn optional_of(&'a self, names: &[&str]) -> Result<Option<Self>, Fault> {
        let mut found = self
            .children()
            .filter(|child| names.contains(&child.name()));
        let first = found.next();
        match found.next() {
            Some(second) => Err(second.fault(FaultKind::Repeated)),
            None => Ok(first),
        }
    }

    /// Returns the child of this name, which is required and must not be repeated.
    pub(crate) fn required(&'a self, name: &str) -> Result<Self, Fault> {
        self.optional(name)?.ok_or_else(|| self.missing(name))
    }

    /// Returns the children of this name.
    pub(crate) fn children_named(&'a self, name: &'a str) -> impl Iterator<Item = Self> + 'a {
        self.children().filter(move |child| child.name() == name)
    }

    /// Returns the first child of this name in another namespace than that of the root.
    pub(crate) fn child_in_namespace(&'a self, namespace: &str, name: &str) -> Option<Self> {
        self.element
            .children()
            .find(|child| child.is(namespace, name))
            .map(|element| Self {
                element,
                parent: Some(self),
            })
    }

    /// Returns the trimmed texts of all children.
    pub(crate) fn texts_of_children(&self) -> impl Iterator<Item = &'a str> {
        self.element.children().map(Element::trimmed)
    }

    /// Returns the value of a required attribute.
    pub(crate) fn attribute(&self, name: &str) -> Result<&'a str, Fault> {
        self.element
            .attribute(name)
            .ok_or_else(|| self.missing(&format!("@{name}")))
    }

    /// Returns the value of a required attribute with a fixed set of texts.
    pub(crate) fn attribute_enum<T: EnumValue>(&self, name: &str) -> Result<T, Fault> {
        parse_enum(self.attribute(name)?.trim()).ok_or_else(|| {
            let kind = FaultKind::Unexpected {
                expected: T::EXPECTED,
            };
            self.element.fault(format!("{}/@{name}", self.path()), kind)
        })
    }

    /// Returns the text of a child, which must be a single line. `None` if it is absent or blank.
    pub(crate) fn optional_single_line(
        &self,
        name: &str,
        length: MaxLength,
    ) -> Result<Option<String>, Fault> {
        match self.optional(name)? {
            Some(child) => Ok(child.single_line(length)?.map(str::to_owned)),
            None => Ok(None),
        }
    }

    /// Returns the trimmed text of a child, if the child is present.
    pub(crate) fn optional_text(&self, name: &str) -> Result<Option<String>, Fault> {
        Ok(self.optional(name)?.map(|child| child.text().to_owned()))
    }

    /// Returns the boolean in a child, if the child is present.
    pub(crate) fn optional_boolean(&self, name: &str) -> Result<Option<bool>, Fault> {
        self.optional(name)?
            .map(|child| child.boolean())
            .transpose()
    }

    /// Returns the value of a child with a fixed set of texts, if the child is present.
    pub(crate) fn optional_enum<T: EnumValue>(&self, name: &str) -> Result<Option<T>, Fault> {
        self.optional(name)?
            .map(|child| child.enum_value())
            .transpose()
    }

    /// Returns the text, untrimmed.
    pub(crate) fn raw(&self) -> &'a str {
        self.element.text()
    }

    /// Returns the trimmed text.
    pub(crate) fn text(&self) -> &'a str {
        self.element.trimmed()
    }

    /// Returns the trimmed text, which must not be empty.
    pub(crate) fn required_text(&self) -> Result<&'a str, Fault> {
        let text = self.text();
        if text.is_empty() {
            Err(self.fault(FaultKind::Empty))
        } else {
            Ok(text)
        }
    }

    /// Returns the trimmed text, which must be a single line: it is written into an ICA file, where
    /// a line break starts another setting (SS-20, ST-39). `None` if it is blank.
    pub(crate) fn single_line(&self, length: MaxLength) -> Result<Option<&'a str>, Fault> {
        match self.text() {
            "" => Ok(None),
            _ => self.token(length).map(Some),
        }
    }

    /// Returns a token: a single line that is not empty, trimmed.
    pub(crate) fn token(&self, length: MaxLength) -> Result<&'a str, Fault> {
        let text = self.required_text()?;
        if text.chars().any(breaks_line) {
            return Err(self.fault(FaultKind::ControlCharacter));
        }
        self.at_most(length, text)
    }

    /// Returns a boolean, which has four spellings (SS-23).
    pub(crate) fn boolean(&self) -> Result<bool, Fault> {
        match self.text() {
            "true" | "1" => Ok(true),
            "false" | "0" => Ok(false),
            _ => Err(self.unexpected("true, false, 1 or 0")),
        }
    }

    /// Returns a value with a fixed set of texts.
    pub(crate) fn enum_value<T: EnumValue>(&self) -> Result<T, Fault> {
        parse_enum(self.text()).ok_or_else(|| self.unexpected(T::EXPECTED))
    }

    /// Returns an IP address, or `None` if the text is empty (ST-37). The zone that some clients
    /// append to a link-local address, `fe80::1%12` (RFC 4007 §11), is removed, because it has no
    /// meaning on another host.
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

    /// Creates the fault of a value that is not allowed.
    pub(crate) fn unexpected(&self, expected: &'static str) -> Fault {
        self.fault(FaultKind::Unexpected { expected })
    }

    /// Creates a fault of this element.
    pub(crate) fn fault(&self, kind: FaultKind) -> Fault {
        self.element.fault(self.path(), kind)
    }

    /// Creates the fault of a missing child.
    pub(crate) fn missing(&self, name: &str) -> Fault {
        self.element
            .fault(format!("{}/{name}", self.path()), FaultKind::Missing)
    }

    fn at_most(&self, length: MaxLength, text: &'a str) -> Result<&'a str, Fault> {
        if text.chars().count() > length.characters {
            return Err(self.fault(FaultKind::TooMany {
                limit: length.words,
            }));
        }
        Ok(text)
    }

    fn children(&'a self) -> impl Iterator<Item = Self> + 'a {
        let namespace = self.element.namespace();
        self.element
            .children()
            .filter(move |child| child.namespace() == namespace)
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

fn parse_enum<T: EnumValue>(text: &str) -> Option<T> {
    T::ALL.iter().copied().find(|value| value.text() == text)
}

/// Returns whether the character is a control character or one of Unicode's two line separators.
fn breaks_line(character: char) -> bool {
    character.is_control() || matches!(character, '\u{2028}' | '\u{2029}')
}
