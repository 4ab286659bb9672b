//! Byte strings one after the other, each after its length in eight bytes, big endian. An optional
//! one comes after a byte that is 0 or 1.

use zeroize::Zeroizing;

const ABSENT: u8 = 0;
const PRESENT: u8 = 1;

/// Writes byte strings.
pub(crate) struct Writer(Zeroizing<Vec<u8>>);

impl Writer {
    /// Creates a writer with room for this number of bytes: growing would leave copies of secrets
    /// behind.
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self(Zeroizing::new(Vec::with_capacity(bytes)))
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.0
            .extend_from_slice(&(bytes.len() as u64).to_be_bytes());
        self.0.extend_from_slice(bytes);
    }

    pub(crate) fn optional(&mut self, bytes: Option<&[u8]>) {
        match bytes {
            None => self.0.push(ABSENT),
            Some(bytes) => {
                self.0.push(PRESENT);
                self.bytes(bytes);
            }
        }
    }

    pub(crate) fn finish(self) -> Zeroizing<Vec<u8>> {
        self.0
    }
}

/// Reads byte strings. Each method returns `None` if the rest does not begin with what it reads.
pub(crate) struct Reader<'b>(&'b [u8]);

impl<'b> Reader<'b> {
    pub(crate) fn new(bytes: &'b [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) fn bytes(&mut self) -> Option<&'b [u8]> {
        let (length, rest) = self.0.split_first_chunk()?;
        let length = usize::try_from(u64::from_be_bytes(*length)).ok()?;
        let (bytes, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    pub(crate) fn text(&mut self) -> Option<String> {
        String::from_utf8(self.bytes()?.to_vec()).ok()
    }

    pub(crate) fn optional(&mut self) -> Option<Option<&'b [u8]>> {
        let (mark, rest) = self.0.split_first()?;
        self.0 = rest;
        match *mark {
            ABSENT => Some(None),
            PRESENT => self.bytes().map(Some),
            _ => None,
        }
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.0.is_empty()
    }
}
