//! The `CitrixAuth` challenge of a `401` (citrixauth.md §1.1).

use std::fmt;
use std::str::FromStr;

/// A challenge. No value may contain `,`, `=` or `"` (CA-6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// Identifier of the consuming service, which the client returns as `for-service`.
    pub realm: String,
    /// Reason of the challenge. `None` for values of other servers that are not known (ST-12);
    /// roamd always sends one.
    pub reason: Option<Reason>,
    /// URLs of token services, in order of preference.
    pub locations: Vec<String>,
    /// Root URL of the protection space, without closing slash (CA-8).
    pub service_root_hint: String,
}

/// Reason of a challenge (citrixauth.md §1.2), in the order of a server's checks (CA-11).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// No token was sent.
    NoToken,
    /// The token is malformed.
    InvalidToken,
    /// The integrity check of the token failed.
    SignatureNotVerified,
    /// The issuer of the token is not trusted.
    NotTrusted,
    /// The token belongs to another realm.
    NotForThisService,
    /// The token belongs to another audience.
    InvalidAudience,
    /// The token has expired.
    Expired,
    /// The account is not usable.
    BadAccount,
    /// The password changed after the token was issued.
    BadPassword,
    /// A password claim is missing.
    PasswordClaimNotFound,
    /// Other claims are missing.
    WrongClaims,
    /// The Citrix Gateway in the token is not that of the connection.
    GatewayClaimsInconsistent,
}

/// Error of a header that is not a challenge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a CitrixAuth challenge")]
pub struct ChallengeError;

impl fmt::Display for Challenge {
    /// Writes the value of the header, exactly as CA-5 requires.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            realm,
            reason,
            locations,
            service_root_hint,
        } = self;
        let reason = reason.map_or("", Reason::as_str);
        let locations = locations.join("|");
        write!(
            f,
            "CitrixAuth realm=\"{realm}\", reqtokentemplate=\"\", reason=\"{reason}\", \
             locations=\"{locations}\", serviceroot-hint=\"{service_root_hint}\""
        )
    }
}

impl FromStr for Challenge {
    type Err = ChallengeError;

    /// Parses the value of the header: quoted parameters in any order, with optional white space
    /// around the commas. Unknown parameters and reasons are ignored, and the first of repeated
    /// parameters counts.
    fn from_str(header: &str) -> Result<Self, ChallengeError> {
        let parameters = header
            .trim()
            .strip_prefix("CitrixAuth")
            .ok_or(ChallengeError)?;
        if !parameters.starts_with([' ', '\t']) {
            return Err(ChallengeError);
        }
        let parameters = split_parameters(parameters)?;
        let value = |name| {
            parameters
                .iter()
                .find(|(found, _)| *found == name)
                .map(|(_, value)| *value)
                .ok_or(ChallengeError)
        };
        let locations = value("locations")?.split('|').map(str::trim);
        let locations: Vec<String> = locations
            .filter(|location| !location.is_empty())
            .map(str::to_owned)
            .collect();
        if locations.is_empty() {
            return Err(ChallengeError);
        }
        Ok(Self {
            realm: value("realm")?.to_owned(),
            reason: value("reason")?.parse().ok(),
            locations,
            service_root_hint: value("serviceroot-hint")?.trim().to_owned(),
        })
    }
}

impl Reason {
    /// All reasons, in the order of a server's checks.
    pub const ALL: &[Self] = &[
        Self::NoToken,
        Self::InvalidToken,
        Self::SignatureNotVerified,
        Self::NotTrusted,
        Self::NotForThisService,
        Self::InvalidAudience,
        Self::Expired,
        Self::BadAccount,
        Self::BadPassword,
        Self::PasswordClaimNotFound,
        Self::WrongClaims,
        Self::GatewayClaimsInconsistent,
    ];

    /// Returns the value of the parameter.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoToken => "notoken",
            Self::InvalidToken => "invalidtoken",
            Self::SignatureNotVerified => "tokenSignatureNotVerified",
            Self::NotTrusted => "nottrusted",
            Self::NotForThisService => "notforthisservice",
            Self::InvalidAudience => "invalidAudience",
            Self::Expired => "expired",
            Self::BadAccount => "badaccount",
            Self::BadPassword => "badpassword",
            Self::PasswordClaimNotFound => "passwordClaimNotFound",
            Self::WrongClaims => "wrongclaims",
            Self::GatewayClaimsInconsistent => "gatewayclaimsinconsistent",
        }
    }
}

impl FromStr for Reason {
    type Err = ChallengeError;

    fn from_str(text: &str) -> Result<Self, ChallengeError> {
        Self::ALL
            .iter()
            .copied()
            .find(|reason| reason.as_str() == text)
            .ok_or(ChallengeError)
    }
}

/// Splits `name="value", name="value"`.
fn split_parameters(mut rest: &str) -> Result<Vec<(&str, &str)>, ChallengeError> {
    let mut parameters = Vec::new();
    loop {
        let (name, value) = rest.split_once('=').ok_or(ChallengeError)?;
        let value = value.trim_start().strip_prefix('"').ok_or(ChallengeError)?;
        let (value, after) = value.split_once('"').ok_or(ChallengeError)?;
        parameters.push((name.trim(), value));
        match after.trim_start() {
            "" => return Ok(parameters),
            after => rest = after.strip_prefix(',').ok_or(ChallengeError)?,
        }
    }
}
