//! The vendor's media types, and which of them a client accepts (ST-1 to ST-6, SS-60, SS-61).

/// Session parameters.
pub const SESSION_PARAMS: &str = "application/vnd.citrix.sessionparams+xml";
/// Session state.
pub const SESSION_STATE: &str = "application/vnd.citrix.sessionstate+xml";
/// Session result, as the specification spells it (SS-49).
pub const SESSION_RESULTS: &str = "application/vnd.citrix.sessionresults+xml";
/// Session result in the singular, accepted too (SS-49).
pub const SESSION_RESULT: &str = "application/vnd.citrix.sessionresult+xml";
/// Launch parameters.
pub const LAUNCH_PARAMS: &str = "application/vnd.citrix.launchparams+xml";
/// Launch data.
pub const LAUNCH_DATA: &str = "application/vnd.citrix.launchdata+xml";
/// Endpoints.
pub const ENDPOINTS: &str = "application/vnd.citrix.endpoints+xml";
/// Request token.
pub const REQUEST_TOKEN: &str = "application/vnd.citrix.requesttoken+xml";
/// Request token response.
pub const REQUEST_TOKEN_RESPONSE: &str = "application/vnd.citrix.requesttokenresponse+xml";
/// Request token choices.
pub const REQUEST_TOKEN_CHOICES: &str = "application/vnd.citrix.requesttokenchoices+xml";
/// Form.
pub const FORM: &str = "application/vnd.citrix.authenticateresponse-1+xml";
/// A filled form.
pub const URL_ENCODED: &str = "application/x-www-form-urlencoded";

/// Whether a `Content-Type` value names this type. Parameters and case do not count (SS-15).
#[must_use]
pub fn is(content_type: &str, expected: &str) -> bool {
    let _ = (content_type, expected);
    todo!()
}

/// Picks the answer's type: the first understood value of the `Accept` lines wins; no line means
/// `*/*`; `q=0` means "not this one"; other `q` values do not reorder (SS-60, SS-61, ST-1 to ST-4).
/// `offered` is what can be sent, the preferred one first.
#[must_use]
pub fn negotiate<'o>(accept: &[&str], offered: &[&'o str]) -> Option<&'o str> {
    let _ = (accept, offered);
    todo!()
}
