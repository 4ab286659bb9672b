//! Builder of the tree from the events of quick-xml.
//!
//! quick-xml splits the text into markup and compares end tags with start tags. All other rules are
//! checked here and in the modules for the parts of the markup. The walk over the text stops at the
//! first violation, and the limits of an element are checked before the element is built.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::errors::{Error as ReaderError, IllFormedError, SyntaxError};
use quick_xml::events::{BytesPI, Event};

use crate::characters::{self, SPACE};
use crate::error::Rejection;
use crate::limit_checker::LimitChecker;
use crate::namespaces::Namespaces;
use crate::prolog::{self, DoctypeFault};
use crate::start_tag::{StartTagReader, TagTarget};
use crate::text::{Text, Texts};
use crate::tree::{ElementNode, Nodes};
use crate::{Doctype, ErrorKind, Rules, names, references};

/// Builds the tree of a document, whose content from `start` on follows the XML declaration.
/// Returns the nodes, and the texts that are no slices of the document. `bytes` is the length of
/// the document before it was decoded.
///
/// # Errors
/// If the content is not well-formed or violates the rules. The offset is one in the document.
pub(crate) fn build(
    document: &str,
    start: usize,
    bytes: usize,
    rules: &Rules,
) -> Result<(Nodes, String), Rejection> {
    TreeBuilder::new(document, start, bytes, rules)
        .build()
        .map_err(|rejection| Rejection {
            offset: start + rejection.offset,
            ..rejection
        })
}

/// State of the walk.
struct TreeBuilder<'t, 'r> {
    /// The content after the XML declaration.
    content: &'t str,
    texts: Texts<&'t str>,
    nodes: Nodes,
    doctype: Doctype,
    limits: LimitChecker<'r>,
    tags: StartTagReader<'t>,
    namespaces: Namespaces<'t>,
    /// The open elements, outermost first.
    open: Vec<OpenElement<'t>>,
    has_root: bool,
    has_doctype: bool,
    /// Whether the last event was a part of a text.
    is_in_text: bool,
}

/// An open element.
struct OpenElement<'t> {
    /// Its index among the descendants of the root, or `None` for the root.
    index: Option<usize>,
    children: usize,
    /// Its character data up to here.
    text: Cow<'t, str>,
    /// Number of the namespace declarations in scope outside of it.
    outer_namespaces: usize,
}

impl<'t, 'r> TreeBuilder<'t, 'r> {
    fn new(document: &'t str, start: usize, bytes: usize, rules: &'r Rules) -> Self {
        Self {
            content: document.get(start..).unwrap_or_default(),
            texts: Texts::new(document),
            nodes: Nodes::default(),
            doctype: rules.doctype,
            limits: LimitChecker::new(&rules.limits, bytes),
            tags: StartTagReader::default(),
            namespaces: Namespaces::default(),
            open: Vec::new(),
            has_root: false,
            has_doctype: false,
            is_in_text: false,
        }
    }

    /// Walks over the content.
    fn build(mut self) -> Result<(Nodes, String), Rejection> {
        let forbidden = characters::find_forbidden(self.content).unwrap_or(usize::MAX);
        let mut reader = Reader::from_str(self.content);
        loop {
            let start = offset(reader.buffer_position());
            let event = reader
                .read_event()
                .map_err(|error| translate(&error).at_offset(offset(reader.error_position())))?;
            if matches!(event, Event::Eof) {
                return match self.has_root && self.open.is_empty() {
                    true => Ok((self.nodes, self.texts.into_resolved())),
                    false => Err(ErrorKind::Truncated.at_offset(start)),
                };
            }
            let end = offset(reader.buffer_position());
            self.add(
                &event,
                start,
                self.content.get(start..end).unwrap_or_default(),
            )?;
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
        let attributes_start = count(self.nodes.attributes.len());
        let target = TagTarget {
            namespaces: &mut self.namespaces,
            texts: &mut self.texts,
            attributes: &mut self.nodes.attributes,
        };
        let name = self.tags.read(content, start, target, &self.limits)?;
        let element = ElementNode {
            namespace: name.namespace,
            name: self.texts.keep(name.local),
            text: Text::default(),
            attributes_start,
            attributes_end: count(self.nodes.attributes.len()),
            descendants_end: 0,
        };
        let index = match self.has_root {
            true => {
                self.nodes.descendants.push(element);
                Some(self.nodes.descendants.len() - 1)
            }
            false => {
                self.has_root = true;
                self.nodes.root = element;
                None
            }
        };
        self.check_memory().map_err(|kind| kind.at_offset(start))?;
        self.is_in_text = false;
        self.open.push(OpenElement {
            index,
            children: 0,
            text: Cow::default(),
            outer_namespaces,
        });
        Ok(())
    }

    fn count_element(&mut self) -> Result<(), ErrorKind> {
        match self.open.last_mut() {
            Some(parent) => {
                parent.children += 1;
                self.limits.children(parent.children)?;
            }
            None if self.has_root => return Err(ErrorKind::TrailingContent),
            None => {}
        }
        self.limits.element(self.open.len() + 1)
    }

    /// Checks the memory of what is built. A list may double before the check.
    fn check_memory(&self) -> Result<(), ErrorKind> {
        self.limits.tree(self.nodes.memory() + self.texts.memory())
    }

    fn close(&mut self) -> Result<(), ErrorKind> {
        let Some(closed) = self.open.pop() else {
            return Ok(());
        };
        self.namespaces.close(closed.outer_namespaces);
        self.is_in_text = false;
        let descendants_end = count(self.nodes.descendants.len());
        let element = match closed.index {
            None => Some(&mut self.nodes.root),
            Some(index) => self.nodes.descendants.get_mut(index),
        };
        if let Some(element) = element {
            element.text = self.texts.keep(&closed.text);
            element.descendants_end = descendants_end;
        }
        self.check_memory()
    }

    fn text(&mut self, text: &'t str, start: usize) -> Result<(), Rejection> {
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
        self.append("")?;
        if let Some(element) = self.open.last_mut() {
            element.text.to_mut().push(char);
        }
        Ok(())
    }

    /// Appends character data to the innermost element.
    fn append(&mut self, text: &'t str) -> Result<(), ErrorKind> {
        if !self.is_in_text {
            self.is_in_text = true;
            self.limits.node()?;
        }
        if let Some(element) = self.open.last_mut() {
            element.text += text;
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
        if self.has_root && self.open.is_empty() {
            return Err(ErrorKind::TrailingContent);
        }
        if self.has_root || self.has_doctype {
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
        } else if self.has_root {
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

/// Converts a number of nodes. There are fewer than bytes in a document.
fn count(nodes: usize) -> u32 {
    u32::try_from(nodes).unwrap_or(u32::MAX)
}

/// Converts an offset in the text. quick-xml uses 64 bits on every platform.
fn offset(position: u64) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
}
