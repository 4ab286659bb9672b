//! The first pass: how much a document holds, and a few rules that the second pass does not know.
//!
//! It goes over the text once, keeps nothing, and stops at the first limit, so that the second
//! pass, whose cost grows with the square of attributes and namespaces, meets small numbers only.

use std::ops::Range;

use quick_xml::Reader;
use quick_xml::errors::{Error as PassError, IllFormedError, SyntaxError};
use quick_xml::events::attributes::AttrError;
use quick_xml::events::{BytesPI, BytesRef, BytesStart, Event};
use quick_xml::name::QName;

use crate::prolog::{self, DoctypeFault};
use crate::tree::SPACE;
use crate::{Doctype, Error, ErrorKind, Limits, Position, Rules};

/// Checks the text against the limits, and returns where a document type declaration stands that
/// may be skipped.
pub(crate) fn check(text: &str, rules: &Rules) -> Result<Option<Range<usize>>, Error> {
    let mut reader = Reader::from_str(text);
    let mut bounds = Bounds::new(&rules.limits);
    let mut skipped = None;
    loop {
        let start = offset(reader.buffer_position());
        let event = match reader.read_event() {
            Ok(event) => event,
            Err(error) => return Err(fault(&error, text, offset(reader.error_position()))),
        };
        let end = offset(reader.buffer_position());
        let checked = match event {
            Event::Start(tag) => bounds.open(&tag),
            Event::Empty(tag) => bounds.open(&tag).map(|()| bounds.close()),
            Event::End(_) => {
                bounds.close();
                Ok(())
            }
            Event::Text(text) => bounds.outside_root(text.trim_matches(SPACE).is_empty()),
            Event::CData(_) => bounds.outside_root(false),
            Event::GeneralRef(reference) => bounds
                .outside_root(false)
                .and_then(|()| character(&reference)),
            Event::PI(instruction) => target(&instruction),
            Event::Decl(_) => Err(ErrorKind::NotWellFormed(
                "XML declaration is not at the start",
            )),
            Event::DocType(_) => {
                let markup = text.get(start..end).unwrap_or_default();
                let first = skipped.replace(start..end).is_none();
                bounds.doctype(markup, first, rules.doctype)
            }
            Event::Comment(_) => Ok(()),
            Event::Eof if bounds.stack.is_empty() && bounds.root => return Ok(skipped),
            Event::Eof => Err(ErrorKind::Truncated),
        };
        checked.map_err(|kind| kind.at(Position::of(text, start)))?;
    }
}

/// What is counted along the way.
struct Bounds<'l> {
    limits: &'l Limits,
    /// The open elements, outermost first.
    stack: Vec<Open>,
    elements: usize,
    /// Namespace declarations of all open elements together.
    namespaces: usize,
    /// Whether the root element has begun.
    root: bool,
}

/// An element that is not closed yet.
struct Open {
    children: usize,
    namespaces: usize,
}

impl<'l> Bounds<'l> {
    fn new(limits: &'l Limits) -> Self {
        Self {
            limits,
            stack: Vec::new(),
            elements: 0,
            namespaces: 0,
            root: false,
        }
    }

    fn open(&mut self, tag: &BytesStart<'_>) -> Result<(), ErrorKind> {
        match self.stack.last_mut() {
            Some(parent) => {
                parent.children += 1;
                if parent.children > self.limits.children {
                    return Err(ErrorKind::TooManyChildren {
                        limit: self.limits.children,
                    });
                }
            }
            None if self.root => return Err(ErrorKind::TrailingContent),
            None => self.root = true,
        }
        if self.stack.len() == self.limits.depth {
            return Err(ErrorKind::TooDeep {
                limit: self.limits.depth,
            });
        }
        self.elements += 1;
        if self.elements > self.limits.elements {
            return Err(ErrorKind::TooManyElements {
                limit: self.limits.elements,
            });
        }
        name(tag.name())?;
        let namespaces = self.attributes(tag)?;
        self.namespaces += namespaces;
        if self.namespaces > self.limits.namespaces {
            return Err(ErrorKind::TooManyNamespaces {
                limit: self.limits.namespaces,
            });
        }
        self.stack.push(Open {
            children: 0,
            namespaces,
        });
        Ok(())
    }

    /// Checks the attributes of a tag; returns how many of them declare namespaces.
    fn attributes(&self, tag: &BytesStart<'_>) -> Result<usize, ErrorKind> {
        let mut namespaces = 0;
        // The second pass finds attributes that are the same under two prefixes.
        for (index, attribute) in tag.attributes().enumerate() {
            let attribute = attribute.map_err(|error| match error {
                AttrError::Duplicated(..) => {
                    ErrorKind::NotWellFormed("attribute is given twice in one tag")
                }
                _ => ErrorKind::NotWellFormed("malformed attribute"),
            })?;
            if index == self.limits.attributes {
                return Err(ErrorKind::TooManyAttributes {
                    limit: self.limits.attributes,
                });
            }
            if attribute.key.as_namespace_binding().is_some() {
                namespaces += 1;
                if attribute.value.len() > self.limits.namespace_bytes {
                    return Err(ErrorKind::NamespaceTooLong {
                        limit: self.limits.namespace_bytes,
                    });
                }
                if attribute.value.is_empty() && attribute.key.prefix().is_some() {
                    return Err(ErrorKind::NotWellFormed("prefix is bound to no namespace"));
                }
            }
            name(attribute.key)?;
            value(&attribute.value)?;
        }
        Ok(namespaces)
    }

    fn close(&mut self) {
        if let Some(closed) = self.stack.pop() {
            self.namespaces -= closed.namespaces;
        }
    }

    /// Outside the root element there is only white space.
    fn outside_root(&self, blank: bool) -> Result<(), ErrorKind> {
        match (self.stack.is_empty() && !blank, self.root) {
            (false, _) => Ok(()),
            (true, true) => Err(ErrorKind::TrailingContent),
            (true, false) => Err(ErrorKind::NotWellFormed("text before the root element")),
        }
    }

    fn doctype(&self, markup: &str, first: bool, policy: Doctype) -> Result<(), ErrorKind> {
        if policy == Doctype::Refused {
            return Err(ErrorKind::Doctype);
        }
        if self.root && self.stack.is_empty() {
            return Err(ErrorKind::TrailingContent);
        }
        if self.root || !first {
            return Err(ErrorKind::NotWellFormed(
                "misplaced document type declaration",
            ));
        }
        prolog::doctype(markup).map_err(|fault| match fault {
            DoctypeFault::Malformed => {
                ErrorKind::NotWellFormed("malformed document type declaration")
            }
            DoctypeFault::Declares => ErrorKind::InternalSubset,
        })
    }
}

/// Two rules of namespaces that the second pass does not know.
fn name(name: QName<'_>) -> Result<(), ErrorKind> {
    match name.into_inner() {
        "xmlns:xmlns" => Err(ErrorKind::NotWellFormed("reserved prefix is declared")),
        name if name.starts_with(':') => Err(ErrorKind::NotWellFormed("malformed name")),
        _ => Ok(()),
    }
}

/// A character reference must name a character; the second pass takes U+D800 for U+FFFD.
fn character(reference: &BytesRef<'_>) -> Result<(), ErrorKind> {
    match reference.resolve_char_ref() {
        Ok(_) => Ok(()),
        Err(_) => Err(ErrorKind::NotWellFormed(
            "reference to a character that does not exist",
        )),
    }
}

/// An attribute value has no markup, and its references are those of characters.
fn value(value: &str) -> Result<(), ErrorKind> {
    if value.contains('<') {
        return Err(ErrorKind::NotWellFormed("`<` in an attribute value"));
    }
    let mut rest = value;
    while let Some((_, after)) = rest.split_once('&') {
        let Some((name, after)) = after.split_once(';') else {
            return Err(ErrorKind::NotWellFormed("reference without an end"));
        };
        character(&BytesRef::new(name))?;
        rest = after;
    }
    Ok(())
}

/// The target of a processing instruction is a name without prefix, and not `xml`.
fn target(instruction: &BytesPI<'_>) -> Result<(), ErrorKind> {
    let target = instruction.target();
    if target.eq_ignore_ascii_case("xml") || target.contains(':') {
        return Err(ErrorKind::NotWellFormed(
            "target of a processing instruction is not allowed",
        ));
    }
    Ok(())
}

/// What the tokenizer refuses, in the terms of this crate.
fn fault(error: &PassError, text: &str, at: usize) -> Error {
    let kind = match error {
        PassError::Syntax(SyntaxError::InvalidBangMarkup) => {
            ErrorKind::NotWellFormed("unknown markup")
        }
        PassError::Syntax(_) => ErrorKind::Truncated,
        PassError::IllFormed(IllFormedError::UnclosedReference) => {
            ErrorKind::NotWellFormed("reference without an end")
        }
        PassError::IllFormed(
            IllFormedError::UnmatchedEndTag(_) | IllFormedError::MismatchedEndTag { .. },
        ) => ErrorKind::NotWellFormed("end tag does not match its start tag"),
        _ => ErrorKind::NotWellFormed("malformed markup"),
    };
    kind.at(Position::of(text, at))
}

/// An offset in the text; the tokenizer counts in 64 bits on every machine.
fn offset(position: u64) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
}
