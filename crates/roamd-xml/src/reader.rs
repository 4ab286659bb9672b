//! Parser entry point: decodes the bytes, skips the XML declaration, then builds the tree.

use crate::characters::{self, FORBIDDEN, trim_start};
use crate::error::Rejection;
use crate::text::{Text, Texts};
use crate::{Charset, Document, Encoding, Error, ErrorKind, Position, Rules};
use crate::{charset, prolog, tree_builder};

/// Parses a document.
///
/// # Errors
/// If the document is not well-formed or violates the rules; see [`ErrorKind`].
pub fn parse<'b>(bytes: &'b [u8], rules: &Rules) -> Result<Document<'b>, Error> {
    let limit = rules.limits.bytes.min(Text::MAX_DOCUMENT / 2);
    if bytes.len() > limit {
        return Err(ErrorKind::TooLarge { limit }.at(Position::START));
    }
    let (text, encoding) = charset::decode(bytes, rules.charset)?;
    if trim_start(&text).is_empty() {
        return Err(ErrorKind::Empty.at(Position::START));
    }
    let rest = after_declaration(&text, encoding, rules.charset)?;
    let start = text.len() - rest.len();
    let declaration = text.get(..start).unwrap_or_default();
    if let Some(at) = characters::find_forbidden(declaration) {
        return Err(ErrorKind::NotWellFormed(FORBIDDEN).at(Position::of(&text, at)));
    }
    match tree_builder::build(&text, start, bytes.len(), rules) {
        Ok((nodes, resolved)) => Ok(Document {
            encoding,
            texts: Texts::with_resolved(text, resolved),
            nodes,
        }),
        Err(Rejection { kind, offset }) => Err(kind.at(Position::of(&text, offset))),
    }
}

/// Returns the text after the XML declaration, if there is one.
///
/// # Errors
/// If the declaration is malformed, or if its encoding counts and contradicts the bytes.
fn after_declaration(text: &str, encoding: Encoding, charset: Charset) -> Result<&str, Error> {
    let at_start = |kind: ErrorKind| kind.at(Position::START);
    let declaration = prolog::declaration(text, charset)
        .map_err(|rule| at_start(ErrorKind::NotWellFormed(rule)))?;
    let Some(declaration) = declaration else {
        return Ok(text);
    };
    match declaration.encoding {
        Some(name) if charset == Charset::Declared && !charset::is_name_of(name, encoding) => {
            Err(at_start(ErrorKind::ContradictedEncoding))
        }
        _ => Ok(declaration.rest),
    }
}
