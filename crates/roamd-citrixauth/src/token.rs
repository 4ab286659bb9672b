//! The token service: issues, checks, exchanges, refreshes and destroys tokens (citrixauth.md §1,
//! §3.2, §3.4, §4).

use std::sync::Arc;
use std::time::Duration;

use data_encoding::BASE64;
use jiff::Timestamp;
use rand_core::CryptoRng;
use roamd_seal::{KeyRing, KeysInUse, OpenError, Purpose};
use roamd_store_proto::Lifetime;
use roamd_store_proto::auth::{
    DestroyToken, Reason, RefreshToken, RequestToken, RequestTokenResponse,
};
use secrecy::{ExposeSecret as _, SecretString};

use crate::{Audience, Claims, Realm, Service, ServiceError, TokenId, UserIdentity};

const TOKEN: Purpose = Purpose::new("token");

/// Longest token, in characters, which keeps headers small (citrixauth.md §7).
const MAX_TOKEN: usize = 4096;

/// Tolerated lead of the clock of the server that issued a token.
const CLOCK_SKEW: Duration = Duration::from_secs(60);

/// Shortest lifetime of an exchanged token. Clients discard a token one minute before its expiry
/// (CA-30), so with a shorter one they would request tokens in a loop. If the policy makes all
/// tokens short, half of their lifetime is enough.
const SHORTEST_USEFUL: Duration = Duration::from_secs(120);

/// Policy for issuing tokens.
#[derive(Debug, Clone)]
pub struct TokenPolicy {
    /// Name of the issuer. Tokens of other issuers are not trusted.
    pub issuer: String,
    /// Lifetime of tokens for requests without one (CA-29).
    pub default_lifetime: Duration,
    /// Longest lifetime. It takes precedence over `min_lifetime`.
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

/// Content of a token that is issued after a sign-in.
#[derive(Debug, Clone)]
pub struct Grant {
    /// The user.
    pub user: UserIdentity,
    /// The password of the user.
    pub password: SecretString,
    /// The service that will accept the token.
    pub service: Service,
}

/// An issued token.
#[derive(Debug, Clone)]
pub struct IssuedToken {
    /// Identifier of the token.
    pub id: TokenId,
    /// The service that accepts it.
    pub realm: Realm,
    /// Base64 (RFC 4648), at most 4 KiB.
    pub token: SecretString,
    /// Time of issue, in whole seconds.
    pub issued: Timestamp,
    /// Time from which on it is not valid, in whole seconds.
    pub expiry: Timestamp,
}

/// A token that roamd has issued. It may be for another service, have expired, or have been
/// destroyed.
#[derive(Debug, Clone)]
pub struct OpenedToken {
    claims: Arc<Claims>,
    /// The keys that opened it.
    keys: KeysInUse,
}

/// A valid token that may have been destroyed. The caller has to look that up before it gets the
/// claims.
#[derive(Debug, Clone)]
pub struct PresentedToken(OpenedToken);

/// Revocation of a token and of all tokens that originate from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revocation {
    /// Identifier of the token.
    pub id: TokenId,
    /// Expiry of the last token that is revoked. The revocation can be forgotten then.
    pub until: Timestamp,
    /// Whether it ends a whole sign-in: the token is that of the sign-in.
    pub ends_sign_in: bool,
}

/// Error of the token in a message. The response is `400`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyTokenError {
    /// It is not a token of this server, or has expired.
    #[error("the token in the message is not valid")]
    Invalid,
    /// It belongs to another user than the token in the header (CA-37).
    #[error("the token in the message belongs to another user")]
    NotTheOwner,
}

/// Error of claims that do not fit into a token of 4 KiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the claims do not fit into a token of 4 KiB")]
pub struct TokenTooLong;

/// Error of exchanging a token for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ServiceTokenError {
    /// The requested service is not of this server. The response is `400`.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// The sign-in ends so soon that the new token would be useless. The response is a challenge
    /// with [`Reason::Expired`], so the client signs in again.
    #[error("the sign-in is about to end")]
    SignInEnding,
    /// The new token would be too long.
    #[error(transparent)]
    TooLong(#[from] TokenTooLong),
}

impl TokenService {
    /// Creates a token service.
    #[must_use]
    pub fn new(keys: Arc<KeyRing>, policy: TokenPolicy) -> Self {
        Self { keys, policy }
    }

    /// Issues a token after a sign-in.
    ///
    /// # Errors
    /// If the claims do not fit into a token.
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
            signed_in: issued,
            expiry,
            sign_in_expiry: expiry,
        };
        self.seal(&claims, rng)
    }

    /// Opens a token that roamd has issued. [`OpenedToken::check`] has to follow.
    ///
    /// # Errors
    /// The reason of the challenge, in the order of CA-11. For a token that roamd did not issue it
    /// is [`Reason::InvalidToken`] or [`Reason::SignatureNotVerified`].
    pub fn open(&self, token: &str) -> Result<OpenedToken, Reason> {
        if token.len() > MAX_TOKEN {
            return Err(Reason::InvalidToken);
        }
        let sealed = BASE64
            .decode(token.as_bytes())
            .map_err(|_| Reason::InvalidToken)?;
        // First, so that a token is never taken for one of keys that have come since.
        let keys = self.keys.in_use();
        let bytes = self
            .keys
            .open(TOKEN, b"", &sealed)
            .map_err(|error| match error {
                OpenError::Malformed => Reason::InvalidToken,
                OpenError::UnknownKey | OpenError::Forged => Reason::SignatureNotVerified,
            })?;
        let claims = Claims::from_bytes(&bytes).ok_or(Reason::WrongClaims)?;
        if claims.issuer == self.policy.issuer {
            let claims = Arc::new(claims);
            Ok(OpenedToken { claims, keys })
        } else {
            Err(Reason::NotTrusted)
        }
    }

    /// Whether the keys are those that opened a token, so that opening it again would give the
    /// same.
    #[must_use]
    pub fn has_keys_of(&self, token: &OpenedToken) -> bool {
        self.keys.in_use() == token.keys
    }

    /// Exchanges a checked token for one for the requested service (CA-15). It expires no later
    /// than the sign-in (CA-29).
    ///
    /// # Errors
    /// If the service is not of this server, the sign-in is about to end, or the claims do not fit.
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

    /// Returns the token that the holder of a checked token wants to refresh.
    ///
    /// # Errors
    /// If the token is not valid or belongs to another user.
    pub fn to_refresh(
        &self,
        holder: &Claims,
        message: &RefreshToken,
        now: Timestamp,
    ) -> Result<PresentedToken, BodyTokenError> {
        let token = self
            .open(message.token.expose_secret())
            .and_then(|token| token.valid_at(now))
            .map_err(|_| BodyTokenError::Invalid)?;
        if token.claims.user != holder.user {
            Err(BodyTokenError::NotTheOwner)
        } else if token.claims.audience != holder.audience {
            Err(BodyTokenError::Invalid)
        } else {
            Ok(PresentedToken(token))
        }
    }

    /// Returns the token with a later expiry (CA-36): that of a new token, but at most the longest
    /// lifetime after its first issue, and at most the end of the sign-in. Only the token of the
    /// sign-in extends the sign-in, so alternating exchanges and refreshes cannot. A refresh never
    /// shortens the lifetime.
    ///
    /// # Errors
    /// If the claims do not fit into a token.
    pub fn refreshed(
        &self,
        holder: &Claims,
        token: &Claims,
        requested: Option<Lifetime>,
        now: Timestamp,
        rng: &mut impl CryptoRng,
    ) -> Result<RequestTokenResponse, TokenTooLong> {
        let requested = later(whole_seconds(now), self.lifetime(requested));
        let longest = later(token.issued, self.policy.max_lifetime);
        // The holder's token may have been refreshed already.
        let sign_in_expiry = if token.sign_in == holder.sign_in {
            token.sign_in_expiry.max(holder.sign_in_expiry)
        } else {
            token.sign_in_expiry
        };
        let bound = if token.is_sign_in_token() {
            longest
        } else {
            longest.min(sign_in_expiry)
        };
        let expiry = requested.min(bound).max(token.expiry);
        let claims = Claims {
            expiry,
            sign_in_expiry: sign_in_expiry.max(expiry),
            ..token.clone()
        };
        Ok(self.seal(&claims, rng)?.into_response(None))
    }

    /// Returns the revocation that a destroy message of the holder of a checked token demands, or
    /// `None` if the message has no token of this server (CA-39).
    ///
    /// A token for the token service revokes the whole sign-in, because other tokens may originate
    /// from it. Another token revokes only itself. An expired token still identifies its
    /// descendants.
    ///
    /// # Errors
    /// If the token belongs to another user.
    pub fn destroy(
        &self,
        holder: &Claims,
        message: &DestroyToken,
        now: Timestamp,
    ) -> Result<Option<Revocation>, BodyTokenError> {
        let Ok(OpenedToken { claims, .. }) = self.open(message.token.expose_secret()) else {
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
        let ends_sign_in = id == claims.sign_in;
        let until = later(now, self.policy.max_lifetime).max(claims.sign_in_expiry);
        Ok(Some(Revocation {
            id,
            until,
            ends_sign_in,
        }))
    }

    /// Returns the lifetime of a token for a requested lifetime (CA-28 to CA-30).
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
            id: claims.id,
            realm: claims.realm.clone(),
            token: token.into(),
            issued: claims.issued,
            expiry: claims.expiry,
        })
    }
}

impl OpenedToken {
    /// Checks that the token is for this service and has not expired, in the order of CA-11.
    ///
    /// # Errors
    /// The reason of the challenge.
    pub fn check(
        &self,
        realm: &Realm,
        audience: &Audience,
        now: Timestamp,
    ) -> Result<PresentedToken, Reason> {
        if self.claims.realm != *realm {
            Err(Reason::NotForThisService)
        } else if self.claims.audience != *audience {
            Err(Reason::InvalidAudience)
        } else {
            self.clone().valid_at(now).map(PresentedToken)
        }
    }

    /// Returns the user of the token.
    #[must_use]
    pub fn user(&self) -> &UserIdentity {
        &self.claims.user
    }

    /// Returns the tokens that must not have been destroyed: this one, and that of the sign-in.
    #[must_use]
    pub fn ids(&self) -> [TokenId; 2] {
        [self.claims.id, self.claims.sign_in]
    }

    /// Returns the time of the sign-in, in whole seconds. The server ends all sign-ins of a user up
    /// to a time.
    #[must_use]
    pub fn signed_in(&self) -> Timestamp {
        self.claims.signed_in
    }

    /// Returns the token if it is valid now.
    fn valid_at(self, now: Timestamp) -> Result<Self, Reason> {
        if self.claims.expiry <= now {
            Err(Reason::Expired)
        } else if self.claims.issued > later(now, CLOCK_SKEW) {
            // No reason exists for a token from the future.
            Err(Reason::InvalidToken)
        } else {
            Ok(self)
        }
    }
}

impl PresentedToken {
    /// Returns the token, with what has to be looked up.
    #[must_use]
    pub fn opened(&self) -> &OpenedToken {
        &self.0
    }

    /// Returns the claims, unless one of [`OpenedToken::ids`] was destroyed, or all sign-ins of the
    /// user at that time were ended.
    ///
    /// # Errors
    /// [`Reason::Expired`], because the client should sign in again and keep a saved password.
    pub fn unless_revoked(self, revoked: bool) -> Result<Arc<Claims>, Reason> {
        if revoked {
            Err(Reason::Expired)
        } else {
            Ok(self.0.claims)
        }
    }
}

impl IssuedToken {
    /// Returns the message with the token (§3.2). After a sign-in with a password,
    /// `credential_display_name` is the domain of the user (CA-23).
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

/// Returns the token in the value of an `Authorization` header.
///
/// # Errors
/// [`Reason::NoToken`] if there is no header, if its scheme is another one or has another case
/// (CA-2, CA-3), or if no token follows.
pub fn token_in(authorization: Option<&str>) -> Result<&str, Reason> {
    match authorization.and_then(|value| value.trim().split_once(' ')) {
        Some(("CitrixAuth", token)) => Ok(token.trim_start()),
        _ => Err(Reason::NoToken),
    }
}

/// Truncates to whole seconds, the precision of claims and responses.
fn whole_seconds(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}

/// Returns `time` plus `duration`, saturating.
fn later(time: Timestamp, duration: Duration) -> Timestamp {
    let seconds = i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
    Timestamp::from_second(time.as_second().saturating_add(seconds)).unwrap_or(Timestamp::MAX)
}
