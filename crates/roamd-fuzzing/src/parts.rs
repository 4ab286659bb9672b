//! One input for an oracle that wants several texts.

/// Texts taken off the front of an input one after the other. They are parted by the byte `FF`, which
/// no UTF-8 has, so that a text may hold anything; when the input is used up they are empty.
pub(crate) struct Parts<'b>(&'b [u8]);

impl<'b> Parts<'b> {
    pub(crate) fn new(bytes: &'b [u8]) -> Self {
        Self(bytes)
    }

    /// The next text; bytes that are not UTF-8 become U+FFFD.
    pub(crate) fn text(&mut self) -> String {
        let end = self.0.iter().position(|byte| *byte == 0xFF);
        let (text, rest) = match end {
            Some(end) => (self.0.get(..end), self.0.get(end + 1..)),
            None => (Some(self.0), None),
        };
        self.0 = rest.unwrap_or_default();
        String::from_utf8_lossy(text.unwrap_or_default()).into_owned()
    }

    /// The next text, or nothing where there is none or it is empty.
    pub(crate) fn optional(&mut self) -> Option<String> {
        Some(self.text()).filter(|text| !text.is_empty())
    }

    /// All that is left.
    pub(crate) fn rest(self) -> &'b [u8] {
        self.0
    }
}
