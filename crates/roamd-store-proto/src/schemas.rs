//! The published schemas, served under `/Schemas/`.

/// A schema and the name that it is served under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schema {
    /// File name, for example `SessionState.xsd`.
    pub name: &'static str,
    /// Text of the schema.
    pub text: &'static str,
}
