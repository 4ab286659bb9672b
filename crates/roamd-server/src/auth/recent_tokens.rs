//! Tokens that clients have just presented, opened.
//!
//! A client presents one token with all of its requests, which come together: the list, a
//! reconnection for each session, icons. To open a token takes its decryption, its claims, and the
//! digests under which it is looked up, which is a tenth of the price of a list.
//!
//! INVARIANT: a token that is remembered is checked like one that has just been opened: its
//! service, its expiry, its revocation, and whether the server still has its key. What is
//! remembered is what the token says, which nothing can change.
//!
//! The memory has passwords, as each request in progress has. It forgets a token after ten seconds
//! at most, and is bounded: when it is full, which a user with many tokens can achieve, tokens are
//! opened for each request.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use jiff::Timestamp;
use roamd_citrixauth::{
    Audience, Claims, OpenedToken, PresentedToken, Realm, TokenService, UserIdentity,
};
use roamd_sessions::User;
use roamd_store_proto::auth::Reason;
use secrecy::{ExposeSecret as _, SecretString};

use crate::auth::revocation::TokenDigests;
use crate::fairness::budgets::RECENT_TOKENS;

/// The tokens of this turn and of the one before.
#[derive(Default)]
pub(crate) struct RecentTokens(RwLock<Turns>);

#[derive(Default)]
struct Turns {
    current: Turn,
    last: Turn,
}

#[derive(Default)]
struct Turn {
    tokens: HashMap<End, Arc<RecentToken>>,
    bytes: usize,
}

/// The last characters of a token, which are of its authentication code: no two tokens of the
/// server have the same, and hashing a whole token takes longer than all else here.
type End = [u8; 20];

/// An opened token, and what is derived from it once.
pub(crate) struct RecentToken {
    text: SecretString,
    opened: OpenedToken,
    digests: TokenDigests,
    user: OnceLock<User>,
}

/// A valid token that may have been destroyed, with what has to be looked up.
#[derive(Clone)]
pub(crate) struct Presented {
    token: PresentedToken,
    recent: Arc<RecentToken>,
}

impl RecentTokens {
    /// Interval at which [`RecentTokens::turn`] has to be called.
    pub(crate) const TURN: Duration = Duration::from_secs(5);

    /// Opens a token, unless it is remembered.
    ///
    /// # Errors
    /// As of [`TokenService::open`].
    pub(crate) fn open(
        &self,
        service: &TokenService,
        token: &str,
    ) -> Result<Arc<RecentToken>, Reason> {
        if let Some(recent) = self.find(token)
            && service.has_keys_of(&recent.opened)
        {
            return Ok(recent);
        }
        let opened = service.open(token)?;
        let recent = Arc::new(RecentToken {
            text: token.into(),
            digests: TokenDigests::of(&opened),
            opened,
            user: OnceLock::new(),
        });
        self.remember(&recent);
        Ok(recent)
    }

    /// Begins a turn, and forgets the tokens of the one before the last.
    pub(crate) fn turn(&self) {
        let mut turns = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let current = std::mem::take(&mut turns.current);
        let forgotten = std::mem::replace(&mut turns.last, current);
        drop(turns);
        // Without the lock, since it wipes passwords.
        drop(forgotten);
    }

    fn find(&self, token: &str) -> Option<Arc<RecentToken>> {
        let end = token.as_bytes().last_chunk::<{ size_of::<End>() }>()?;
        let turns = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let [current, last] = [&turns.current, &turns.last].map(|turn| turn.tokens.get(end));
        let same = |recent: &&Arc<RecentToken>| recent.text.expose_secret() == token;
        current.or(last).filter(same).cloned()
    }

    fn remember(&self, recent: &Arc<RecentToken>) {
        let token = recent.text.expose_secret();
        let Some(end) = token.as_bytes().last_chunk() else {
            return;
        };
        let mut turns = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let Turn { tokens, bytes } = &mut turns.current;
        if *bytes + token.len() <= RECENT_TOKENS
            && tokens.insert(*end, Arc::clone(recent)).is_none()
        {
            *bytes += token.len();
        }
    }
}

impl RecentToken {
    /// Checks that the token is for this service and has not expired.
    ///
    /// # Errors
    /// The reason of the challenge.
    pub(crate) fn check(
        self: Arc<Self>,
        realm: &Realm,
        audience: &Audience,
        now: Timestamp,
    ) -> Result<Presented, Reason> {
        let token = self.opened.check(realm, audience, now)?;
        let recent = self;
        Ok(Presented { token, recent })
    }

    /// The account that the token was issued to.
    pub(crate) fn holder(&self) -> &UserIdentity {
        self.opened.user()
    }
}

impl Presented {
    /// What has to be looked up.
    pub(crate) fn digests(&self) -> TokenDigests {
        self.recent.digests
    }

    /// The account that the token was issued to.
    pub(crate) fn holder(&self) -> &UserIdentity {
        self.recent.holder()
    }

    /// The claims and the user, unless the token was revoked.
    ///
    /// # Errors
    /// As of [`PresentedToken::unless_revoked`].
    pub(crate) fn unless_revoked(self, revoked: bool) -> Result<(Arc<Claims>, User), Reason> {
        let claims = self.token.unless_revoked(revoked)?;
        let user = self.recent.user.get_or_init(|| user_of(&claims)).clone();
        Ok((claims, user))
    }
}

/// The user that a token was issued to.
pub(crate) fn user_of(claims: &Claims) -> User {
    let (domain, name) = (claims.user.domain(), claims.user.name());
    User::new(domain, name, claims.password.clone())
}

#[cfg(test)]
mod tests {
    use roamd_citrixauth::{Grant, Service, TokenPolicy};
    use roamd_seal::KeyRing;
    use roamd_store_proto::auth::RequestToken;

    use super::*;
    use crate::clock::rng;

    const REALM: &str = "tokens:/a";
    const START: Timestamp = Timestamp::UNIX_EPOCH;

    /// A token service, and the tokens that its clients have presented.
    struct Setting {
        keys: Arc<KeyRing>,
        service: TokenService,
        recent: RecentTokens,
    }

    impl Setting {
        fn new() -> Self {
            let keys = Arc::new(KeyRing::random(0, &mut rng()));
            let policy = TokenPolicy {
                issuer: REALM.to_owned(),
                default_lifetime: Duration::from_hours(8),
                max_lifetime: Duration::from_hours(24),
                min_lifetime: Duration::from_mins(5),
            };
            Self {
                service: TokenService::new(Arc::clone(&keys), policy),
                keys,
                recent: RecentTokens::default(),
            }
        }

        /// Issues a token of a user with this password.
        fn issue(&self, password: &str) -> SecretString {
            let request = RequestToken {
                for_service: REALM.to_owned(),
                for_service_url: audience().to_string(),
                requested_lifetime: None,
                template: String::new(),
            };
            let grant = Grant {
                user: UserIdentity::new("DEMO", "alice"),
                password: password.into(),
                service: Service::of(&request, &[Realm::new(REALM)], &[audience()]).unwrap(),
            };
            self.service.issue(&grant, START, &mut rng()).unwrap().token
        }

        fn open(&self, token: &SecretString) -> Result<Arc<RecentToken>, Reason> {
            self.recent.open(&self.service, token.expose_secret())
        }
    }

    fn audience() -> Audience {
        "https://a.example/".parse().unwrap()
    }

    #[test]
    fn token_is_remembered_in_two_turns_and_nothing_is_left_of_it_then() {
        let setting = Setting::new();
        let token = setting.issue("roam-demo");
        let opened = setting.open(&token).unwrap();
        setting.recent.turn();
        assert!(Arc::ptr_eq(&opened, &setting.open(&token).unwrap()));
        let left = Arc::downgrade(&opened);
        drop(opened);
        assert!(left.upgrade().is_some());
        setting.recent.turn();
        assert!(left.upgrade().is_none());
        assert!(setting.open(&token).is_ok());
    }

    /// CA-11
    #[test]
    fn remembered_token_is_checked_like_a_new_one() {
        let setting = Setting::new();
        let token = setting.issue("roam-demo");
        let (realm, other) = (Realm::new(REALM), Realm::new("tokens:/b"));
        let (here, elsewhere) = (audience(), "https://b.example/".parse().unwrap());
        let late = START + Duration::from_hours(8);
        for _ in 0..2 {
            let check = |realm: &Realm, audience: &Audience, now| {
                let presented = setting.open(&token)?.check(realm, audience, now)?;
                presented.unless_revoked(false).map(|(_, user)| user)
            };
            let user = check(&realm, &here, START).unwrap();
            assert_eq!(user.key().as_str(), "demo\\alice");
            for (realm, audience, now, reason) in [
                (&other, &here, START, Reason::NotForThisService),
                (&realm, &elsewhere, START, Reason::InvalidAudience),
                (&realm, &here, late, Reason::Expired),
            ] {
                assert_eq!(check(realm, audience, now).unwrap_err(), reason);
            }
            let presented = setting.open(&token).unwrap();
            let presented = presented.check(&realm, &here, START).unwrap();
            let revoked = presented.unless_revoked(true);
            assert_eq!(revoked.unwrap_err(), Reason::Expired);
        }
    }

    #[test]
    fn remembered_token_is_refused_when_its_key_is_gone() {
        let setting = Setting::new();
        let token = setting.issue("roam-demo");
        assert!(setting.open(&token).is_ok());
        setting.keys.replace(&KeyRing::random(1, &mut rng()));
        let refused = setting.open(&token).err();
        assert_eq!(refused, Some(Reason::SignatureNotVerified));
    }

    /// Ten times as many tokens as fit, of one user: each is opened, and a bounded part remembered.
    #[test]
    fn flood_of_long_tokens_takes_bounded_memory() {
        let setting = Setting::new();
        let password = "x".repeat(2_000);
        let mut bytes = 0;
        while bytes < 10 * RECENT_TOKENS {
            let token = setting.issue(&password);
            assert!(setting.open(&token).is_ok());
            bytes += token.expose_secret().len();
        }
        let turns = setting.recent.0.read().unwrap();
        let remembered = turns.current.tokens.values();
        let remembered: usize = remembered.map(|it| it.text.expose_secret().len()).sum();
        assert_eq!(remembered, turns.current.bytes);
        assert!((RECENT_TOKENS / 2..=RECENT_TOKENS).contains(&remembered));
    }
}
