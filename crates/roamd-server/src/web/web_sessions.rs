//! Web sessions: what the cookies of a browser stand for (WA-23 to WA-34).
//!
//! - `ASP.NET_SessionId` is a sealed value: a random id and the time when it was made. It is bound
//!   to its site. A session therefore needs no memory, however many clients begin one, and every
//!   server with the keys knows it.
//! - `CsrfToken` is a hash of the id. The id is random and is never sent in the clear, so it is the
//!   key of the hash (WA-26), and the token stays the same as long as the session exists (WA-25).
//! - `CtxsDeviceId` of a client that sends none is another hash of the id, so the client stays one
//!   end-point within its session (WA-34).
//! - `CtxsAuthId` is a token of `roamd-citrixauth`, for a realm that names the session. So it is
//!   new at each sign-in, opens nothing in another session nor at the store, and is revoked like
//!   every token.
//!
//! Idle time is that of a sign-in (WA-32). The sign-in sets a flag in the shared state, which
//! expires after the idle time; each request of the session moves the expiry, with a write once a
//! minute at most. A session without a sign-in has no flag and ends after a day: it opens nothing,
//! and if its idle time were kept too, clients without a password could fill the state.

use std::sync::Arc;
use std::time::Duration;

use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};
use getrandom::rand_core::Rng as _;
use jiff::{SignedDuration, Timestamp};
use roamd_citrixauth::{ConversationId, Realm};
use roamd_seal::{KeyRing, Purpose};
use roamd_state::{Digest, FlagKind, Party, SharedState, StateError};
use roamd_web_proto::DeviceId;
use secrecy::SecretString;
use sha2::{Digest as _, Sha256};
use tracing::warn;

use crate::clock::rng;

const PURPOSE: Purpose = Purpose::new("web-session");

/// Time after which a session without a sign-in ends.
const LIFETIME: SignedDuration = SignedDuration::from_hours(24);

/// Tolerated lead of the clock of the server that made a session.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_secs(60);

/// Interval at which the use of a sign-in is written. The idle time is longer by as much, so that
/// it is never shorter than configured.
const WRITE_INTERVAL: SignedDuration = SignedDuration::from_secs(60);

/// Longest cookie that is opened, in characters.
const MAX_COOKIE: usize = 256;

/// Makes and finds web sessions.
pub(crate) struct WebSessions {
    keys: Arc<KeyRing>,
    state: Arc<dyn SharedState>,
}

/// A web session.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct WebSession {
    id: [u8; 16],
    made: Timestamp,
    csrf_token: String,
}

impl WebSessions {
    pub(crate) fn new(keys: Arc<KeyRing>, state: Arc<dyn SharedState>) -> Self {
        Self { keys, state }
    }

    /// Begins a session at a site. Returns it with its cookie.
    pub(crate) fn begin(&self, site: &Realm, now: Timestamp) -> (WebSession, String) {
        let mut id = [0; 16];
        rng().fill_bytes(&mut id);
        let made = Timestamp::from_second(now.as_second()).unwrap_or(now);
        let session = WebSession::new(id, made);
        let (context, plain) = (site.as_str().as_bytes(), session.to_bytes());
        let sealed = self.keys.seal(PURPOSE, context, &plain, &mut rng());
        (session, BASE64URL_NOPAD.encode(&sealed))
    }

    /// Returns the session of the first cookie that names a live one.
    ///
    /// # Errors
    /// If the shared state does not respond.
    pub(crate) async fn find(
        &self,
        site: &Realm,
        cookies: &[&str],
        now: Timestamp,
    ) -> Result<Option<WebSession>, StateError> {
        for session in cookies.iter().filter_map(|cookie| self.open(site, cookie)) {
            let is_young = now.duration_since(session.made) < LIFETIME;
            let is_from_future = session.made.duration_since(now) > CLOCK_SKEW;
            let is_live = is_young || self.last_use(&session, now).await?.is_some();
            if is_live && !is_from_future {
                return Ok(Some(session));
            }
        }
        Ok(None)
    }

    /// Records that a user has signed in, which begins the idle time.
    ///
    /// # Errors
    /// If the shared state does not respond.
    pub(crate) async fn record_sign_in(
        &self,
        session: &WebSession,
        idle: Duration,
        party: Party,
        now: Timestamp,
    ) -> Result<(), StateError> {
        self.write(session, party, idle_end(now, idle)).await
    }

    /// Returns the end of the idle time of a session, by its id in the audit log; `None` if it is
    /// over, there is no sign-in, or the text is no such id.
    ///
    /// # Errors
    /// If the shared state does not respond.
    pub(crate) async fn idle_end_of(
        &self,
        audit_id: &str,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, StateError> {
        let Ok(id) = HEXLOWER.decode(audit_id.as_bytes()) else {
            return Ok(None);
        };
        let (kind, key) = (FlagKind::WebSignInInUse, Digest::of(&id));
        self.state.flag_expiry(kind, key, now).await
    }

    /// Records that a session is used. Returns whether its sign-in has not been idle for too long.
    /// `signed_in` is the time of the sign-in, if the request has it: until the idle time is over
    /// after it, no record is needed. A server that made it may have been cut off from the others.
    ///
    /// # Errors
    /// If the shared state does not respond.
    pub(crate) async fn record_use(
        &self,
        session: &WebSession,
        idle: Duration,
        signed_in: Option<Timestamp>,
        party: Party,
        now: Timestamp,
    ) -> Result<bool, StateError> {
        let of_sign_in = signed_in.map(|signed_in| idle_end(signed_in, idle));
        let of_sign_in = of_sign_in.filter(|end| now < *end);
        let Some(end) = self.last_use(session, now).await?.or(of_sign_in) else {
            return Ok(false);
        };
        let new_end = idle_end(now, idle);
        if new_end.duration_since(end) >= WRITE_INTERVAL {
            // The next request writes it.
            if let Err(error) = self.write(session, party, new_end).await {
                warn!(%error, "Recording the use of a web session failed");
            }
        }
        Ok(true)
    }

    async fn write(
        &self,
        session: &WebSession,
        party: Party,
        until: Timestamp,
    ) -> Result<(), StateError> {
        let kind = FlagKind::WebSignInInUse;
        let set = self.state.set_flag(party, kind, session.digest(), until);
        set.await.map(drop)
    }

    /// Returns the end of the idle time, or `None` if it is over or there is no sign-in.
    async fn last_use(
        &self,
        session: &WebSession,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, StateError> {
        let (kind, key) = (FlagKind::WebSignInInUse, session.digest());
        self.state.flag_expiry(kind, key, now).await
    }

    fn open(&self, site: &Realm, cookie: &str) -> Option<WebSession> {
        if cookie.len() > MAX_COOKIE {
            return None;
        }
        let sealed = BASE64URL_NOPAD.decode(cookie.as_bytes()).ok()?;
        let context = site.as_str().as_bytes();
        let plain = self.keys.open(PURPOSE, context, &sealed).ok()?;
        WebSession::from_bytes(plain.as_slice().try_into().ok()?)
    }
}

impl WebSession {
    /// Length of the bytes of a session: the time when it was made, and its id.
    pub(super) const LEN: usize = 24;

    /// The bytes of the session, which are sealed wherever they leave the server.
    pub(super) fn to_bytes(&self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        let (made, id) = bytes.split_at_mut(8);
        made.copy_from_slice(&self.made.as_second().to_be_bytes());
        id.copy_from_slice(&self.id);
        bytes
    }

    /// Returns the session of these bytes, or `None` if the time is none.
    pub(super) fn from_bytes(bytes: &[u8; Self::LEN]) -> Option<Self> {
        let (made, id) = bytes.split_first_chunk()?;
        let made = Timestamp::from_second(i64::from_be_bytes(*made)).ok()?;
        Some(Self::new(id.try_into().ok()?, made))
    }

    fn new(id: [u8; 16], made: Timestamp) -> Self {
        Self {
            id,
            made,
            csrf_token: HEXUPPER.encode(&hash(&id, "csrf")),
        }
    }

    /// The value of `CsrfToken`: 32 upper-case hexadecimal digits.
    pub(crate) fn csrf_token(&self) -> &str {
        &self.csrf_token
    }

    /// Whether a text is the CSRF token. The comparison takes the same time for every text of the
    /// right length.
    pub(crate) fn is_csrf_token(&self, text: &str) -> bool {
        let (token, text) = (self.csrf_token.as_bytes(), text.as_bytes());
        let pairs = token.iter().zip(text);
        let differences = pairs.fold(0, |all, (one, other)| all | (one ^ other));
        token.len() == text.len() && differences == 0
    }

    /// The device id of a client that sends none.
    pub(crate) fn device_id(&self) -> Option<DeviceId> {
        DeviceId::new(&BASE64URL_NOPAD.encode(&self.hash("device")))
    }

    /// The realm of the tokens of this session at a site.
    pub(crate) fn realm(&self, site: &Realm) -> Realm {
        let session = BASE64URL_NOPAD.encode(&self.hash("realm"));
        Realm::new(format!("{site}#{session}"))
    }

    /// Id of the sign-in conversation of the session.
    pub(crate) fn conversation(&self) -> ConversationId {
        ConversationId::new(self.hash("conversation"))
    }

    /// Key of the session in the shared state, and of what the server keeps for it.
    pub(crate) fn digest(&self) -> Digest {
        Digest::of(&self.hash("state"))
    }

    /// Id of the session in the audit log: 32 hexadecimal digits that open nothing.
    pub(crate) fn audit_id(&self) -> String {
        HEXLOWER.encode(&self.hash("state"))
    }

    fn hash(&self, purpose: &str) -> [u8; 16] {
        hash(&self.id, purpose)
    }
}

/// Derives a value from the id of a session for one purpose. None of them reveals the id, or
/// another one.
fn hash(id: &[u8; 16], purpose: &str) -> [u8; 16] {
    let digest = Sha256::new()
        .chain_update(purpose)
        .chain_update(id)
        .finalize();
    let digest: [u8; 32] = digest.into();
    *digest.first_chunk().unwrap_or(&[0; 16])
}

/// Returns the cookie `CtxsAuthId` of a token: the same bytes in an alphabet of cookies (WA-23).
pub(crate) fn cookie_of(token: &str) -> Option<String> {
    let sealed = BASE64.decode(token.as_bytes()).ok()?;
    Some(BASE64URL_NOPAD.encode(&sealed))
}

/// Returns the token of a cookie `CtxsAuthId`, or `None` if it is not one.
pub(crate) fn token_of(cookie: &str) -> Option<SecretString> {
    let sealed = BASE64URL_NOPAD.decode(cookie.as_bytes()).ok()?;
    Some(BASE64.encode(&sealed).into())
}

fn idle_end(now: Timestamp, idle: Duration) -> Timestamp {
    let idle = SignedDuration::try_from(idle).unwrap_or(SignedDuration::MAX);
    let idle = idle.saturating_add(WRITE_INTERVAL);
    now.checked_add(idle).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use roamd_seal::{Key, KeyId};
    use roamd_state::SqliteState;
    use secrecy::ExposeSecret as _;

    use super::*;

    const IDLE: Duration = Duration::from_secs(20 * 60);
    const PARTY: Party = Party::SERVER;

    fn sessions(folder: &tempfile::TempDir, key: u8) -> WebSessions {
        let key = Key::new(KeyId(1), 0, [key; Key::LEN].into());
        let state = SqliteState::open(&folder.path().join("state.db")).unwrap();
        WebSessions::new(Arc::new(KeyRing::new(key, Vec::new())), Arc::new(state))
    }

    fn site() -> Realm {
        Realm::new("web:/Citrix/StoreWeb")
    }

    fn minutes(minutes: i64) -> SignedDuration {
        SignedDuration::from_mins(minutes)
    }

    #[tokio::test]
    async fn session_is_found_by_its_cookie_site_and_time() {
        // WA-27, WA-37
        let folder = tempfile::tempdir().unwrap();
        let now = Timestamp::now();
        let this = sessions(&folder, 7);
        let (session, cookie) = this.begin(&site(), now);
        let foreign = BASE64URL_NOPAD.encode(&[1; 57]);
        let long = "A".repeat(257);
        for (cookies, found) in [
            (vec![cookie.as_str()], true),
            (vec!["", "x", &foreign, &long, &cookie], true),
            (vec![], false),
            (vec![foreign.as_str()], false),
            (vec![&cookie[1..]], false),
        ] {
            let expected = found.then(|| session.clone());
            let result = this.find(&site(), &cookies, now).await.unwrap();
            assert!(result == expected, "{cookies:?}");
        }
        let other = Realm::new("web:/Citrix/OtherWeb");
        assert!(this.find(&other, &[&cookie], now).await.unwrap().is_none());
        for (time, found) in [
            (now + LIFETIME - SignedDuration::from_secs(1), true),
            (now + LIFETIME, false),
            (now - minutes(1), true),
            (now - minutes(2), false),
        ] {
            let result = this.find(&site(), &[&cookie], time).await.unwrap();
            assert_eq!(result.is_some(), found, "{time}");
        }
    }

    #[tokio::test]
    async fn sign_in_ends_when_it_is_idle_for_too_long() {
        // WA-32
        let folder = tempfile::tempdir().unwrap();
        let this = sessions(&folder, 7);
        let now = Timestamp::now();
        let (session, cookie) = this.begin(&site(), now);
        let used = async |time| {
            let used = this.record_use(&session, IDLE, None, PARTY, time);
            used.await.unwrap()
        };
        assert!(!used(now).await, "there is no sign-in");
        this.record_sign_in(&session, IDLE, PARTY, now)
            .await
            .unwrap();
        assert!(used(now + minutes(20)).await);
        assert!(used(now + minutes(40)).await);
        // Operators see the same end.
        let id = session.audit_id();
        for (minute, is_over) in [(40, false), (60, false), (62, true)] {
            let end = this.idle_end_of(&id, now + minutes(minute)).await.unwrap();
            assert_eq!(end.is_none(), is_over, "{minute}");
        }
        for other in ["", "zz", &id[1..], "00"] {
            assert_eq!(this.idle_end_of(other, now).await.unwrap(), None);
        }
        // A session that is older than a day lives as long as its sign-in.
        let old = now + minutes(40);
        assert!(!used(old + minutes(22)).await);
        let (_, late_cookie) = this.begin(&site(), now - LIFETIME);
        for (cookie, found) in [(&cookie, true), (&late_cookie, false)] {
            let result = this.find(&site(), &[cookie], old).await.unwrap();
            assert_eq!(result.is_some(), found);
        }
    }

    /// The server of the sign-in could not reach the others when it recorded it.
    #[tokio::test]
    async fn sign_in_without_a_record_lives_for_its_idle_time() {
        // WA-32
        let folder = tempfile::tempdir().unwrap();
        let this = sessions(&folder, 7);
        let now = Timestamp::now();
        let (session, _) = this.begin(&site(), now);
        let used = async |signed_in, time| {
            let used = this.record_use(&session, IDLE, signed_in, PARTY, time);
            used.await.unwrap()
        };
        for (signed_in, minute, is_used) in [
            (None, 0, false),
            (Some(now), 22, false),
            (Some(now), 0, true),
            // This use is recorded.
            (Some(now), 20, true),
            (None, 40, true),
            (Some(now), 40, true),
            (Some(now), 62, false),
        ] {
            let is = used(signed_in, now + minutes(minute)).await;
            assert_eq!(is, is_used, "{signed_in:?} {minute}");
        }
    }

    #[test]
    fn values_of_a_session_have_their_shape_and_differ() {
        // WA-23, WA-24, WA-26, WA-33
        let session = |id| WebSession::new([id; 16], Timestamp::UNIX_EPOCH);
        let token = session(1).csrf_token().to_owned();
        assert_eq!(token.len(), 32);
        assert!(
            token
                .bytes()
                .all(|b| b.is_ascii_digit() || b.is_ascii_uppercase())
        );
        assert_ne!(token, session(2).csrf_token());
        assert!(session(1).is_csrf_token(&token));
        for other in [
            "",
            "null",
            &token[1..],
            session(2).csrf_token(),
            &format!("{token}0"),
        ] {
            assert!(!session(1).is_csrf_token(other), "{other}");
        }
        let device = session(1).device_id().unwrap();
        assert_eq!(device.as_str().len(), 20);
        assert_ne!(Some(device), session(2).device_id());
        assert_ne!(session(1).realm(&site()), session(2).realm(&site()));
    }

    #[test]
    fn token_fits_a_cookie() {
        let token = BASE64.encode(&[0xFB, 0xFF, 0xFE, 0]);
        let cookie = cookie_of(&token).unwrap();
        assert_eq!(cookie, "-__-AA");
        assert_eq!(token_of(&cookie).unwrap().expose_secret(), token);
        assert!(token_of("a=b").is_none());
    }
}
