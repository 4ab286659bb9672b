//! The second pass: parses strictly with roxmltree and copies the result into an [`Element`] tree.

use compact_str::CompactString;
use roxmltree::{Error as PassError, Node, ParsingOptions};

use crate::tree::SPACE;
use crate::{Attribute, Element, Error, ErrorKind, Position, XmlLimits};

/// Limit of nodes per element: the element itself, and text and comments around it.
const NODES_PER_ELEMENT: usize = 4;

/// Returns the root element. The limits must have been checked and the prolog blanked out.
pub(crate) fn build(text: &str, limits: &XmlLimits) -> Result<Element, Error> {
    let nodes = limits.elements.saturating_mul(NODES_PER_ELEMENT);
    let options = ParsingOptions {
        nodes_limit: u32::try_from(nodes).unwrap_or(u32::MAX),
        ..ParsingOptions::default()
    };
    let document = roxmltree::Document::parse_with_options(text, options)
        .map_err(|error| translate(&error, limits))?;
    for node in document.descendants().filter(Node::is_pi) {
        check_instruction(text, &node)?;
    }
    Ok(copy_element(
        &document.root_element(),
        &mut Cursor::new(text),
    ))
}

/// Copies an element with its descendants. The first pass has bounded the depth.
fn copy_element(node: &Node<'_, '_>, cursor: &mut Cursor<'_>) -> Element {
    let name = node.tag_name();
    let mut element = Element {
        // `xmlns=""` takes an element out of every namespace.
        namespace: name
            .namespace()
            .filter(|uri| !uri.is_empty())
            .map(CompactString::from),
        name: name.name().into(),
        attributes: node.attributes().map(copy_attribute).collect(),
        text: CompactString::default(),
        children: Vec::new(),
        at: cursor.advance(node.range().start),
    };
    for child in node.children() {
        if child.is_element() {
            element.children.push(copy_element(&child, cursor));
        } else if child.is_text() {
            element.text.push_str(child.text().unwrap_or_default());
        }
    }
    element
}

fn copy_attribute(attribute: roxmltree::Attribute<'_, '_>) -> Attribute {
    Attribute {
        namespace: attribute.namespace().map(CompactString::from),
        name: attribute.name().into(),
        value: attribute.value().into(),
    }
}

/// Checks that white space separates the target of a processing instruction from its content.
/// roxmltree does not check it.
fn check_instruction(text: &str, node: &Node<'_, '_>) -> Result<(), Error> {
    let start = node.range().start;
    let target = node.pi().map_or(0, |pi| pi.target.len());
    let rest = text.get(start + "<?".len() + target..).unwrap_or_default();
    if rest.starts_with(SPACE) || rest.starts_with("?>") {
        return Ok(());
    }
    let kind = ErrorKind::NotWellFormed("target of a processing instruction is not a name");
    Err(kind.at(Position::of(text, start)))
}

/// Translates an error of roxmltree into one that contains no text of the document.
fn translate(error: &PassError, limits: &XmlLimits) -> Error {
    let position = error.pos();
    let at = Position {
        line: position.row.into(),
        column: position.col.into(),
    };
    let rule = match error {
        PassError::NodesLimitReached => {
            return ErrorKind::TooManyElements {
                limit: limits.elements,
            }
            .at(at);
        }
        PassError::InvalidXmlPrefixUri(_)
        | PassError::UnexpectedXmlUri(_)
        | PassError::UnexpectedXmlnsUri(_)
        | PassError::InvalidElementNamePrefix(_) => "reserved prefix or namespace is misused",
        PassError::UnknownNamespace(..) => "prefix is not declared",
        PassError::UnexpectedCloseTag(..) => "end tag does not match its start tag",
        PassError::UnknownEntityReference(..) => "entity is not declared",
        PassError::MalformedEntityReference(_) => "malformed reference",
        PassError::DuplicatedAttribute(..) => "attribute is given twice in one tag",
        PassError::UnexpectedDeclaration(_) => "XML declaration is not at the start",
        PassError::InvalidName(_) => "malformed name",
        PassError::NonXmlChar(..) => "character that XML does not allow",
        PassError::InvalidComment(_) => "`--` in a comment",
        PassError::InvalidCharacterData(_) => "`]]>` in text",
        _ => "malformed markup",
    };
    ErrorKind::NotWellFormed(rule).at(at)
}

/// Converts increasing byte offsets into positions in one walk over the text.
struct Cursor<'t> {
    text: &'t str,
    offset: usize,
    at: Position,
}

impl<'t> Cursor<'t> {
    fn new(text: &'t str) -> Self {
        Self {
            text,
            offset: 0,
            at: Position::START,
        }
    }

    fn advance(&mut self, offset: usize) -> Position {
        self.at = self
            .at
            .after(self.text.get(self.offset..offset).unwrap_or_default());
        self.offset = offset;
        self.at
    }
}
