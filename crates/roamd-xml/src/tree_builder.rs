//! Builder of the tree from the pieces of a document.
//!
//! The rules are checked here and in the modules for the parts of the markup. The walk over the
//! text stops at the first violation, and the limits of an element are checked before the element
//! is built.

use std::borrow::Cow;

use memchr::memchr;

use crate::characters::{self, FORBIDDEN, is_space_char};
use crate::error::Rejection;
use crate::limit_checker::LimitChecker;
use crate::markup::{Piece, Pieces};
use crate::namespaces::Namespaces;
use crate::prolog::DoctypeFault;
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

/// End of a CDATA section, which a text must not contain.
const SECTION_END: &str = "]]>";

/// Elements for which there is room from the start, at most.
const EXPECTED_ELEMENTS: usize = 64;

/// Bytes of a document for each element for which there is room from the start.
const BYTES_PER_ELEMENT: usize = 48;

/// Depth of most documents, at most.
const EXPECTED_DEPTH: usize = 8;

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
    /// Whether the last piece was a part of a text.
    is_in_text: bool,
    /// Whether the content has a [`SECTION_END`]. Few contents have one.
    has_section_end: bool,
}

/// An open element.
struct OpenElement<'t> {
    /// Its name with its prefix, which its end tag repeats.
    tag_name: &'t str,
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
        let content = document.get(start..).unwrap_or_default();
        let expected = (content.len() / BYTES_PER_ELEMENT).min(EXPECTED_ELEMENTS);
        Self {
            content,
            texts: Texts::new(document),
            nodes: Nodes {
                descendants: Vec::with_capacity(expected),
                ..Nodes::default()
            },
            doctype: rules.doctype,
            limits: LimitChecker::new(&rules.limits, bytes),
            tags: StartTagReader::default(),
            namespaces: Namespaces::default(),
            open: Vec::with_capacity(EXPECTED_DEPTH),
            has_root: false,
            has_doctype: false,
            is_in_text: false,
            has_section_end: has_section_end(content),
        }
    }

    /// Walks over the content.
    fn build(mut self) -> Result<(Nodes, String), Rejection> {
        let forbidden = characters::find_forbidden(self.content).unwrap_or(usize::MAX);
        let mut pieces = Pieces::of(self.content);
        loop {
            let start = pieces.offset();
            let Some(piece) = pieces.next()? else {
                return match self.has_root && self.open.is_empty() {
                    true => Ok((self.nodes, self.texts.into_resolved())),
                    false => Err(ErrorKind::Truncated.at_offset(start)),
                };
            };
            self.add(piece, start, pieces.rest())?;
            if forbidden < pieces.offset() {
                return Err(ErrorKind::NotWellFormed(FORBIDDEN).at_offset(forbidden));
            }
        }
    }

    /// Adds a piece. `start` is its offset, and `rest` the text after it.
    fn add(&mut self, piece: Piece<'t>, start: usize, rest: &str) -> Result<(), Rejection> {
        let added = match piece {
            Piece::StartTag { content, is_empty } => {
                self.open(content, start)?;
                match is_empty {
                    true => self.close(),
                    false => Ok(()),
                }
            }
            Piece::EndTag { name } => self.end_tag(name),
            Piece::Text(text) => return self.text(text, start, rest),
            Piece::Cdata(text) => self.check_place().and_then(|()| self.append(text)),
            Piece::Reference(name) => self.reference(name),
            Piece::Comment(comment) => self.comment(comment),
            Piece::Instruction(instruction) => self.instruction(instruction),
            Piece::Doctype(checked) => self.doctype(checked),
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
            tag_name: name.tag_name,
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

    fn end_tag(&mut self, name: &str) -> Result<(), ErrorKind> {
        match self.open.last() {
            Some(element) if element.tag_name == name => self.close(),
            _ => Err(ErrorKind::NotWellFormed(
                "end tag does not match its start tag",
            )),
        }
    }

    /// Closes the innermost element.
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

    fn text(&mut self, text: &'t str, start: usize, rest: &str) -> Result<(), Rejection> {
        let is_blank = || characters::is_blank(text);
        if self.open.is_empty() && is_blank() {
            return Ok(());
        }
        self.check_place().map_err(|kind| kind.at_offset(start))?;
        if self.has_section_end
            && let Some(at) = text.find(SECTION_END)
        {
            return Err(ErrorKind::NotWellFormed("`]]>` in text").at_offset(start + at));
        }
        let added = match self.is_indentation_before(rest) && is_blank() {
            true => self.limits.node(),
            false => self.append(text),
        };
        added.map_err(|kind| kind.at_offset(start))
    }

    /// Returns whether white space in front of `rest` only indents a tag: its element has a child,
    /// and no character data so far.
    fn is_indentation_before(&self, rest: &str) -> bool {
        let Some(element) = self.open.last() else {
            return false;
        };
        let is_tag = match rest.as_bytes() {
            [b'<', b'/', ..] => element.children > 0,
            [b'<', b'!' | b'?', ..] => false,
            [b'<', ..] => true,
            _ => false,
        };
        is_tag && element.text.is_empty()
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
    /// `xml`.
    fn instruction(&mut self, instruction: &str) -> Result<(), ErrorKind> {
        let target = instruction.split(is_space_char).next().unwrap_or_default();
        if target == "xml" {
            return Err(ErrorKind::NotWellFormed(
                "XML declaration is not at the start",
            ));
        }
        self.is_in_text = false;
        self.limits.node()?;
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

    fn doctype(&mut self, checked: Result<(), DoctypeFault>) -> Result<(), ErrorKind> {
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
        checked.map_err(|fault| match fault {
            DoctypeFault::Truncated => ErrorKind::Truncated,
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

/// Returns whether a content has a [`SECTION_END`], of which most have not even the first byte.
fn has_section_end(content: &str) -> bool {
    let rest = memchr(b']', content.as_bytes()).and_then(|at| content.get(at..));
    rest.is_some_and(|rest| rest.contains(SECTION_END))
}

/// Converts a number of nodes. There are fewer than bytes in a document.
fn count(nodes: usize) -> u32 {
    u32::try_from(nodes).unwrap_or(u32::MAX)
}
