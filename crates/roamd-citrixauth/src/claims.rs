//! Claims: the content of a token.

use std::borrow::Cow;
use std::fmt;

use data_encoding::BASE64URL_NOPAD;
use jiff::Timestamp;
use rand_core::CryptoRng;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{Audience, HeldSids, Realm};

/// An account, named as by the farm that checked its password.
#[derive(Debug, Clone)]
pub struct UserIdentity {
    domain: String,
    name: String,
    key: String,
    sids: Option<HeldSids>,
}

/// Longest domain and longest name that a farm may name, in bytes: the limit of a DNS name.
const MAX_PART_BYTES: usize = 255;

/// Random identifier of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenId([u8; 16]);

/// Content of a token. `Debug` does not print the password.
#[derive(Debug, Clone)]
pub struct Claims {
    /// Identifier of the token. A refresh does not change it.
    pub id: TokenId,
    /// Identifier of the token that the sign-in issued: of this token, or of its origin.
    pub sign_in: TokenId,
    /// The user.
    pub user: UserIdentity,
    /// The password, which farms require with each request.
    pub password: SecretString,
    /// The service that accepts the token.
    pub realm: Realm,
    /// The server that the token belongs to.
    pub audience: Audience,
    /// The issuer.
    pub issuer: String,
    /// Time of issue.
    pub issued: Timestamp,
    /// Time of the sign-in that the token originates from.
    pub signed_in: Timestamp,
    /// Time from which on the token is not valid.
    pub expiry: Timestamp,
    /// End of the sign-in that the token originates from. No token that is issued for this one
    /// expires later (CA-29).
    pub sign_in_expiry: Timestamp,
}

impl UserIdentity {
    /// Creates the identity of an account in a domain.
    #[must_use]
    pub fn new(domain: impl Into<String>, name: impl Into<String>) -> Self {
        let (domain, name) = (domain.into(), name.into());
        let key = [&domain.to_lowercase(), "\\", &name.to_lowercase()].concat();
        Self {
            domain,
            name,
            key,
            sids: None,
        }
    }

    /// Returns the identity with the security identifiers that the account has.
    #[must_use]
    pub fn with_sids(self, sids: Option<HeldSids>) -> Self {
        Self { sids, ..self }
    }

    /// Parses an account name `DOMAIN\name`, as farms write it. Returns `None` if it is malformed,
    /// has a part of more than 255 bytes, or has control characters, since ids, tokens and log
    /// lines contain it.
    #[must_use]
    pub fn from_sam(sam: &str) -> Option<Self> {
        let (domain, name) = sam.split_once('\\')?;
        let plain = |part: &str| {
            (1..=MAX_PART_BYTES).contains(&part.len())
                && !part.contains(|c: char| c.is_control() || c == '\\')
        };
        (plain(domain) && plain(name)).then(|| Self::new(domain, name))
    }

    /// Returns the domain, `DEMO`.
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// Returns the name in the domain, `Alice`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the security identifiers that the account has; `None` if no farm has named them.
    #[must_use]
    pub fn sids(&self) -> Option<HeldSids> {
        self.sids
    }

    /// Returns a text that is equal for all spellings of an account, `demo\alice`.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl PartialEq for UserIdentity {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for UserIdentity {}

impl fmt::Display for UserIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\\{}", self.domain, self.name)
    }
}

impl TokenId {
    /// Returns the bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// Returns a new identifier.
    pub fn random(rng: &mut impl CryptoRng) -> Self {
        let mut bytes = [0; 16];
        rng.fill_bytes(&mut bytes);
        Self(bytes)
    }

    fn to_text(self) -> String {
        BASE64URL_NOPAD.encode(&self.0)
    }

    fn from_text(text: &str) -> Option<Self> {
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
        bytes.try_into().ok().map(Self)
    }
}

impl Claims {
    /// Version of the sealed bytes. A server rejects versions that it does not know.
    const VERSION: u8 = 3;

    /// Returns whether a sign-in issued this token, and not an exchange.
    pub(crate) fn is_sign_in_token(&self) -> bool {
        self.id == self.sign_in
    }

    /// Encodes the claims for sealing: the length of the password (two bytes, big endian), the
    /// password, and the other claims as JSON. The password is separate because JSON libraries
    /// leave copies of texts in memory. Returns `None` if the password is too long for any token.
    pub(crate) fn to_bytes(&self) -> Option<Zeroizing<Vec<u8>>> {
        let password = self.password.expose_secret().as_bytes();
        let serialised = SerialisedClaims {
            v: Self::VERSION,
            j: self.id.to_text().into(),
            q: self.sign_in.to_text().into(),
            d: Cow::Borrowed(&self.user.domain),
            n: Cow::Borrowed(&self.user.name),
            r: Cow::Borrowed(self.realm.as_str()),
            a: self.audience.to_string().into(),
            i: Cow::Borrowed(&self.issuer),
            t: self.issued.as_second(),
            b: self.signed_in.as_second(),
            e: self.expiry.as_second(),
            s: self.sign_in_expiry.as_second(),
            g: self.user.sids,
        };
        #[expect(clippy::expect_used, reason = "text and numbers, written into memory")]
        let json = serde_json::to_vec(&serialised).expect("claims are JSON");
        let length = u16::try_from(password.len()).ok()?;
        // The full capacity at once, because growing would leave copies of the password behind.
        let mut bytes = Zeroizing::new(Vec::with_capacity(2 + password.len() + json.len()));
        bytes.extend(length.to_be_bytes());
        bytes.extend(password);
        bytes.extend(json);
        Some(bytes)
    }

    /// Decodes claims. Returns `None` if the version is not known or a claim is missing.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (length, rest) = bytes.split_first_chunk()?;
        let (password, json) = rest.split_at_checked(u16::from_be_bytes(*length).into())?;
        let read: SerialisedClaims<'_> = serde_json::from_slice(json).ok()?;
        if read.v != Self::VERSION {
            return None;
        }
        Some(Self {
            id: TokenId::from_text(&read.j)?,
            sign_in: TokenId::from_text(&read.q)?,
            user: UserIdentity::new(read.d, read.n).with_sids(read.g),
            password: std::str::from_utf8(password).ok()?.into(),
            realm: Realm::new(read.r),
            audience: read.a.parse().ok()?,
            issuer: read.i.into_owned(),
            issued: Timestamp::from_second(read.t).ok()?,
            signed_in: Timestamp::from_second(read.b).ok()?,
            expiry: Timestamp::from_second(read.e).ok()?,
            sign_in_expiry: Timestamp::from_second(read.s).ok()?,
        })
    }
}

/// Claims in a token, without the password. The names are short because each request has a token.
#[derive(Serialize, Deserialize)]
struct SerialisedClaims<'a> {
    v: u8,
    #[serde(borrow)]
    j: Cow<'a, str>,
    #[serde(borrow)]
    q: Cow<'a, str>,
    #[serde(borrow)]
    d: Cow<'a, str>,
    #[serde(borrow)]
    n: Cow<'a, str>,
    #[serde(borrow)]
    r: Cow<'a, str>,
    #[serde(borrow)]
    a: Cow<'a, str>,
    #[serde(borrow)]
    i: Cow<'a, str>,
    t: i64,
    b: i64,
    e: i64,
    s: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    g: Option<HeldSids>,
}
