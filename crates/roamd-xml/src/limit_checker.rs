//! The first pass: checks the limits, and a few rules that the second pass does not check.
//!
//! It walks over the text once, stores nothing, and stops at the first violation. The cost of the
//! second pass is quadratic in attributes and namespaces, so their numbers must be small by then.

use std::ops::Range;

use quick_xml::Reader;
use quick_xml::errors::{Error as PassError, IllFormedError, SyntaxError};
use quick_xml::events::attributes::AttrError;
use quick_xml::events::{BytesPI, BytesRef, BytesStart, Event};
use quick_xml::name::QName;

use crate::prolog::{self, DoctypeFault};
use crate::tree::SPACE;
use crate::{Doctype, Error, ErrorKind, Position, Rules, XmlLimits};

/// Checks the text against the limits, and returns the range of a document type declaration that
/// the caller has to skip.
///
/// # Errors
/// If a limit is exceeded or the markup is malformed.
pub(crate) fn check(text: &str, rules: &Rules) -> Result<Option<Range<usize>>, Error> {
    let mut reader = Reader::from_str(text);
    let mut checker = LimitChecker::new(&rules.limits);
    let mut skipped = None;
    loop {
        let start = offset(reader.buffer_position());
        let event = match reader.read_event() {
            Ok(event) => event,
            Err(error) => return Err(translate(&error, text, offset(reader.error_position()))),
        };
        let end = offset(reader.buffer_position());
        let checked = match event {
            Event::Start(tag) => checker.open(&tag),
            Event::Empty(tag) => checker.open(&tag).map(|()| checker.close()),
            Event::End(_) => {
                checker.close();
                Ok(())
            }
            Event::Text(text) => checker.outside_root(text.trim_matches(SPACE).is_empty()),
            Event::CData(_) => checker.outside_root(false),
            Event::GeneralRef(reference) => checker
                .outside_root(false)
                .and_then(|()| check_reference(&reference)),
            Event::PI(instruction) => check_target(&instruction),
            Event::Decl(_) => Err(ErrorKind::NotWellFormed(
                "XML declaration is not at the start",
            )),
            Event::DocType(_) => {
                let markup = text.get(start..end).unwrap_or_default();
                let first = skipped.replace(start..end).is_none();
                checker.doctype(markup, first, rules.doctype)
            }
            Event::Comment(_) => Ok(()),
            Event::Eof if checker.stack.is_empty() && checker.has_root => return Ok(skipped),
            Event::Eof => Err(ErrorKind::Truncated),
        };
        checked.map_err(|kind| kind.at(Position::of(text, start)))?;
    }
}

/// Counters of the pass.
struct LimitChecker<'l> {
    limits: &'l XmlLimits,
    /// The open elements, outermost first.
    stack: Vec<OpenElement>,
    elements: usize,
    /// Total of the namespace declarations of all open elements.
    namespaces: usize,
    /// Whether the root element has started.
    has_root: bool,
}

/// An open element.
struct OpenElement {
    children: usize,
    namespaces: usize,
}

impl<'l> LimitChecker<'l> {
    fn new(limits: &'l XmlLimits) -> Self {
        Self {
            limits,
            stack: Vec::new(),
            elements: 0,
            namespaces: 0,
            has_root: false,
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
            None if self.has_root => return Err(ErrorKind::TrailingContent),
            None => self.has_root = true,
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
        check_name(tag.name())?;
        let namespaces = self.attributes(tag)?;
        self.namespaces += namespaces;
        if self.namespaces > self.limits.namespaces {
            return Err(ErrorKind::TooManyNamespaces {
                limit: self.limits.namespaces,
            });
        }
        self.stack.push(OpenElement {
            children: 0,
            namespaces,
        });
        Ok(())
    }

    /// Checks the attributes of a tag, and returns how many of them declare namespaces.
    fn attributes(&self, tag: &BytesStart<'_>) -> Result<usize, ErrorKind> {
        let mut namespaces = 0;
        // The second pass detects an attribute that is repeated under another prefix.
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
            check_name(attribute.key)?;
            check_value(&attribute.value)?;
        }
        Ok(namespaces)
    }

    fn close(&mut self) {
        if let Some(closed) = self.stack.pop() {
            self.namespaces -= closed.namespaces;
        }
    }

    /// Rejects text outside the root element unless it is white space.
    fn outside_root(&self, blank: bool) -> Result<(), ErrorKind> {
        match (self.stack.is_empty() && !blank, self.has_root) {
            (false, _) => Ok(()),
            (true, true) => Err(ErrorKind::TrailingContent),
            (true, false) => Err(ErrorKind::NotWellFormed("text before the root element")),
        }
    }

    fn doctype(&self, markup: &str, first: bool, policy: Doctype) -> Result<(), ErrorKind> {
        if policy == Doctype::Refused {
            return Err(ErrorKind::Doctype);
        }
        if self.has_root && self.stack.is_empty() {
            return Err(ErrorKind::TrailingContent);
        }
        if self.has_root || !first {
            return Err(ErrorKind::NotWellFormed(
                "misplaced document type declaration",
            ));
        }
        prolog::doctype(markup).map_err(|fault| match fault {
            DoctypeFault::Malformed => {
                ErrorKind::NotWellFormed("malformed document type declaration")
            }
            DoctypeFault::InternalSubset => ErrorKind::InternalSubset,
        })
    }
}

/// Checks two rules about names that the second pass does not check.
fn check_name(name: QName<'_>) -> Result<(), ErrorKind> {
    match name.into_inner() {
        "xmlns:xmlns" => Err(ErrorKind::NotWellFormed("reserved prefix is declared")),
        name if name.starts_with(':') => Err(ErrorKind::NotWellFormed("malformed name")),
        _ => Ok(()),
    }
}

/// Checks that a character reference names a character. The second pass reads U+D800 as U+FFFD.
fn check_reference(reference: &BytesRef<'_>) -> Result<(), ErrorKind> {
    match reference.resolve_char_ref() {
        Ok(_) => Ok(()),
        Err(_) => Err(ErrorKind::NotWellFormed(
            "reference to a character that does not exist",
        )),
    }
}

/// Checks that an attribute value has no markup, and that its references name characters.
fn check_value(value: &str) -> Result<(), ErrorKind> {
    if value.contains('<') {
        return Err(ErrorKind::NotWellFormed("`<` in an attribute value"));
    }
    let mut rest = value;
    while let Some((_, after)) = rest.split_once('&') {
        let Some((name, after)) = after.split_once(';') else {
            return Err(ErrorKind::NotWellFormed("reference without an end"));
        };
        check_reference(&BytesRef::new(name))?;
        rest = after;
    }
    Ok(())
}

/// Checks that the target of a processing instruction has no prefix and is not `xml`.
fn check_target(instruction: &BytesPI<'_>) -> Result<(), ErrorKind> {
    let target = instruction.target();
    if target.eq_ignore_ascii_case("xml") || target.contains(':') {
        return Err(ErrorKind::NotWellFormed(
            "target of a processing instruction is not allowed",
        ));
    }
    Ok(())
}

/// Translates an error of quick-xml.
fn translate(error: &PassError, text: &str, at: usize) -> Error {
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

/// Converts an offset in the text. quick-xml uses 64 bits on every platform.
fn offset(position: u64) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
}
