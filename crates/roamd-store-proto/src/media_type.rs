//! Media types of Citrix, and their negotiation (ST-1 to ST-6, SS-60, SS-61).

/// Session parameters.
pub const SESSION_PARAMS: &str = "application/vnd.citrix.sessionparams+xml";
/// Session state.
pub const SESSION_STATE: &str = "application/vnd.citrix.sessionstate+xml";
/// Session result, in the plural of the specification (SS-49).
pub const SESSION_RESULTS: &str = "application/vnd.citrix.sessionresults+xml";
/// Session result in the singular, which is accepted too (SS-49).
pub const SESSION_RESULT: &str = "application/vnd.citrix.sessionresult+xml";
/// Launch parameters.
pub const LAUNCH_PARAMS: &str = "application/vnd.citrix.launchparams+xml";
/// Launch data.
pub const LAUNCH_DATA: &str = "application/vnd.citrix.launchdata+xml";
/// A list of resources.
pub const RESOURCES: &str = "application/vnd.citrix.resources+xml";
/// One resource.
pub const RESOURCE: &str = "application/vnd.citrix.resource+xml";
/// Icon of a resource.
pub const PNG: &str = "image/png";
/// Icon file.
pub const ICON: &str = "image/vnd.microsoft.icon";
/// Icon file, under its more common name.
pub const X_ICON: &str = "image/x-icon";
/// Endpoints.
pub const ENDPOINTS: &str = "application/vnd.citrix.endpoints+xml";
/// Accounts.
pub const ROAMING_ACCOUNTS: &str = "application/vnd.citrix.roamingaccounts+xml";
/// Provisioning file; also the deprecated type of the discovery document (ST-28).
pub const RECEIVER_CONFIGURE: &str = "application/vnd.citrix.receiver.configure";
/// Explanation of a list of sessions (SS-72).
pub const JSON: &str = "application/json";
/// Request token.
pub const REQUEST_TOKEN: &str = "application/vnd.citrix.requesttoken+xml";
/// Request token response.
pub const REQUEST_TOKEN_RESPONSE: &str = "application/vnd.citrix.requesttokenresponse+xml";
/// Request token choices.
pub const REQUEST_TOKEN_CHOICES: &str = "application/vnd.citrix.requesttokenchoices+xml";
/// Refresh token.
pub const REFRESH_TOKEN: &str = "application/vnd.citrix.refreshtoken+xml";
/// Destroy token.
pub const DESTROY_TOKEN: &str = "application/vnd.citrix.destroytoken+xml";
/// Destroy token response.
pub const DESTROY_TOKEN_RESPONSE: &str = "application/vnd.citrix.destroytokenresponse+xml";
/// Claims principal.
pub const CLAIMS_IDENTITY: &str = "application/vnd.citrix.claimsidentity+xml";
/// Form.
pub const FORM: &str = "application/vnd.citrix.authenticateresponse-1+xml";
/// Posted form.
pub const URL_ENCODED: &str = "application/x-www-form-urlencoded";

/// Returns whether a `Content-Type` is this type, ignoring parameters and case (SS-15).
#[must_use]
pub fn is(content_type: &str, expected: &str) -> bool {
    without_parameters(content_type).eq_ignore_ascii_case(expected)
}

/// Returns the media type of the response: the first value of the `Accept` lines that matches one
/// of `offered`, which are in order of preference. `None` if no value matches.
///
/// No line means `*/*`. `q=0` excludes a type; other `q` values have no effect (SS-60, SS-61, ST-1
/// to ST-4). If several values match a type, the most specific one decides about its exclusion:
/// `*/*, x;q=0` never gives `x`, and `x, */*;q=0` gives only `x`.
#[must_use]
pub fn negotiate<'o>(accept: &[&str], offered: &[&'o str]) -> Option<&'o str> {
    // Nearly all clients name the type that they expect, and no other.
    let is_first = |first: &&str| match accept {
        [] => true,
        [line] => line.eq_ignore_ascii_case(first),
        _ => false,
    };
    if let Some(first) = offered.first().copied().filter(is_first) {
        return Some(first);
    }
    let ranges: Vec<Range<'_>> = accept
        .iter()
        .flat_map(|line| line.split(','))
        .map(Range::new)
        .collect();
    let acceptable: Vec<&'o str> = offered
        .iter()
        .copied()
        .filter(|media_type| !is_refused(&ranges, media_type))
        .collect();
    ranges
        .iter()
        .filter(|range| !range.refused)
        .find_map(|range| {
            acceptable
                .iter()
                .copied()
                .find(|candidate| range.matches(candidate).is_some())
        })
}

/// A value of an `Accept` line.
struct Range<'a> {
    media_range: &'a str,
    refused: bool,
}

/// Specificity of the match between a value and a type.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Match {
    /// `*/*`, or `*` as an old HTTP library writes it.
    Any,
    /// For example `application/*`.
    SubtypeAny,
    Exact,
}

impl<'a> Range<'a> {
    fn new(value: &'a str) -> Self {
        let refused = value.split(';').skip(1).any(|parameter| {
            parameter.split_once('=').is_some_and(|(name, value)| {
                name.trim().eq_ignore_ascii_case("q")
                    && value.trim().parse::<f64>().is_ok_and(|q| q <= 0.0)
            })
        });
        Self {
            media_range: without_parameters(value),
            refused,
        }
    }

    fn matches(&self, media_type: &str) -> Option<Match> {
        if matches!(self.media_range, "*/*" | "*") {
            return Some(Match::Any);
        }
        if self.media_range.eq_ignore_ascii_case(media_type) {
            return Some(Match::Exact);
        }
        let range = self.media_range.strip_suffix("/*")?;
        let (kind, _) = media_type.split_once('/')?;
        range
            .eq_ignore_ascii_case(kind)
            .then_some(Match::SubtypeAny)
    }
}

/// Returns whether one of the most specific values that match the type has `q=0`.
fn is_refused(ranges: &[Range<'_>], media_type: &str) -> bool {
    let closest = ranges
        .iter()
        .filter_map(|range| range.matches(media_type))
        .max();
    closest.is_some()
        && ranges
            .iter()
            .any(|range| range.refused && range.matches(media_type) == closest)
}

fn without_parameters(value: &str) -> &str {
    value.split(';').next().unwrap_or_default().trim()
}
