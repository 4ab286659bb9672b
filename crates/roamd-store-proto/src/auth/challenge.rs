//! The `CitrixAuth` challenge of a `401` (citrixauth.md §1.1).

use std::fmt;
use std::str::FromStr;

/// A challenge. No value may hold `,` `=` or `"` (CA-6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// Identifier of the consuming service; comes back as `for-service`.
    pub realm: String,
    /// Why there is a challenge. Absent where a server says what is not known here (ST-12); a server of
    /// our own always says one that is.
    pub reason: Option<Reason>,
    /// Where a token is to be had, in order.
    pub locations: Vec<String>,
    /// Root URL of the protection space, without closing slash (CA-8).
    pub service_root_hint: String,
}

/// Why a token is needed (citrixauth.md §1.2). In the order in which a server checks (CA-11).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// No token was sent.
    NoToken,
    /// The token cannot be read.
    InvalidToken,
    /// The integrity check of the token failed.
    SignatureNotVerified,
    /// The token's issuer is not trusted here.
    NotTrusted,
    /// The token is for another realm.
    NotForThisService,
    /// The token belongs to another audience.
    InvalidAudience,
    /// The token is no longer valid.
    Expired,
    /// The account cannot be used.
    BadAccount,
    /// The password changed after the token was issued.
    BadPassword,
    /// A password claim is missing.
    PasswordClaimNotFound,
    /// Other claims are missing.
    WrongClaims,
    /// The gateway in the token is not the one seen.
    GatewayClaimsInconsistent,
}

/// Why a header is not a challenge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a CitrixAuth challenge")]
pub struct ChallengeError;

impl fmt::Display for Challenge {
    /// The header's value, to the letter of CA-5.
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

    /// Reads the header's value: quoted parameters in any order, with or without white space
    /// around the commas. Unknown parameters and reasons are ignored; of a repeated parameter the first
    /// counts.
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
    /// Every reason, in the order in which a server checks.
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

    /// The value of the parameter, whose spelling is fixed.
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
