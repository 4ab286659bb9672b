//! Decoder of `Transfer-Coding: chunked`, a header of IMA farms that no HTTP library knows
//! (nfuse.md §1.1).

/// Limit of the digits of a chunk size: more would be 4 GiB or more.
const MAX_DIGITS: usize = 8;

/// Error of a chunked body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DechunkError {
    /// The line with the size of a chunk is malformed.
    #[error("size of a chunk is not a hexadecimal number")]
    Size,
    /// A chunk is not followed by an end of line.
    #[error("chunk is longer than its size")]
    Overlong,
    /// The body ends before its last chunk.
    #[error("response ends before its last chunk")]
    Truncated,
}

/// Incremental decoder. It is done at the chunk of size zero: the controller may keep the
/// connection open, and what follows has no meaning.
#[derive(Debug, Default)]
pub(crate) struct Dechunker {
    state: State,
}

#[derive(Debug, Clone, Copy)]
enum State {
    /// In the digits of a size.
    Size { value: usize, digits: usize },
    /// After the digits, before the end of line: blanks or an extension.
    SizeRest { value: usize },
    /// In a chunk.
    Data { left: usize },
    /// After a chunk, before the end of line.
    DataEnd,
    /// After the chunk of size zero.
    Done,
}

impl Default for State {
    fn default() -> Self {
        Self::Size {
            value: 0,
            digits: 0,
        }
    }
}

impl Dechunker {
    /// Appends the data of the chunks in `input` to `output`.
    pub(crate) fn push(
        &mut self,
        mut input: &[u8],
        output: &mut Vec<u8>,
    ) -> Result<(), DechunkError> {
        while let Some((byte, rest)) = input.split_first() {
            self.state = match self.state {
                State::Size { value, digits } => match char::from(*byte).to_digit(16) {
                    Some(_) if digits == MAX_DIGITS => return Err(DechunkError::Size),
                    Some(digit) => State::Size {
                        value: value << 4 | usize::try_from(digit).unwrap_or_default(),
                        digits: digits + 1,
                    },
                    None if digits == 0 => return Err(DechunkError::Size),
                    None => match byte {
                        b'\n' => after_size(value),
                        b' ' | b'\t' | b'\r' | b';' => State::SizeRest { value },
                        _ => return Err(DechunkError::Size),
                    },
                },
                State::SizeRest { value } if *byte == b'\n' => after_size(value),
                State::SizeRest { value } => State::SizeRest { value },
                State::Data { left } => {
                    let (chunk, rest) = input.split_at(left.min(input.len()));
                    output.extend_from_slice(chunk);
                    input = rest;
                    self.state = match left - chunk.len() {
                        0 => State::DataEnd,
                        left => State::Data { left },
                    };
                    continue;
                }
                State::DataEnd => match byte {
                    b'\r' => State::DataEnd,
                    b'\n' => State::default(),
                    _ => return Err(DechunkError::Overlong),
                },
                State::Done => return Ok(()),
            };
            input = rest;
        }
        Ok(())
    }

    /// Returns whether the chunk of size zero has arrived.
    pub(crate) fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }
}

/// Returns whether the bytes start like a chunked body: with a hexadecimal number and an end of
/// line. Returns `None` if there are too few bytes to decide.
pub(crate) fn begins_with_size(bytes: &[u8]) -> Option<bool> {
    let digits = bytes
        .iter()
        .take_while(|byte| byte.is_ascii_hexdigit())
        .count();
    match bytes.get(digits..) {
        _ if digits > MAX_DIGITS => Some(false),
        None | Some([] | [b'\r']) => None,
        Some([b'\n', ..] | [b'\r', b'\n', ..]) => Some(digits > 0),
        Some(_) => Some(false),
    }
}

fn after_size(size: usize) -> State {
    match size {
        0 => State::Done,
        left => State::Data { left },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Decodes a body that arrives in pieces of this many bytes.
    fn dechunk(body: &[u8], piece: usize) -> Result<Vec<u8>, DechunkError> {
        let mut dechunker = Dechunker::default();
        let mut output = Vec::new();
        for piece in body.chunks(piece) {
            dechunker.push(piece, &mut output)?;
        }
        if dechunker.is_done() {
            Ok(output)
        } else {
            Err(DechunkError::Truncated)
        }
    }

    #[test]
    fn chunks_are_joined_for_any_packet_size() {
        type Joined = Result<&'static [u8], DechunkError>;
        let cases: [(&[u8], Joined); 14] = [
            (b"5\r\nhello\r\n0\r\n\r\n", Ok(b"hello")),
            (b"3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", Ok(b"hello")),
            (
                b"A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n",
                Ok(b"01234567890123456789"),
            ),
            (b"5 ;name=value\r\nhello\r\n0\r\n", Ok(b"hello")),
            (b"5\nhello\n0\n", Ok(b"hello")),
            (b"2\r\n\r\n\r\n0\r\n", Ok(b"\r\n")),
            (b"0\r\nTrailer: x\r\n\r\n", Ok(b"")),
            (b"5\r\nhello\r\n", Err(DechunkError::Truncated)),
            (b"5\r\nhel", Err(DechunkError::Truncated)),
            (b"", Err(DechunkError::Truncated)),
            (b"5\r\nhello!\r\n0\r\n", Err(DechunkError::Overlong)),
            (b"x\r\nhello\r\n0\r\n", Err(DechunkError::Size)),
            (b"\r\nhello\r\n0\r\n", Err(DechunkError::Size)),
            (b"123456789\r\n", Err(DechunkError::Size)),
        ];
        for (body, expected) in cases {
            for piece in 1..=body.len().max(1) {
                let joined = dechunk(body, piece);
                let text = String::from_utf8_lossy(body);
                assert_eq!(
                    joined.as_deref(),
                    expected.as_deref(),
                    "{text:?} by {piece}"
                );
            }
        }
    }

    #[test]
    fn chunked_body_is_recognized_by_its_first_line() {
        let cases: [(&[u8], Option<bool>); 11] = [
            (b"2a\r\n<?xml", Some(true)),
            (b"2A\n<?xml", Some(true)),
            (b"<?xml", Some(false)),
            (b"2a<?xml", Some(false)),
            (b"\r\n2a\r\n", Some(false)),
            (b"bad gateway", Some(false)),
            (b"123456789\r\n", Some(false)),
            (b"\xff\xfe<\0", Some(false)),
            (b"", None),
            (b"2a", None),
            (b"2a\r", None),
        ];
        for (body, expected) in cases {
            assert_eq!(
                begins_with_size(body),
                expected,
                "{:?}",
                String::from_utf8_lossy(body)
            );
        }
    }
}
