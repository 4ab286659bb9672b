//! Media types of answers, with their character set as clients expect it (WA-17).

/// Configuration, sign-in methods, sign-in status and self-service.
pub const XML: &str = "application/xml; charset=utf-8";
/// Forms.
pub const FORM: &str = "application/vnd.citrix.authenticateresponse-1+xml; charset=utf-8";
/// JSON.
pub const JSON: &str = "application/json; charset=utf-8";
/// JSON in place of an ICA file, which a browser loads in a frame (WA-85), and the user name.
pub const TEXT: &str = "text/plain; charset=utf-8";
/// The empty answer to a sign-out.
pub const LOGOFF: &str =
    "application/vnd.citrix.webreceiver.authenticationlogoffresponse+xml; charset=utf-8";
/// ICA files (WA-86).
pub const ICA: &str = "application/x-ica; charset=utf-8";
/// Icons, and logos in this format.
pub const PNG: &str = "image/png";
/// Logos in this format.
pub const SVG: &str = "image/svg+xml";
