//! The branding of the page (WA-120).

use serde::Serialize;

use crate::json;

/// How the page looks and where users get help. The page has a default for each part that is
/// `None`, which is null in JSON.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Branding<'a> {
    /// Colour of buttons and links, as `#rrggbb`.
    pub accent: Option<&'a str>,
    /// URL where users get help, `http` or `https`.
    pub help_link: Option<&'a str>,
    /// Sentence that tells users where to get help.
    pub help_text: Option<&'a str>,
    /// URL of the logo, relative to the site.
    pub logo: Option<&'a str>,
    /// Name of the site.
    pub name: Option<&'a str>,
}

impl Branding<'_> {
    /// Encodes the branding.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        json::write(self)
    }

    /// Returns the URL of a logo, relative to the site. `hash` has letters, digits, `-` and `_`
    /// only.
    #[must_use]
    pub fn logo_url(hash: &str) -> String {
        format!("branding/{hash}")
    }
}
