//! Builder of the tree from the events of quick-xml.
//!
//! quick-xml splits the text into markup and compares end tags with start tags. All other rules are
//! checked here and in the modules for the parts of the markup. The walk over the text stops at the
//! first violation, and the limits of an element are checked before the element is built.

use compact_str::CompactString;
use quick_xml::Reader;
use quick_xml::errors::{Error as ReaderError, IllFormedError, SyntaxError};
use quick_xml::events::{BytesPI, Event};

use crate::characters::{self, SPACE};
use crate::cursor::Cursor;
use crate::error::Rejection;
use crate::limit_checker::LimitChecker;
use crate::namespaces::Namespaces;
use crate::prolog::{self, DoctypeFault};
use crate::start_tag::StartTagReader;
use crate::tree::allocated;
use crate::{Doctype, Element, Error, ErrorKind, Position, Rules, names, references};

/// Returns the root element of a text that follows the XML declaration. `at` is the position of the
/// text in the document, and `bytes` the length of the document before it was decoded.
///
/// # Errors
/// If the text is not well-formed or violates the rules.
pub(crate) fn build(
    text: &str,
    at: Position,
    bytes: usize,
    rules: &Rules,
) -> Result<Element, Error> {
    TreeBuilder::new(text, at, bytes, rules)
        .build()
        .map_err(|Rejection { kind, offset }| kind.at(at.after(text.get(..offset).unwrap_or(text))))
}

/// State of the walk.
struct TreeBuilder<'t, 'r> {
    text: &'t str,
    doctype: Doctype,
    limits: LimitChecker<'r>,
    tags: StartTagReader<'t>,
    namespaces: Namespaces<'t>,
    cursor: Cursor<'t>,
    /// The open elements, outermost first.
    open: Vec<OpenElement>,
    /// The root element, when it is closed.
    root: Option<Element>,
    has_doctype: bool,
    /// Whether the last event was a part of a text.
    is_in_text: bool,
}

/// An open element.
struct OpenElement {
    element: Element,
    /// Number of the namespace declarations in scope outside of the element.
    outer_namespaces: usize,
}

impl<'t, 'r> TreeBuilder<'t, 'r> {
    fn new(text: &'t str, at: Position, bytes: usize, rules: &'r Rules) -> Self {
        Self {
            text,
            doctype: rules.doctype,
            limits: LimitChecker::new(&rules.limits, bytes),
            tags: StartTagReader::default(),
            namespaces: Namespaces::default(),
            cursor: Cursor::new(text, at),
            open: Vec::new(),
            root: None,
            has_doctype: false,
            is_in_text: false,
        }
    }

    /// Walks over the text and returns the root element.
    fn build(mut self) -> Result<Element, Rejection> {
        let forbidden = characters::find_forbidden(self.text).unwrap_or(usize::MAX);
        let mut reader = Reader::from_str(self.text);
        loop {
            let start = offset(reader.buffer_position());
            let event = reader
                .read_event()
                .map_err(|error| translate(&error).at_offset(offset(reader.error_position())))?;
            if matches!(event, Event::Eof) {
                return self.root.ok_or(ErrorKind::Truncated.at_offset(start));
            }
            let end = offset(reader.buffer_position());
            self.add(&event, start, self.text.get(start..end).unwrap_or_default())?;
            if forbidden < end {
                let rule = "character that XML does not allow";
                return Err(ErrorKind::NotWellFormed(rule).at_offset(forbidden));
            }
        }
    }

    /// Adds an event. `markup` is its text in the document, and `start` the offset of the text.
    fn add(&mut self, event: &Event<'_>, start: usize, markup: &'t str) -> Result<(), Rejection> {
        let inside = |before: &str, after: &str| inside(markup, before, after);
        let added = match event {
            Event::Start(_) => return self.open(inside("<", ">"), start),
            Event::Empty(_) => {
                self.open(inside("<", "/>"), start)?;
                self.close()
            }
            Event::End(_) => self.close(),
            Event::Text(_) => return self.text(markup, start),
            Event::CData(_) => self
                .check_place()
                .and_then(|()| self.append(inside("<![CDATA[", "]]>"))),
            Event::GeneralRef(_) => self.reference(inside("&", ";")),
            Event::Comment(_) => self.comment(inside("<!--", "-->")),
            Event::PI(instruction) => self.instruction(instruction),
            Event::Decl(_) => Err(ErrorKind::NotWellFormed(
                "XML declaration is not at the start",
            )),
            Event::DocType(_) => self.doctype(markup),
            Event::Eof => Ok(()),
        };
        added.map_err(|kind| kind.at_offset(start))
    }

    fn open(&mut self, content: &'t str, start: usize) -> Result<(), Rejection> {
        self.count_element().map_err(|kind| kind.at_offset(start))?;
        let outer_namespaces = self.namespaces.len();
        let tag = self
            .tags
            .read(content, start, &mut self.namespaces, &self.limits)?;
        let element = Element {
            namespace: tag.namespace,
            name: tag.name.into(),
            attributes: tag.attributes,
            text: CompactString::default(),
            children: Vec::new(),
            at: self.cursor.advance(start),
        };
        self.limits
            .allocated(element.allocated())
            .map_err(|kind| kind.at_offset(start))?;
        self.is_in_text = false;
        self.open.push(OpenElement {
            element,
            outer_namespaces,
        });
        Ok(())
    }

    fn count_element(&mut self) -> Result<(), ErrorKind> {
        match self.open.last() {
            Some(parent) => self.limits.children(parent.element.children.len() + 1)?,
            None if self.root.is_some() => return Err(ErrorKind::TrailingContent),
            None => {}
        }
        self.limits.element(self.open.len() + 1)
    }

    fn close(&mut self) -> Result<(), ErrorKind> {
        let Some(closed) = self.open.pop() else {
            return Ok(());
        };
        self.namespaces.close(closed.outer_namespaces);
        self.is_in_text = false;
        let Some(parent) = self.open.last_mut() else {
            self.root = Some(closed.element);
            return Ok(());
        };
        let children = &mut parent.element.children;
        let before = children.capacity();
        children.push(closed.element);
        match children.capacity() - before {
            0 => Ok(()),
            grown => self.limits.allocated(grown * size_of::<Element>()),
        }
    }

    fn text(&mut self, text: &str, start: usize) -> Result<(), Rejection> {
        if self.open.is_empty() && text.trim_matches(SPACE).is_empty() {
            return Ok(());
        }
        self.check_place().map_err(|kind| kind.at_offset(start))?;
        // The search for one byte is much faster, and few texts contain it.
        if text.contains('>')
            && let Some(at) = text.find("]]>")
        {
            return Err(ErrorKind::NotWellFormed("`]]>` in text").at_offset(start + at));
        }
        self.append(text).map_err(|kind| kind.at_offset(start))
    }

    fn reference(&mut self, name: &str) -> Result<(), ErrorKind> {
        self.check_place()?;
        let char = references::resolve(name).map_err(ErrorKind::NotWellFormed)?;
        self.append(char.encode_utf8(&mut [0; 4]))
    }

    /// Appends character data to the innermost element.
    fn append(&mut self, text: &str) -> Result<(), ErrorKind> {
        if !self.is_in_text {
            self.is_in_text = true;
            self.limits.node()?;
        }
        if let Some(parent) = self.open.last_mut() {
            let all = &mut parent.element.text;
            let before = allocated(all);
            all.push_str(text);
            match allocated(all).saturating_sub(before) {
                0 => {}
                grown => self.limits.allocated(grown)?,
            }
        }
        Ok(())
    }

    fn comment(&mut self, comment: &str) -> Result<(), ErrorKind> {
        self.is_in_text = false;
        self.limits.node()?;
        if comment.ends_with('-') || comment.contains("--") {
            return Err(ErrorKind::NotWellFormed("`--` in a comment"));
        }
        Ok(())
    }

    /// Checks that the target of a processing instruction is a name, has no prefix and is not
    /// `xml`. quick-xml has split it at the first white space.
    fn instruction(&mut self, instruction: &BytesPI<'_>) -> Result<(), ErrorKind> {
        self.is_in_text = false;
        self.limits.node()?;
        let target = instruction.target();
        if target.eq_ignore_ascii_case("xml") || target.contains(':') {
            return Err(ErrorKind::NotWellFormed(
                "target of a processing instruction is not allowed",
            ));
        }
        if !names::is_name(target) {
            return Err(ErrorKind::NotWellFormed(
                "target of a processing instruction is not a name",
            ));
        }
        Ok(())
    }

    fn doctype(&mut self, markup: &str) -> Result<(), ErrorKind> {
        if self.doctype == Doctype::Refused {
            return Err(ErrorKind::Doctype);
        }
        if self.root.is_some() {
            return Err(ErrorKind::TrailingContent);
        }
        if !self.open.is_empty() || self.has_doctype {
            return Err(ErrorKind::NotWellFormed(
                "misplaced document type declaration",
            ));
        }
        self.has_doctype = true;
        prolog::doctype(markup).map_err(|fault| match fault {
            DoctypeFault::Malformed => {
                ErrorKind::NotWellFormed("malformed document type declaration")
            }
            DoctypeFault::InternalSubset => ErrorKind::InternalSubset,
        })
    }

    /// Rejects character data outside the root element.
    fn check_place(&self) -> Result<(), ErrorKind> {
        if !self.open.is_empty() {
            Ok(())
        } else if self.root.is_some() {
            Err(ErrorKind::TrailingContent)
        } else {
            Err(ErrorKind::NotWellFormed("text before the root element"))
        }
    }
}

/// Returns markup without its delimiters, which quick-xml has found.
fn inside<'t>(markup: &'t str, before: &str, after: &str) -> &'t str {
    let end = markup.len().saturating_sub(after.len());
    markup.get(before.len()..end).unwrap_or_default()
}

/// Translates an error of quick-xml into one that contains no text of the document.
fn translate(error: &ReaderError) -> ErrorKind {
    match error {
        ReaderError::Syntax(SyntaxError::InvalidBangMarkup) => {
            ErrorKind::NotWellFormed("unknown markup")
        }
        ReaderError::Syntax(_) => ErrorKind::Truncated,
        ReaderError::IllFormed(IllFormedError::UnclosedReference) => {
            ErrorKind::NotWellFormed("reference without an end")
        }
        ReaderError::IllFormed(
            IllFormedError::UnmatchedEndTag(_) | IllFormedError::MismatchedEndTag { .. },
        ) => ErrorKind::NotWellFormed("end tag does not match its start tag"),
        _ => ErrorKind::NotWellFormed("malformed markup"),
    }
}

/// Converts an offset in the text. quick-xml uses 64 bits on every platform.
fn offset(position: u64) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
}
