//! What a token says.

use std::borrow::Cow;
use std::fmt;

use data_encoding::BASE64URL_NOPAD;
use jiff::Timestamp;
use rand_core::CryptoRng;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{Audience, Realm};

/// An account, as whoever checked its password names it.
#[derive(Debug, Clone)]
pub struct UserIdentity {
    domain: String,
    name: String,
    key: String,
}

/// Names a token. It is drawn at random, and tells nobody anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenId([u8; 16]);

/// What an opened token says. `Debug` does not show the password.
#[derive(Debug, Clone)]
pub struct Claims {
    /// Which token this is. It stays the same when the token is refreshed.
    pub id: TokenId,
    /// The token that the sign-in gave: this one, or that which this one comes from.
    pub sign_in: TokenId,
    /// Who signed in.
    pub user: UserIdentity,
    /// The password, which farms ask for again.
    pub password: SecretString,
    /// The service that the token opens.
    pub realm: Realm,
    /// The server that the token belongs to.
    pub audience: Audience,
    /// Who issued it.
    pub issuer: String,
    /// When it was issued.
    pub issued: Timestamp,
    /// From when on it is no longer valid.
    pub expiry: Timestamp,
    /// Until when the sign-in lasts that the token comes from. No token that is issued for this one
    /// ends later (CA-29).
    pub sign_in_expiry: Timestamp,
}

impl UserIdentity {
    /// An account of a domain.
    #[must_use]
    pub fn new(domain: impl Into<String>, name: impl Into<String>) -> Self {
        let (domain, name) = (domain.into(), name.into());
        let key = format!("{}\\{}", domain.to_lowercase(), name.to_lowercase());
        Self { domain, name, key }
    }

    /// The domain, `DEMO`.
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// The name within the domain, `Alice`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The same text for every spelling of one account, `demo\alice`.
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
    /// Its bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    pub(crate) fn random(rng: &mut impl CryptoRng) -> Self {
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
    /// Version of what is sealed. A node that does not know a version must not guess.
    const VERSION: u8 = 2;

    /// Whether a sign-in gave this token. No exchange did.
    pub(crate) fn is_of_sign_in(&self) -> bool {
        self.id == self.sign_in
    }

    /// The claims as bytes, to be sealed: length of the password (two bytes, big endian), the
    /// password, and all else as JSON. The password stands apart, since who reads and writes JSON
    /// leaves copies of text behind. `None` when the password is too long for any token.
    pub(crate) fn to_bytes(&self) -> Option<Zeroizing<Vec<u8>>> {
        let password = self.password.expose_secret().as_bytes();
        let written = Written {
            v: Self::VERSION,
            j: self.id.to_text(),
            q: self.sign_in.to_text(),
            d: Cow::Borrowed(&self.user.domain),
            n: Cow::Borrowed(&self.user.name),
            r: Cow::Borrowed(self.realm.as_str()),
            a: self.audience.to_string(),
            i: Cow::Borrowed(&self.issuer),
            t: self.issued.as_second(),
            e: self.expiry.as_second(),
            s: self.sign_in_expiry.as_second(),
        };
        #[expect(clippy::expect_used, reason = "text and numbers, written into memory")]
        let json = serde_json::to_vec(&written).expect("claims are JSON");
        let length = u16::try_from(password.len()).ok()?;
        // Large enough at once, so that no copy of the password is left behind by growing.
        let mut bytes = Zeroizing::new(Vec::with_capacity(2 + password.len() + json.len()));
        bytes.extend(length.to_be_bytes());
        bytes.extend(password);
        bytes.extend(json);
        Some(bytes)
    }

    /// Reads opened bytes; `None` when their version is not known here or a claim is missing.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (length, rest) = bytes.split_first_chunk()?;
        let (password, json) = rest.split_at_checked(u16::from_be_bytes(*length).into())?;
        let read: Written<'_> = serde_json::from_slice(json).ok()?;
        if read.v != Self::VERSION {
            return None;
        }
        Some(Self {
            id: TokenId::from_text(&read.j)?,
            sign_in: TokenId::from_text(&read.q)?,
            user: UserIdentity::new(read.d, read.n),
            password: std::str::from_utf8(password).ok()?.into(),
            realm: Realm::new(read.r),
            audience: read.a.parse().ok()?,
            issuer: read.i.into_owned(),
            issued: Timestamp::from_second(read.t).ok()?,
            expiry: Timestamp::from_second(read.e).ok()?,
            sign_in_expiry: Timestamp::from_second(read.s).ok()?,
        })
    }
}

/// Claims inside of a token, without the password. The names are short since each request carries
/// them.
#[derive(Serialize, Deserialize)]
struct Written<'a> {
    v: u8,
    j: String,
    q: String,
    d: Cow<'a, str>,
    n: Cow<'a, str>,
    r: Cow<'a, str>,
    a: String,
    i: Cow<'a, str>,
    t: i64,
    e: i64,
    s: i64,
}
