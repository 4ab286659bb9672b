//! Body of a response, without what real farms add to it (nfuse.md §1.1).

use crate::dechunk::{DechunkError, Dechunker, begins_with_size};

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Limit of the blanks before the size of a first chunk. They are looked at again with every frame,
/// until one decides.
const MAX_BLANKS: usize = 256;

/// Reader of a response body, with a size limit.
///
/// It recognizes chunks that hyper did not decode by their content. It ignores the header
/// `Transfer-Coding`, because a proxy may have decoded the chunks and kept the header.
#[derive(Debug)]
pub(crate) struct ResponseBody {
    bytes: Vec<u8>,
    framing: Framing,
    room: usize,
}

#[derive(Debug)]
enum Framing {
    /// There are too few bytes to decide.
    Unknown,
    Plain,
    Chunked(Dechunker),
}

/// Progress of reading a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    More,
    Done,
}

/// Error of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyError {
    TooLong,
    Chunks(DechunkError),
}

impl ResponseBody {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            bytes: Vec::new(),
            framing: Framing::Unknown,
            room: limit,
        }
    }

    /// Returns how many more bytes the body may have.
    pub(crate) fn room(&self) -> usize {
        self.room
    }

    /// Adds the next bytes from the connection.
    pub(crate) fn push(&mut self, data: &[u8]) -> Result<Progress, BodyError> {
        self.room = self
            .room
            .checked_sub(data.len())
            .ok_or(BodyError::TooLong)?;
        match &mut self.framing {
            Framing::Chunked(dechunker) => dechunker.push(data, &mut self.bytes)?,
            Framing::Plain => self.bytes.extend_from_slice(data),
            Framing::Unknown => {
                self.bytes.extend_from_slice(data);
                self.decide()?;
            }
        }
        match &self.framing {
            Framing::Chunked(dechunker) if dechunker.is_done() => Ok(Progress::Done),
            _ => Ok(Progress::More),
        }
    }

    /// Returns the bytes without chunk framing, at the end of the body.
    pub(crate) fn finish(self) -> Result<Vec<u8>, BodyError> {
        match &self.framing {
            Framing::Chunked(dechunker) if !dechunker.is_done() => {
                Err(DechunkError::Truncated.into())
            }
            _ => Ok(self.bytes),
        }
    }

    fn decide(&mut self) -> Result<(), BodyError> {
        let begin = self
            .bytes
            .strip_prefix(BYTE_ORDER_MARK)
            .unwrap_or(&self.bytes);
        let begin = begin.trim_ascii_start();
        let has_many_blanks = self.bytes.len() - begin.len() > MAX_BLANKS;
        match begins_with_size(begin) {
            _ if has_many_blanks => self.framing = Framing::Plain,
            None => {}
            Some(false) => self.framing = Framing::Plain,
            Some(true) => {
                let mut dechunker = Dechunker::default();
                let mut joined = Vec::new();
                dechunker.push(begin, &mut joined)?;
                self.bytes = joined;
                self.framing = Framing::Chunked(dechunker);
            }
        }
        Ok(())
    }
}

impl From<DechunkError> for BodyError {
    fn from(error: DechunkError) -> Self {
        Self::Chunks(error)
    }
}

/// Returns a document without the text before its XML declaration. If the first `<` is not that of
/// a declaration, the document stays as it is, and the XML reader decides.
pub(crate) fn from_declaration(bytes: &[u8]) -> &[u8] {
    let markup = bytes.iter().position(|byte| *byte == b'<');
    let from_markup = markup.and_then(|markup| bytes.get(markup..));
    from_markup
        .filter(|rest| rest.starts_with(b"<?xml"))
        .unwrap_or(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collect(body: &[u8], piece: usize, limit: usize) -> Result<Vec<u8>, BodyError> {
        let mut response = ResponseBody::new(limit);
        for piece in body.chunks(piece) {
            if response.push(piece)? == Progress::Done {
                break;
            }
        }
        let bytes = response.finish()?;
        Ok(from_declaration(&bytes).to_vec())
    }

    #[test]
    fn additions_of_farms_are_removed() {
        type Document = Result<&'static [u8], BodyError>;
        let cases: [(&[u8], Document); 12] = [
            (b"<?xml?><a/>", Ok(b"<?xml?><a/>")),
            (b"<a/>", Ok(b"<a/>")),
            (b"\r\n<?xml?><a/>", Ok(b"<?xml?><a/>")),
            (b"\xEF\xBB\xBF<?xml?><a/>", Ok(b"<?xml?><a/>")),
            (
                b"HTTP/1.1 100 Continue\r\n\r\n<?xml?><a/>",
                Ok(b"<?xml?><a/>"),
            ),
            (b"text <a/><?xml?>", Ok(b"text <a/><?xml?>")),
            (
                b"6\r\n<?xml?>\r\n5\r\n><a/>\r\n0\r\n\r\n",
                Err(DechunkError::Overlong.into()),
            ),
            (
                b"7\r\n<?xml?>\r\n4\r\n<a/>\r\n0\r\n\r\n",
                Ok(b"<?xml?><a/>"),
            ),
            (
                b"7\r\n<?xml?>\r\n4\r\n<a/>\r\n0\r\n\r\nrubbish",
                Ok(b"<?xml?><a/>"),
            ),
            (
                b"7\r\n<?xml?>\r\n4\r\n<a",
                Err(DechunkError::Truncated.into()),
            ),
            (b"dead", Ok(b"dead")),
            (b"", Ok(b"")),
        ];
        for (body, expected) in cases {
            for piece in 1..=body.len().max(1) {
                let text = String::from_utf8_lossy(body);
                let document = collect(body, piece, 64);
                assert_eq!(
                    document.as_deref(),
                    expected.as_deref(),
                    "{text:?} by {piece}"
                );
            }
        }
    }

    #[test]
    fn chunks_after_many_blanks_are_no_chunks() {
        for (blanks, expected) in [
            (MAX_BLANKS, "<a/>".to_owned()),
            (
                MAX_BLANKS + 1,
                " ".repeat(MAX_BLANKS + 1) + "4\r\n<a/>\r\n0\r\n",
            ),
        ] {
            let body = " ".repeat(blanks) + "4\r\n<a/>\r\n0\r\n";
            for piece in [1, 7, body.len()] {
                let document = collect(body.as_bytes(), piece, 1024);
                let expected = Ok(expected.as_bytes());
                assert_eq!(document.as_deref(), expected, "{blanks} by {piece}");
            }
        }
    }

    #[test]
    fn body_one_byte_over_the_limit_is_rejected() {
        assert_eq!(collect(b"<a/>", 1, 4).as_deref(), Ok(b"<a/>".as_slice()));
        assert_eq!(collect(b"<a/>", 1, 3), Err(BodyError::TooLong));
        assert_eq!(
            collect(b"4\r\n<a/>\r\n0\r\n", 1, 11),
            Err(BodyError::TooLong)
        );
    }
}
