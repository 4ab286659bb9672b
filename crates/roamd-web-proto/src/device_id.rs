//! Device ids of browsers (WA-33).

/// Id of a browser, which is also its client name: 1 to 20 letters, digits, `-` and `_`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceId(String);

impl DeviceId {
    /// Longest id, in characters: the limit of a client name.
    pub const MAX: usize = 20;

    const PREFIX: &str = "WR_";

    /// Returns the id that a client sends, or `None` if it is not valid.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let is_valid = (1..=Self::MAX).contains(&text.len()) && text.bytes().all(plain);
        is_valid.then(|| Self(text.to_owned()))
    }

    /// Makes an id: `WR_` and the first 17 characters of a random text, which has letters, digits,
    /// `-` and `_` only. In Base64 they are 102 bits. Returns `None` for another text.
    #[must_use]
    pub fn new(random: &str) -> Option<Self> {
        let random = random.get(..Self::MAX - Self::PREFIX.len())?;
        Self::parse(&format!("{}{random}", Self::PREFIX))
    }

    /// Returns the id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
