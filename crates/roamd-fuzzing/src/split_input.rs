//! Splitting of an input into several texts.

/// An input that an oracle splits into texts. They are separated by the byte `FF`, which UTF-8
/// never contains. At the end of the input, texts are empty.
pub(crate) struct SplitInput<'b>(&'b [u8]);

impl<'b> SplitInput<'b> {
    pub(crate) fn new(bytes: &'b [u8]) -> Self {
        Self(bytes)
    }

    /// Returns the next text. Invalid UTF-8 becomes U+FFFD.
    pub(crate) fn text(&mut self) -> String {
        let end = self.0.iter().position(|byte| *byte == 0xFF);
        let (text, rest) = match end {
            Some(end) => (self.0.get(..end), self.0.get(end + 1..)),
            None => (Some(self.0), None),
        };
        self.0 = rest.unwrap_or_default();
        String::from_utf8_lossy(text.unwrap_or_default()).into_owned()
    }

    /// Returns the next text, or `None` if it is empty.
    pub(crate) fn optional(&mut self) -> Option<String> {
        Some(self.text()).filter(|text| !text.is_empty())
    }

    /// Returns the rest of the input.
    pub(crate) fn rest(self) -> &'b [u8] {
        self.0
    }
}
