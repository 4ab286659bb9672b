//! Bytes to tree, in two passes: limits first, well-formedness second.

use std::ops::Range;

use crate::tree::SPACE;
use crate::{Charset, Document, Encoding, Error, ErrorKind, Position, Rules};
use crate::{bounds, build, charset, prolog};

/// Reads a whole document.
///
/// # Errors
/// What was wrong with it, and where; see [`ErrorKind`].
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
    if let Some(doctype) = bounds::check(&text, rules)? {
        prolog::blank_out(text.to_mut(), doctype);
    }
    let root = build::tree(&text, &rules.limits)?;
    Ok(Document { encoding, root })
}

/// Where the XML declaration stands. One that is believed must not contradict the bytes.
fn declaration(
    text: &str,
    encoding: Encoding,
    charset: Charset,
) -> Result<Option<Range<usize>>, Error> {
    let refused = |kind: ErrorKind| kind.at(Position::START);
    let declaration = prolog::declaration(text, charset)
        .map_err(|rule| refused(ErrorKind::NotWellFormed(rule)))?;
    let Some(declaration) = declaration else {
        return Ok(None);
    };
    match declaration.encoding {
        Some(name) if charset == Charset::Declared && !charset::is_name_of(name, encoding) => {
            Err(refused(ErrorKind::ContradictedEncoding))
        }
        _ => Ok(Some(declaration.range)),
    }
}
