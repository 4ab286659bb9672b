//! Parser entry point: decodes the bytes, checks the limits, then builds the tree.

use std::ops::Range;

use crate::tree::SPACE;
use crate::{Charset, Document, Encoding, Error, ErrorKind, Position, Rules};
use crate::{charset, limit_checker, prolog, tree_builder};

/// Parses a document.
///
/// # Errors
/// If the document is not well-formed or violates the rules; see [`ErrorKind`].
pub fn parse(bytes: &[u8], rules: &Rules) -> Result<Document, Error> {
    if bytes.len() > rules.limits.bytes {
        return Err(ErrorKind::TooLarge {
            limit: rules.limits.bytes,
        }
        .at(Position::START));
    }
    let (mut text, encoding) = charset::decode(bytes, rules.charset)?;
    if text.trim_matches(SPACE).is_empty() {
        return Err(ErrorKind::Empty.at(Position::START));
    }
    // Both passes would skip a second byte order mark.
    if text.starts_with('\u{FEFF}') {
        return Err(ErrorKind::NotWellFormed("text before the root element").at(Position::START));
    }
    if let Some(declaration) = declaration(&text, encoding, rules.charset)? {
        prolog::blank_out(text.to_mut(), declaration);
    }
    if let Some(doctype) = limit_checker::check(&text, rules)? {
        prolog::blank_out(text.to_mut(), doctype);
    }
    let root = tree_builder::build(&text, &rules.limits)?;
    Ok(Document { encoding, root })
}

/// Returns the range of the XML declaration, if there is one.
///
/// # Errors
/// If the declaration is malformed, or if its encoding counts and contradicts the bytes.
fn declaration(
    text: &str,
    encoding: Encoding,
    charset: Charset,
) -> Result<Option<Range<usize>>, Error> {
    let at_start = |kind: ErrorKind| kind.at(Position::START);
    let declaration = prolog::declaration(text, charset)
        .map_err(|rule| at_start(ErrorKind::NotWellFormed(rule)))?;
    let Some(declaration) = declaration else {
        return Ok(None);
    };
    match declaration.encoding {
        Some(name) if charset == Charset::Declared && !charset::is_name_of(name, encoding) => {
            Err(at_start(ErrorKind::ContradictedEncoding))
        }
        _ => Ok(Some(declaration.range)),
    }
}
