//! The prolog: XML declaration and document type declaration.
//!
//! Both are checked here, and then skipped.

use crate::Charset;
use crate::attributes::split_quoted;
use crate::characters::{is_space_char, starts_with_space, trim_start};

/// An XML declaration.
#[derive(Debug)]
pub(crate) struct Declaration<'t> {
    /// The text after it.
    pub(crate) rest: &'t str,
    /// The declared encoding.
    pub(crate) encoding: Option<&'t str>,
}

/// Returns the XML declaration at the start of the text, if there is one.
///
/// With [`Charset::Sniffed`], which ignores the declared encoding (SS-70), the text behind it is
/// not checked either, because clients send malformed ones (CQ-7).
///
/// # Errors
/// If the declaration is malformed.
pub(crate) fn declaration(
    text: &str,
    charset: Charset,
) -> Result<Option<Declaration<'_>>, &'static str> {
    if !starts_with_declaration(text) {
        return Ok(None);
    }
    parse_declaration(text, charset)
        .map(Some)
        .ok_or("malformed XML declaration")
}

/// Returns the encoding in the XML declaration at the start of the bytes.
pub(crate) fn declared_encoding(bytes: &[u8]) -> Option<&str> {
    // Up to its end, so the cost does not depend on the document.
    let declaration = bytes
        .split(|byte| !byte.is_ascii() || *byte == b'>')
        .next()?;
    let text = std::str::from_utf8(declaration).ok()?;
    let (name, _) = encoding(after_version(text)?)?;
    Some(name)
}

/// Error of a document type declaration.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum DoctypeFault {
    /// The declaration violates the grammar.
    Malformed,
    /// The text ends before the declaration.
    Truncated,
    /// The internal subset is not empty.
    InternalSubset,
}

/// Returns the text after the document type declaration at the start of the text. It must have only
/// a name and an optional external identifier. An empty internal subset, `[]`, is accepted.
///
/// # Errors
/// If the declaration is malformed or cut, or has an internal subset.
pub(crate) fn doctype(text: &str) -> Result<&str, DoctypeFault> {
    let malformed = || match text.contains('>') {
        true => DoctypeFault::Malformed,
        false => DoctypeFault::Truncated,
    };
    let rest = after_external_id(text).ok_or_else(malformed)?;
    let rest = match rest.strip_prefix('[') {
        None => rest,
        Some(subset) => {
            let subset = trim_start(subset);
            if subset.is_empty() {
                return Err(DoctypeFault::Truncated);
            }
            let rest = subset.strip_prefix(']');
            trim_start(rest.ok_or(DoctypeFault::InternalSubset)?)
        }
    };
    rest.strip_prefix('>').ok_or_else(malformed)
}

/// Returns whether the text starts with an XML declaration and not with `<?xml-stylesheet`.
fn starts_with_declaration(text: &str) -> bool {
    text.strip_prefix("<?xml")
        .is_some_and(|rest| starts_with_space(rest) || rest.starts_with('?'))
}

/// `XMLDecl ::= '<?xml' VersionInfo EncodingDecl? SDDecl? S? '?>'`
fn parse_declaration(text: &str, charset: Charset) -> Option<Declaration<'_>> {
    let mut rest = after_version(text)?;
    let mut name = None;
    if let Some((encoding, after)) = encoding(rest) {
        name = Some(encoding);
        rest = match charset {
            Charset::Declared => after,
            Charset::Sniffed => after.trim_start_matches(|c| !matches!(c, '<' | '>' | '?')),
        };
    }
    if let Some((value, after)) = pseudo_attribute(rest, "standalone") {
        rest = matches!(value, "yes" | "no").then_some(after)?;
    }
    let rest = trim_start(rest).strip_prefix("?>")?;
    Some(Declaration {
        rest,
        encoding: name,
    })
}

/// `VersionInfo ::= S 'version' Eq ("'" '1.' [0-9]+ "'" | '"' '1.' [0-9]+ '"')`
fn after_version(text: &str) -> Option<&str> {
    let (version, rest) = pseudo_attribute(text.strip_prefix("<?xml")?, "version")?;
    let minor = version.strip_prefix("1.")?;
    let digits = !minor.is_empty() && minor.bytes().all(|b| b.is_ascii_digit());
    digits.then_some(rest)
}

/// `EncodingDecl ::= S 'encoding' Eq ('"' EncName '"' | "'" EncName "'")`. Returns name and rest.
fn encoding(text: &str) -> Option<(&str, &str)> {
    let (name, rest) = pseudo_attribute(text, "encoding")?;
    let legal = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
    legal.then_some((name, rest))
}

/// `S name S? '=' S? literal`. Returns the value and the rest.
fn pseudo_attribute<'t>(text: &'t str, name: &str) -> Option<(&'t str, &'t str)> {
    let rest = after_space(text)?.strip_prefix(name)?;
    literal(trim_start(trim_start(rest).strip_prefix('=')?))
}

/// `'<!DOCTYPE' S Name (S ExternalID)? S?`. Returns the rest.
///
/// The name must be ASCII, as it is in every known document type.
fn after_external_id(text: &str) -> Option<&str> {
    let rest = after_space(text.strip_prefix("<!DOCTYPE")?)?;
    if !rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
        return None;
    }
    let rest = rest.trim_start_matches(|c: char| {
        c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ':')
    });
    let identifier = trim_start(rest);
    let rest = if let Some(system) = identifier.strip_prefix("SYSTEM") {
        after_space(rest)?;
        literal(after_space(system)?)?.1
    } else if let Some(public) = identifier.strip_prefix("PUBLIC") {
        after_space(rest)?;
        let (id, system) = literal(after_space(public)?)?;
        if !id.chars().all(is_public) {
            return None;
        }
        literal(after_space(system)?)?.1
    } else {
        rest
    };
    Some(trim_start(rest))
}

/// `PubidChar ::= #x20 | #xD | #xA | [a-zA-Z0-9] | [-'()+,./:=?;!*#@$_%]`
fn is_public(c: char) -> bool {
    c.is_ascii_alphanumeric() || " \r\n-'()+,./:=?;!*#@$_%".contains(c)
}

/// Returns the text after mandatory white space.
fn after_space(text: &str) -> Option<&str> {
    starts_with_space(text).then(|| trim_start(text))
}

/// Returns the quoted literal at the start of the text, without quotes, and the rest.
fn literal(text: &str) -> Option<(&str, &str)> {
    let (value, rest) = split_quoted(text)?;
    let is_printable = |char: char| !char.is_control() || is_space_char(char);
    value.chars().all(is_printable).then_some((value, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn document_type_with_an_internal_subset_is_refused() {
        let cases = [
            ("<!DOCTYPE a>", Ok("")),
            ("<!DOCTYPE a><a>", Ok("<a>")),
            ("<!DOCTYPE a SYSTEM \"a.dtd\">", Ok("")),
            ("<!DOCTYPE\n a\tSYSTEM 'a>b' >", Ok("")),
            ("<!DOCTYPE a PUBLIC '-//x' \"a.dtd\">", Ok("")),
            ("<!DOCTYPE a []>", Ok("")),
            ("<!DOCTYPE a SYSTEM 'a.dtd' [ \n ] >\n", Ok("\n")),
            ("<!DOCTYPE a", Err(DoctypeFault::Truncated)),
            ("<!DOCTYPE a SYSTEM 'a", Err(DoctypeFault::Truncated)),
            ("<!DOCTYPE a []", Err(DoctypeFault::Truncated)),
            ("<!DOCTYPE a [ ", Err(DoctypeFault::Truncated)),
            (
                "<!DOCTYPE a [<!ENTITY b 'c'>]>",
                Err(DoctypeFault::InternalSubset),
            ),
            ("<!DOCTYPE a [%b;]>", Err(DoctypeFault::InternalSubset)),
            (
                "<!DOCTYPE a [<!-- b -->]>",
                Err(DoctypeFault::InternalSubset),
            ),
            ("<!DOCTYPE a SYSTEM>", Err(DoctypeFault::Malformed)),
            ("<!DOCTYPE a PUBLIC 'a.dtd'>", Err(DoctypeFault::Malformed)),
            ("<!DOCTYPE a 'a.dtd'>", Err(DoctypeFault::Malformed)),
            ("<!DOCTYPE aSYSTEM'a.dtd'>", Err(DoctypeFault::Malformed)),
            ("<!DOCTYPE a [] b>", Err(DoctypeFault::Malformed)),
            ("<!DOCTYPE [] >", Err(DoctypeFault::Malformed)),
            ("<!DOCTYPEa>", Err(DoctypeFault::Malformed)),
            ("<!doctype a>", Err(DoctypeFault::Malformed)),
        ];
        for (markup, expected) in cases {
            assert_eq!(doctype(markup), expected, "{markup}");
        }
    }
}
