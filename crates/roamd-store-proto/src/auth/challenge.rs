//! The `CitrixAuth` challenge of a `401` (citrixauth.md §1.1).

use std::fmt;

/// A challenge. No value may hold `,` `=` or `"` (CA-6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// Identifier of the consuming service; comes back as `for-service`.
    pub realm: String,
    /// Why there is a challenge.
    pub reason: Reason,
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
        let _ = f;
        todo!()
    }
}
