//! Bytes to tree, in two passes: limits first, well-formedness second.

use std::borrow::Cow;

use crate::tree::SPACE;
use crate::{Document, Error, ErrorKind, Position, Rules};
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
    let declaration = prolog::declaration(&text, rules.charset)
        .map_err(|fault| ErrorKind::NotWellFormed(fault).at(Position::START))?;
    blank_out(&mut text, declaration);
    let doctype = bounds::check(&text, rules)?;
    blank_out(&mut text, doctype);
    let root = build::tree(&text, &rules.limits)?;
    Ok(Document { encoding, root })
}

fn blank_out(text: &mut Cow<'_, str>, part: Option<std::ops::Range<usize>>) {
    if let Some(part) = part {
        prolog::blank_out(text.to_mut(), part);
    }
}
