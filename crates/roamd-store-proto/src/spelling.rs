//! The two spellings of session messages.

/// Spelling of a response. It follows the root of the request (SS-47), and a document never mixes
/// both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Spelling {
    /// Names of the specification: `sessionResults`, `serverType`, `launchIca`.
    #[default]
    Document,
    /// Names of the vendor's own client: `sessionResult`, `servertype`, `launchica`.
    Native,
}
