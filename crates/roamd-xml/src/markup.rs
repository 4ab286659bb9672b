//! Splits the content of a document into tags, texts and other markup (XML 1.0 §2.4 to §3.1).
//!
//! Only the delimiters are looked at here, but for a document type, whose end depends on what it
//! contains. What is between them is checked by the modules for the parts of the markup.

use memchr::{memchr, memchr2, memchr3, memmem};

use crate::ErrorKind;
use crate::characters::trim_end;
use crate::error::Rejection;
use crate::prolog::{self, DoctypeFault};

const COMMENT: &str = "<!--";
const CDATA: &str = "<![CDATA[";
const DOCTYPE: &str = "<!DOCTYPE";

/// A piece of the content.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece<'t> {
    /// A start tag: the text between `<` and `>` or `/>`.
    StartTag {
        content: &'t str,
        /// Whether it ends with `/>`, and so is an end tag too.
        is_empty: bool,
    },
    /// An end tag: the text between `</` and `>`, without white space at its end.
    EndTag { name: &'t str },
    /// A text up to the next tag, reference or other markup.
    Text(&'t str),
    /// A reference: the text between `&` and `;`.
    Reference(&'t str),
    /// A CDATA section: the text inside.
    Cdata(&'t str),
    /// A comment: the text inside.
    Comment(&'t str),
    /// A processing instruction: the text inside.
    Instruction(&'t str),
    /// A document type declaration, which may be malformed.
    Doctype(Result<(), DoctypeFault>),
}

/// The pieces of a content, in their order.
pub(crate) struct Pieces<'t> {
    content: &'t str,
    /// The part of the content that is not split yet.
    rest: &'t str,
}

impl<'t> Pieces<'t> {
    pub(crate) fn of(content: &'t str) -> Self {
        Self {
            content,
            rest: content,
        }
    }

    /// Returns the part of the content that is not split yet.
    pub(crate) fn rest(&self) -> &'t str {
        self.rest
    }

    /// Returns the offset in the content up to which it is split.
    pub(crate) fn offset(&self) -> usize {
        self.content.len() - self.rest.len()
    }

    /// Returns the next piece, or `None` at the end.
    ///
    /// # Errors
    /// If the next piece has no end, or is no markup of XML.
    pub(crate) fn next(&mut self) -> Result<Option<Piece<'t>>, Rejection> {
        let bytes = self.rest.as_bytes();
        let piece = match bytes {
            [] => return Ok(None),
            [b'<', b'/', ..] => self.end_tag(),
            [b'<', b'!', ..] => self.declaration(),
            [b'<', b'?', ..] => self.enclosed("<?", "?>").map(Piece::Instruction),
            [b'<', ..] => self.start_tag(),
            [b'&', ..] => self.reference(),
            _ => Ok(Piece::Text(self.take(memchr2(b'<', b'&', bytes)))),
        };
        piece
            .map(Some)
            .map_err(|kind| kind.at_offset(self.offset()))
    }

    fn start_tag(&mut self) -> Result<Piece<'t>, ErrorKind> {
        let tag = self.take_through(end_of_tag(self.rest.as_bytes()))?;
        let content = inside(tag, "<", ">");
        let content_of_empty = content.strip_suffix('/');
        Ok(Piece::StartTag {
            content: content_of_empty.unwrap_or(content),
            is_empty: content_of_empty.is_some(),
        })
    }

    fn end_tag(&mut self) -> Result<Piece<'t>, ErrorKind> {
        let tag = self.take_through(memchr(b'>', self.rest.as_bytes()))?;
        let name = trim_end(inside(tag, "</", ">"));
        Ok(Piece::EndTag { name })
    }

    fn reference(&mut self) -> Result<Piece<'t>, ErrorKind> {
        let bytes = self.rest.as_bytes();
        let end = memchr3(b';', b'<', b'&', bytes.get(1..).unwrap_or_default());
        let end = end.map(|end| 1 + end);
        if end.and_then(|end| bytes.get(end)) != Some(&b';') {
            return Err(ErrorKind::NotWellFormed("reference without an end"));
        }
        let reference = self.take_through(end)?;
        Ok(Piece::Reference(inside(reference, "&", ";")))
    }

    /// Splits off markup that starts with `<!`.
    fn declaration(&mut self) -> Result<Piece<'t>, ErrorKind> {
        if self.rest.starts_with(COMMENT) {
            return self.enclosed(COMMENT, "-->").map(Piece::Comment);
        }
        if self.rest.starts_with(CDATA) {
            return self.enclosed(CDATA, "]]>").map(Piece::Cdata);
        }
        let start = self.rest.get(..DOCTYPE.len());
        if start.is_some_and(|start| start.eq_ignore_ascii_case(DOCTYPE)) {
            return Ok(Piece::Doctype(prolog::doctype(self.rest).map(|rest| {
                self.rest = rest;
            })));
        }
        let known = [COMMENT, CDATA, DOCTYPE];
        Err(
            match known.iter().any(|known| known.starts_with(self.rest)) {
                true => ErrorKind::Truncated,
                false => ErrorKind::NotWellFormed("unknown markup"),
            },
        )
    }

    /// Splits off markup with these delimiters. Returns what is between them.
    fn enclosed(&mut self, before: &str, after: &str) -> Result<&'t str, ErrorKind> {
        let content = self.rest.as_bytes().get(before.len()..).unwrap_or_default();
        let end = memmem::find(content, after.as_bytes());
        let last = end.map(|end| before.len() + end + after.len() - 1);
        Ok(inside(self.take_through(last)?, before, after))
    }

    /// Splits off a piece that ends before an offset, or at the end of the content.
    fn take(&mut self, end: Option<usize>) -> &'t str {
        let end = end.unwrap_or(self.rest.len());
        let (piece, rest) = self.rest.split_at_checked(end).unwrap_or((self.rest, ""));
        self.rest = rest;
        piece
    }

    /// Splits off markup whose last byte is at an offset.
    fn take_through(&mut self, last: Option<usize>) -> Result<&'t str, ErrorKind> {
        let last = last.ok_or(ErrorKind::Truncated)?;
        Ok(self.take(Some(last + 1)))
    }
}

/// Returns the offset of the `>` of a start tag. There may be others in its attribute values.
fn end_of_tag(tag: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let found = from + memchr3(b'>', b'"', b'\'', tag.get(from..)?)?;
        let quote = match tag.get(found)? {
            b'>' => return Some(found),
            quote => *quote,
        };
        let value = found + 1;
        from = value + memchr(quote, tag.get(value..)?)? + 1;
    }
}

/// Returns markup without its delimiters.
fn inside<'t>(markup: &'t str, before: &str, after: &str) -> &'t str {
    let end = markup.len().saturating_sub(after.len());
    markup.get(before.len()..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(content: &str) -> Vec<Piece<'_>> {
        let mut pieces = Pieces::of(content);
        std::iter::from_fn(|| pieces.next().unwrap()).collect()
    }

    #[test]
    fn content_is_split_at_its_delimiters() {
        let start = |content| Piece::StartTag {
            content,
            is_empty: false,
        };
        let empty = |content| Piece::StartTag {
            content,
            is_empty: true,
        };
        let end = |name| Piece::EndTag { name };
        for (content, expected) in [
            ("", vec![]),
            ("a > b", vec![Piece::Text("a > b")]),
            ("<a>b</a \n>", vec![start("a"), Piece::Text("b"), end("a")]),
            ("<a b='>' c=\"/>'\"/>", vec![empty("a b='>' c=\"/>'\"")]),
            ("<a / >", vec![start("a / ")]),
            ("<></>", vec![start(""), end("")]),
            (
                "é&lt;é",
                vec![Piece::Text("é"), Piece::Reference("lt"), Piece::Text("é")],
            ),
            ("&;", vec![Piece::Reference("")]),
            ("<![CDATA[]]]]>", vec![Piece::Cdata("]]")]),
            ("<!-- > -->", vec![Piece::Comment(" > ")]),
            ("<!---->", vec![Piece::Comment("")]),
            ("<?a > ??>", vec![Piece::Instruction("a > ?")]),
            ("<??>", vec![Piece::Instruction("")]),
            ("<!DOCTYPE a><a>", vec![Piece::Doctype(Ok(())), start("a")]),
        ] {
            assert_eq!(pieces(content), expected, "{content}");
        }
    }

    #[test]
    fn piece_without_an_end_is_rejected() {
        let unknown = ErrorKind::NotWellFormed("unknown markup");
        let reference = ErrorKind::NotWellFormed("reference without an end");
        for (content, expected) in [
            ("<", ErrorKind::Truncated),
            ("<a b='>", ErrorKind::Truncated),
            ("</a", ErrorKind::Truncated),
            ("<!", ErrorKind::Truncated),
            ("<!-", ErrorKind::Truncated),
            ("<!-->", ErrorKind::Truncated),
            ("<!--->", ErrorKind::Truncated),
            ("<![CDATA[]>", ErrorKind::Truncated),
            ("<?>", ErrorKind::Truncated),
            ("<!ELEMENT a>", unknown.clone()),
            ("<![cdata[]]>", unknown),
            ("&", reference.clone()),
            ("&a", reference.clone()),
            ("&a<b/>;", reference.clone()),
            ("&a&b;", reference),
        ] {
            let rejection = Pieces::of(content).next().unwrap_err();
            assert_eq!(
                (rejection.kind, rejection.offset),
                (expected, 0),
                "{content}"
            );
        }
    }
}
