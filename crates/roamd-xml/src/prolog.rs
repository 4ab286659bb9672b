//! What may stand before the root: the XML declaration and the document type.
//!
//! Both are checked here and then blanked out, so that the second pass never sees them.

use std::ops::Range;

use crate::Charset;
use crate::tree::SPACE;

/// An XML declaration.
#[derive(Debug)]
pub(crate) struct Declaration<'t> {
    /// Where it stands.
    pub(crate) range: Range<usize>,
    /// The encoding that it names.
    pub(crate) encoding: Option<&'t str>,
}

/// The XML declaration, if the text starts with one.
///
/// A reader that does not believe the declaration (SS-70) does not care for what follows the
/// encoding either: clients copy that line around without care (CQ-7).
///
/// # Errors
/// The declaration is malformed.
pub(crate) fn declaration(
    text: &str,
    charset: Charset,
) -> Result<Option<Declaration<'_>>, &'static str> {
    if !begins(text) {
        return Ok(None);
    }
    declaration_at_start(text, charset)
        .map(Some)
        .ok_or("malformed XML declaration")
}

/// The encoding that an XML declaration at the start of the bytes names.
pub(crate) fn declared_encoding(bytes: &[u8]) -> Option<&str> {
    let ascii = bytes.split(|byte| !byte.is_ascii()).next()?;
    let text = std::str::from_utf8(ascii).ok()?;
    let (name, _) = encoding(after_version(text)?)?;
    Some(name)
}

/// What is wrong with a document type declaration.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum DoctypeFault {
    /// It breaks the grammar.
    Malformed,
    /// It declares something.
    Declares,
}

/// Whether a document type declaration, from `<!DOCTYPE` to `>`, only names a document type and
/// at most an external identifier. An empty internal subset, `[]`, declares nothing.
pub(crate) fn doctype(markup: &str) -> Result<(), DoctypeFault> {
    let rest = after_external_id(markup).ok_or(DoctypeFault::Malformed)?;
    if rest.is_empty() {
        return Ok(());
    }
    let subset = rest.strip_prefix('[').ok_or(DoctypeFault::Malformed)?;
    match subset.trim_end_matches(SPACE).strip_suffix(']') {
        Some(declarations) if declarations.trim_matches(SPACE).is_empty() => Ok(()),
        Some(_) => Err(DoctypeFault::Declares),
        None => Err(DoctypeFault::Malformed),
    }
}

/// Puts blanks in the place of a part of the text, and leaves its lines.
pub(crate) fn blank_out(text: &mut String, part: Range<usize>) {
    if let Some(old) = text.get(part.clone()) {
        let blanks: String = old
            .chars()
            .map(|c| if c == '\n' { '\n' } else { ' ' })
            .collect();
        text.replace_range(part, &blanks);
    }
}

/// Whether the text starts with an XML declaration and not with `<?xml-stylesheet`.
fn begins(text: &str) -> bool {
    text.strip_prefix("<?xml")
        .is_some_and(|rest| rest.starts_with(SPACE) || rest.starts_with('?'))
}

/// `XMLDecl ::= '<?xml' VersionInfo EncodingDecl? SDDecl? S? '?>'`
fn declaration_at_start(text: &str, charset: Charset) -> Option<Declaration<'_>> {
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
    let rest = rest.trim_start_matches(SPACE).strip_prefix("?>")?;
    Some(Declaration {
        range: 0..text.len() - rest.len(),
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

/// `EncodingDecl ::= S 'encoding' Eq ('"' EncName '"' | "'" EncName "'")`: the name and the rest.
fn encoding(text: &str) -> Option<(&str, &str)> {
    let (name, rest) = pseudo_attribute(text, "encoding")?;
    let legal = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
    legal.then_some((name, rest))
}

/// `S name S? '=' S? literal`: the value and the rest.
fn pseudo_attribute<'t>(text: &'t str, name: &str) -> Option<(&'t str, &'t str)> {
    let rest = after_space(text)?.strip_prefix(name)?;
    literal(
        rest.trim_start_matches(SPACE)
            .strip_prefix('=')?
            .trim_start_matches(SPACE),
    )
}

/// `'<!DOCTYPE' S Name (S ExternalID)? S?`, and then the rest up to the last `>`.
///
/// The name may only have ASCII characters: that is enough for every document that is sent here.
fn after_external_id(markup: &str) -> Option<&str> {
    let rest = after_space(markup.strip_prefix("<!DOCTYPE")?.strip_suffix('>')?)?;
    if !rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
        return None;
    }
    let rest = rest.trim_start_matches(|c: char| {
        c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ':')
    });
    let identifier = rest.trim_start_matches(SPACE);
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
    Some(rest.trim_start_matches(SPACE))
}

/// `PubidChar ::= #x20 | #xD | #xA | [a-zA-Z0-9] | [-'()+,./:=?;!*#@$_%]`
fn is_public(c: char) -> bool {
    c.is_ascii_alphanumeric() || " \r\n-'()+,./:=?;!*#@$_%".contains(c)
}

/// The text behind white space that must be there.
fn after_space(text: &str) -> Option<&str> {
    text.starts_with(SPACE)
        .then(|| text.trim_start_matches(SPACE))
}

/// What stands between quotes at the start of the text, and the rest.
fn literal(text: &str) -> Option<(&str, &str)> {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let (value, rest) = text.strip_prefix(quote)?.split_once(quote)?;
    let printable = !value.contains(|c: char| c.is_control() && !SPACE.contains(&c));
    printable.then_some((value, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_type_may_name_itself_and_nothing_more() {
        let cases = [
            ("<!DOCTYPE a>", Ok(())),
            ("<!DOCTYPE a SYSTEM \"a.dtd\">", Ok(())),
            ("<!DOCTYPE\n a\tSYSTEM 'a>b' >", Ok(())),
            ("<!DOCTYPE a PUBLIC '-//x' \"a.dtd\">", Ok(())),
            ("<!DOCTYPE a []>", Ok(())),
            ("<!DOCTYPE a SYSTEM 'a.dtd' [ \n ] >", Ok(())),
            (
                "<!DOCTYPE a [<!ENTITY b 'c'>]>",
                Err(DoctypeFault::Declares),
            ),
            ("<!DOCTYPE a [%b;]>", Err(DoctypeFault::Declares)),
            ("<!DOCTYPE a [<!-- b -->]>", Err(DoctypeFault::Declares)),
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

    #[test]
    fn blanking_out_leaves_lines_where_they_are() {
        let mut text = String::from("<?xml\nversion='1.0'?>\n<a/>");
        blank_out(&mut text, 0..21);
        assert_eq!(text, "     \n               \n<a/>");
    }
}
