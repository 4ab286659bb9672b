//! The challenge of a request whose user is not signed in (WA-40).

/// The challenge. Its status is `200`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Challenge;

impl Challenge {
    /// Name of the header, in lower case.
    pub const HEADER: &str = "citrixwebreceiver-authenticate";
    /// Value of the header: two parts, the reason first, because clients split it at `,` and `=`.
    pub const VALUE: &str = r#"reason="notoken", location="Authentication/GetAuthMethods""#;
    /// The body, with its blank: clients compare the text.
    pub const BODY: &str = r#"{"unauthorized": true}"#;
}
