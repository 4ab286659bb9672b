//! Tokens: issued, checked, exchanged, refreshed, destroyed (citrixauth.md §1, §3.2, §3.4, §4).

use std::sync::Arc;
use std::time::Duration;

use data_encoding::BASE64;
use jiff::Timestamp;
use rand_core::CryptoRng;
use roamd_seal::{KeyRing, OpenError, Purpose};
use roamd_store_proto::Lifetime;
use roamd_store_proto::auth::{
    DestroyToken, Reason, RefreshToken, RequestToken, RequestTokenResponse,
};
use secrecy::{ExposeSecret as _, SecretString};

use crate::{Audience, Claims, Realm, Service, ServiceError, TokenId, UserIdentity};

const TOKEN: Purpose = Purpose::new("token");

/// Longest token in characters, so that headers stay small (citrixauth.md §7).
const MAX_TOKEN: usize = 4096;

/// How far the clock of the node that issued a token may be ahead.
const CLOCK_SKEW: Duration = Duration::from_secs(60);

/// Clients drop a token one minute before its end (CA-30). A token shorter than this would make
/// them ask for the next one at once, and again. (Where the policy makes all tokens short, half of
/// their lifetime is enough.)
const SHORTEST_USEFUL: Duration = Duration::from_secs(120);

/// How tokens are issued.
#[derive(Debug, Clone)]
pub struct TokenPolicy {
    /// Who issues: tokens of another issuer are not trusted.
    pub issuer: String,
    /// Lifetime when none is asked for (CA-29).
    pub default_lifetime: Duration,
    /// Longest lifetime. It wins over `min_lifetime`.
    pub max_lifetime: Duration,
    /// Shortest lifetime; a few minutes (CA-30).
    pub min_lifetime: Duration,
}

/// Issues and checks tokens.
#[derive(Debug, Clone)]
pub struct TokenService {
    keys: Arc<KeyRing>,
    policy: TokenPolicy,
}

/// What a token is issued for after a sign-in.
#[derive(Debug, Clone)]
pub struct Grant {
    /// Who signed in.
    pub user: UserIdentity,
    /// With which password.
    pub password: SecretString,
    /// What the token is to open.
    pub service: Service,
}

/// A token.
#[derive(Debug, Clone)]
pub struct IssuedToken {
    /// The service that it opens.
    pub realm: Realm,
    /// Base64 (RFC 4648), at most 4 KiB.
    pub token: SecretString,
    /// When it was issued, in whole seconds.
    pub issued: Timestamp,
    /// From when on it is no longer valid, in whole seconds.
    pub expiry: Timestamp,
}

/// A token that holds, and of which it is not known yet whether it was destroyed. Who wants what it
/// says has to look that up first.
#[derive(Debug, Clone)]
pub struct PresentedToken(Claims);

/// What no longer works when a token is destroyed: the token of this id, and all that come from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revocation {
    /// The token.
    pub id: TokenId,
    /// When the last token that this ends would have ended by itself.
    pub until: Timestamp,
}

/// Why nothing is done with the token in a message: `400`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyTokenError {
    /// It is no token of this server, or is not valid any more.
    #[error("the token in the message is not valid")]
    Invalid,
    /// It belongs to another user than the token in the header (CA-37).
    #[error("the token in the message belongs to somebody else")]
    NotTheOwner,
}

/// Name, password and realm do not fit into 4 KiB of token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the claims do not fit into a token of 4 KiB")]
pub struct TokenTooLong;

/// Why a token is not exchanged for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ServiceTokenError {
    /// The message asks for a service that is not ours: `400`.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// The sign-in ends so soon that the new token would be of no use: a challenge with
    /// [`Reason::Expired`], so that the client signs in again.
    #[error("the sign-in is about to end")]
    SignInEnding,
    /// The new token would be too long.
    #[error(transparent)]
    TooLong(#[from] TokenTooLong),
}

impl TokenService {
    /// A token service.
    #[must_use]
    pub fn new(keys: Arc<KeyRing>, policy: TokenPolicy) -> Self {
        Self { keys, policy }
    }

    /// Issues a token after a sign-in.
    ///
    /// # Errors
    /// The claims do not fit.
    pub fn issue(
        &self,
        grant: &Grant,
        now: Timestamp,
        rng: &mut impl CryptoRng,
    ) -> Result<IssuedToken, TokenTooLong> {
        let issued = whole_seconds(now);
        let expiry = later(issued, self.lifetime(grant.service.requested_lifetime()));
        let id = TokenId::random(rng);
        let claims = Claims {
            id,
            sign_in: id,
            user: grant.user.clone(),
            password: grant.password.clone(),
            realm: grant.service.realm().clone(),
            audience: grant.service.audience().clone(),
            issuer: self.policy.issuer.clone(),
            issued,
            expiry,
            sign_in_expiry: expiry,
        };
        self.seal(&claims, rng)
    }

    /// Checks the value of an `Authorization` header, in the order of CA-11.
    ///
    /// # Errors
    /// The reason of the challenge. Nothing but [`Reason::InvalidToken`] and
    /// [`Reason::SignatureNotVerified`] is said of a token that was not issued here.
    pub fn check(
        &self,
        authorization: Option<&str>,
        realm: &Realm,
        audience: &Audience,
        now: Timestamp,
    ) -> Result<PresentedToken, Reason> {
        let token = authorization.and_then(token_of).ok_or(Reason::NoToken)?;
        let claims = self.open(token)?;
        if claims.realm != *realm {
            Err(Reason::NotForThisService)
        } else if claims.audience != *audience {
            Err(Reason::InvalidAudience)
        } else {
            in_its_time(claims, now).map(PresentedToken)
        }
    }

    /// Exchanges a checked token for one that opens the service that `request` asks for (CA-15).
    /// It ends no later than the sign-in (CA-29).
    ///
    /// # Errors
    /// Why there is no token.
    pub fn service_token(
        &self,
        primary: &Claims,
        request: &RequestToken,
        known_realms: &[Realm],
        audiences: &[Audience],
        now: Timestamp,
        rng: &mut impl CryptoRng,
    ) -> Result<RequestTokenResponse, ServiceTokenError> {
        let service = Service::of(request, known_realms, audiences)?;
        let issued = whole_seconds(now);
        let lifetime = self.lifetime(service.requested_lifetime());
        let expiry = later(issued, lifetime).min(primary.sign_in_expiry);
        if expiry < later(issued, SHORTEST_USEFUL.min(lifetime / 2)) {
            return Err(ServiceTokenError::SignInEnding);
        }
        let claims = Claims {
            id: TokenId::random(rng),
            realm: service.realm().clone(),
            audience: service.audience().clone(),
            issuer: self.policy.issuer.clone(),
            issued,
            expiry,
            ..primary.clone()
        };
        Ok(self.seal(&claims, rng)?.into_response(None))
    }

    /// The token that is to be refreshed for the holder of a checked token.
    ///
    /// # Errors
    /// Why it is not refreshed.
    pub fn to_refresh(
        &self,
        holder: &Claims,
        message: &RefreshToken,
        now: Timestamp,
    ) -> Result<PresentedToken, BodyTokenError> {
        let claims = self
            .open(message.token.expose_secret())
            .and_then(|claims| in_its_time(claims, now))
            .map_err(|_| BodyTokenError::Invalid)?;
        if claims.user != holder.user {
            Err(BodyTokenError::NotTheOwner)
        } else if claims.audience != holder.audience {
            Err(BodyTokenError::Invalid)
        } else {
            Ok(PresentedToken(claims))
        }
    }

    /// The same token with a later end (CA-36): as long as a new one would live, but no longer than
    /// the longest lifetime after it was issued first, nor than the sign-in lasts. Only the token
    /// that the sign-in gave makes the sign-in last longer, so that exchanging and refreshing in turn
    /// does not. A refresh never makes a token end earlier.
    ///
    /// # Errors
    /// The claims do not fit.
    pub fn refreshed(
        &self,
        holder: &Claims,
        token: &Claims,
        requested: Option<Lifetime>,
        now: Timestamp,
        rng: &mut impl CryptoRng,
    ) -> Result<RequestTokenResponse, TokenTooLong> {
        let wished = later(whole_seconds(now), self.lifetime(requested));
        let longest = later(token.issued, self.policy.max_lifetime);
        // The holder's token may have been refreshed already.
        let sign_in_expiry = if token.sign_in == holder.sign_in {
            token.sign_in_expiry.max(holder.sign_in_expiry)
        } else {
            token.sign_in_expiry
        };
        let bound = if token.is_of_sign_in() {
            longest
        } else {
            longest.min(sign_in_expiry)
        };
        let expiry = wished.min(bound).max(token.expiry);
        let claims = Claims {
            expiry,
            sign_in_expiry: sign_in_expiry.max(expiry),
            ..token.clone()
        };
        Ok(self.seal(&claims, rng)?.into_response(None))
    }

    /// What a destroy message ends for the holder of a checked token; nothing when there is no such
    /// token (CA-39). A token that opens the token service ends the whole sign-in, since it could
    /// have started everything; another ends alone. One whose time is over still names what comes
    /// from it.
    ///
    /// # Errors
    /// The token is somebody else's.
    pub fn destroy(
        &self,
        holder: &Claims,
        message: &DestroyToken,
        now: Timestamp,
    ) -> Result<Option<Revocation>, BodyTokenError> {
        let Ok(claims) = self.open(message.token.expose_secret()) else {
            return Ok(None);
        };
        if claims.user != holder.user {
            return Err(BodyTokenError::NotTheOwner);
        }
        let id = if claims.realm == holder.realm {
            claims.sign_in
        } else {
            claims.id
        };
        let until = later(now, self.policy.max_lifetime).max(claims.sign_in_expiry);
        Ok(Some(Revocation { id, until }))
    }

    /// Opens a token that was issued here, whatever it is for and whenever it ends.
    fn open(&self, token: &str) -> Result<Claims, Reason> {
        if token.len() > MAX_TOKEN {
            return Err(Reason::InvalidToken);
        }
        let sealed = BASE64
            .decode(token.as_bytes())
            .map_err(|_| Reason::InvalidToken)?;
        let bytes = self
            .keys
            .open(TOKEN, b"", &sealed)
            .map_err(|error| match error {
                OpenError::Malformed => Reason::InvalidToken,
                OpenError::UnknownKey | OpenError::Forged => Reason::SignatureNotVerified,
            })?;
        let claims = Claims::from_bytes(&bytes).ok_or(Reason::WrongClaims)?;
        if claims.issuer == self.policy.issuer {
            Ok(claims)
        } else {
            Err(Reason::NotTrusted)
        }
    }

    /// How long a token lives for which `requested` was asked (CA-28 to CA-30).
    fn lifetime(&self, requested: Option<Lifetime>) -> Duration {
        requested
            .map(|Lifetime(duration)| duration)
            .filter(|duration| !duration.is_zero())
            .unwrap_or(self.policy.default_lifetime)
            .max(self.policy.min_lifetime)
            .min(self.policy.max_lifetime)
    }

    fn seal(&self, claims: &Claims, rng: &mut impl CryptoRng) -> Result<IssuedToken, TokenTooLong> {
        let bytes = claims.to_bytes().ok_or(TokenTooLong)?;
        let sealed = self.keys.seal(TOKEN, b"", &bytes, rng);
        let token = BASE64.encode(&sealed);
        if token.len() > MAX_TOKEN {
            return Err(TokenTooLong);
        }
        Ok(IssuedToken {
            realm: claims.realm.clone(),
            token: token.into(),
            issued: claims.issued,
            expiry: claims.expiry,
        })
    }
}

impl PresentedToken {
    /// The tokens that must not have been destroyed: this one, and the one that the sign-in gave.
    #[must_use]
    pub fn ids(&self) -> [TokenId; 2] {
        [self.0.id, self.0.sign_in]
    }

    /// What the token says, unless one of [`PresentedToken::ids`] was destroyed.
    ///
    /// # Errors
    /// [`Reason::Expired`]: the token can be read and was good, but is no longer valid. That lets the
    /// client sign in again and keep a saved password, which is what it should do.
    pub fn unless_revoked(self, revoked: bool) -> Result<Claims, Reason> {
        if revoked {
            Err(Reason::Expired)
        } else {
            Ok(self.0)
        }
    }
}

impl IssuedToken {
    /// The message that carries it (§3.2). `credential_display_name` belongs to the answer after a
    /// password sign-in (CA-23): the domain that the person signed in to.
    #[must_use]
    pub fn into_response(self, credential_display_name: Option<String>) -> RequestTokenResponse {
        RequestTokenResponse {
            for_service: self.realm.to_string(),
            issued: self.issued,
            expiry: self.expiry,
            token: self.token,
            credential_display_name,
        }
    }
}

/// The token of an `Authorization` header; `None` when the scheme is another or its name is in
/// other case (CA-2, CA-3), or when nothing follows it.
fn token_of(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.trim().split_once(' ')?;
    (scheme == "CitrixAuth").then(|| token.trim_start())
}

/// Claims that hold now.
fn in_its_time(claims: Claims, now: Timestamp) -> Result<Claims, Reason> {
    if claims.expiry <= now {
        Err(Reason::Expired)
    } else if claims.issued > later(now, CLOCK_SKEW) {
        // There is no reason of its own for a token from the future.
        Err(Reason::InvalidToken)
    } else {
        Ok(claims)
    }
}

/// Claims and answers count in whole seconds.
fn whole_seconds(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}

/// `time` and `duration` more; the end of time when that is beyond it.
fn later(time: Timestamp, duration: Duration) -> Timestamp {
    let seconds = i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
    Timestamp::from_second(time.as_second().saturating_add(seconds)).unwrap_or(Timestamp::MAX)
}
