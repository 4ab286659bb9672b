//! The published schemas, served under `/Schemas/` (SS-65).
//!
//! They are roamd's own, because the originals are not public.

/// An XML schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schema {
    /// File name, for example `SessionState.xsd`.
    pub name: &'static str,
    /// Text of the schema.
    pub text: &'static str,
}

macro_rules! schema {
    ($name:literal) => {
        Schema {
            name: $name,
            text: include_str!(concat!("../schemas/", $name)),
        }
    };
}

/// All schemas.
pub const ALL: &[Schema] = &[
    schema!("Accounts.xsd"),
    schema!("AuthenticateResponse.xsd"),
    schema!("ClaimsPrincipal.xsd"),
    schema!("DestroyToken.xsd"),
    schema!("DestroyTokenResponse.xsd"),
    schema!("Discovery.xsd"),
    schema!("Endpoints.xsd"),
    schema!("LaunchData.xsd"),
    schema!("LaunchParams.xsd"),
    schema!("RefreshToken.xsd"),
    schema!("RequestToken.xsd"),
    schema!("RequestTokenChoices.xsd"),
    schema!("RequestTokenResponse.xsd"),
    schema!("Resources.xsd"),
    schema!("SessionParameters.xsd"),
    schema!("SessionResult.xsd"),
    schema!("SessionState.xsd"),
];

/// Returns the schema with this file name, ignoring case (SS-11).
#[must_use]
pub fn by_name(name: &str) -> Option<Schema> {
    ALL.iter()
        .copied()
        .find(|schema| schema.name.eq_ignore_ascii_case(name))
}
