//! Tickets of native clients (WA-88 to WA-90). A page gives one to the native client of its device,
//! which has no cookies of the browser.
//!
//! A ticket is a sealed value: it needs no memory, however many clients ask for one.

use std::net::IpAddr;
use std::sync::Arc;

use data_encoding::BASE64URL_NOPAD;
use jiff::{SignedDuration, Timestamp};
use roamd_citrixauth::{ClientNetwork, Realm};
use roamd_fairness::{RateLimiter, RateLimits};
use roamd_seal::{KeyRing, Purpose};
use roamd_state::{FlagKind, Party, SharedState, StateError};
use roamd_web_proto::{DeviceId, LaunchTarget};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::web_sessions::{WebSession, cookie_of, token_of};
use crate::auth::once_id::OnceId;
use crate::clock::rng;
use crate::fairness::budgets::{
    CLIENT_REPORT_BURST, CLIENT_REPORTS_PER_SECOND, REPORTING_PROVIDERS,
};
use crate::fairness::parties;

const DETECTION: Purpose = Purpose::new("client-detection");
const FILE: Purpose = Purpose::new("client-file");

/// Time within which a ticket is used (WA-90).
const LIFETIME: SignedDuration = SignedDuration::from_secs(60);

/// Beginning of a ticket of a detection, as StoreFront has it.
const DETECTION_PREFIX: &str = "CDT_";

/// Longest ticket that is opened, in characters.
const MAX_TICKET: usize = 4096;

/// Makes and opens the tickets of native clients.
pub(crate) struct ClientTickets {
    keys: Arc<KeyRing>,
    state: Arc<dyn SharedState>,
    /// By the providers of the clients.
    reports: RateLimiter<IpAddr>,
}

/// What a ticket of an ICA file stands for: the cookies of the browser, and its launch.
pub(crate) struct FileGrant {
    pub(crate) session: WebSession,
    /// The token of the sign-in, as the token service issued it.
    pub(crate) token: SecretString,
    pub(crate) device: DeviceId,
    id: OnceId,
    target: KeptTarget,
}

/// Result of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Report {
    Recorded,
    /// The ticket is unknown or has expired.
    Refused,
    /// Too many come from the provider of the client.
    TooMany,
}

/// Whether a native client has reported with a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Detection {
    /// It may still do so.
    Waiting,
    /// It has.
    Reported,
    /// The ticket is unknown or has expired.
    Over,
}

/// What is launched.
#[derive(Serialize, Deserialize)]
enum KeptTarget {
    Resource(String),
    Session(String),
}

/// The sealed text of a ticket of an ICA file.
#[derive(Serialize, Deserialize)]
struct FileText<'a> {
    id: OnceId,
    session: [u8; WebSession::LEN],
    /// The token in the form of a cookie.
    token: &'a str,
    device: &'a str,
    target: KeptTarget,
}

impl ClientTickets {
    pub(crate) fn new(keys: Arc<KeyRing>, state: Arc<dyn SharedState>) -> Self {
        let reports = RateLimiter::new(RateLimits {
            per_second: CLIENT_REPORTS_PER_SECOND,
            burst: CLIENT_REPORT_BURST,
            parties: REPORTING_PROVIDERS,
        });
        Self {
            keys,
            state,
            reports,
        }
    }

    /// Makes a ticket with which a native client reports to a site.
    pub(crate) fn for_detection(&self, site: &Realm, now: Timestamp) -> String {
        let id = OnceId::random(now, LIFETIME);
        let sealed = id.seal(&self.keys, DETECTION, context(site));
        format!("{DETECTION_PREFIX}{sealed}")
    }

    /// Records that a native client has reported.
    ///
    /// # Errors
    /// If the shared state does not respond.
    pub(crate) async fn report(
        &self,
        site: &Realm,
        ticket: &str,
        client: IpAddr,
        now: Timestamp,
    ) -> Result<Report, StateError> {
        let Some(id) = self.open_detection(site, ticket, now) else {
            return Ok(Report::Refused);
        };
        let network = ClientNetwork::of(client);
        if !self.reports.take(&network.provider()) {
            return Ok(Report::TooMany);
        }
        self.use_up(id, parties::of_network(&network)).await?;
        Ok(Report::Recorded)
    }

    /// Returns whether a native client has reported.
    ///
    /// # Errors
    /// If the shared state does not respond.
    pub(crate) async fn detection(
        &self,
        site: &Realm,
        ticket: &str,
        now: Timestamp,
    ) -> Result<Detection, StateError> {
        let Some(id) = self.open_detection(site, ticket, now) else {
            return Ok(Detection::Over);
        };
        let has_reported = id.is_used(self.state.as_ref(), FlagKind::UsedClientTicket, now);
        Ok(if has_reported.await? {
            Detection::Reported
        } else {
            Detection::Waiting
        })
    }

    /// Makes a ticket with which a native client gets the ICA file of a launch. Returns `None` if
    /// the token is none of the token service.
    pub(crate) fn for_file(
        &self,
        site: &Realm,
        session: &WebSession,
        token: &SecretString,
        device: &DeviceId,
        target: LaunchTarget<'_>,
        now: Timestamp,
    ) -> Option<String> {
        let token = Zeroizing::new(cookie_of(token.expose_secret())?);
        let text = FileText {
            id: OnceId::random(now, LIFETIME),
            session: session.to_bytes(),
            token: &token,
            device: device.as_str(),
            target: target.into(),
        };
        let plain = Zeroizing::new(serde_json::to_vec(&text).ok()?);
        let sealed = self.keys.seal(FILE, context(site), &plain, &mut rng());
        Some(BASE64URL_NOPAD.encode(&sealed))
    }

    /// Returns what a ticket of an ICA file stands for, if it was made for this site and has not
    /// expired. The caller uses it up.
    pub(crate) fn open_file(
        &self,
        site: &Realm,
        ticket: &str,
        now: Timestamp,
    ) -> Option<FileGrant> {
        if ticket.len() > MAX_TICKET {
            return None;
        }
        let sealed = BASE64URL_NOPAD.decode(ticket.as_bytes()).ok()?;
        let plain = self.keys.open(FILE, context(site), &sealed).ok()?;
        let text: FileText<'_> = serde_json::from_slice(&plain).ok()?;
        text.id.is_live(now).then_some(())?;
        Some(FileGrant {
            session: WebSession::from_bytes(&text.session)?,
            token: token_of(text.token)?,
            device: DeviceId::parse(text.device)?,
            id: text.id,
            target: text.target,
        })
    }

    /// Uses up a ticket of an ICA file. Returns whether it was unused.
    ///
    /// # Errors
    /// If the shared state does not respond.
    pub(crate) async fn use_up_file(
        &self,
        grant: &FileGrant,
        party: Party,
    ) -> Result<bool, StateError> {
        self.use_up(grant.id, party).await
    }

    async fn use_up(&self, id: OnceId, party: Party) -> Result<bool, StateError> {
        let kind = FlagKind::UsedClientTicket;
        id.use_up(self.state.as_ref(), kind, party).await
    }

    fn open_detection(&self, site: &Realm, ticket: &str, now: Timestamp) -> Option<OnceId> {
        let sealed = ticket.strip_prefix(DETECTION_PREFIX)?;
        OnceId::open(&self.keys, DETECTION, context(site), sealed, now)
    }
}

/// A ticket is one of its site.
fn context(site: &Realm) -> &[u8] {
    site.as_str().as_bytes()
}

impl FileGrant {
    /// What is launched.
    pub(crate) fn target(&self) -> LaunchTarget<'_> {
        match &self.target {
            KeptTarget::Resource(id) => LaunchTarget::Resource(id),
            KeptTarget::Session(id) => LaunchTarget::Session(id),
        }
    }
}

impl From<LaunchTarget<'_>> for KeptTarget {
    fn from(target: LaunchTarget<'_>) -> Self {
        match target {
            LaunchTarget::Resource(id) => Self::Resource(id.to_owned()),
            LaunchTarget::Session(id) => Self::Session(id.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use roamd_seal::{Key, KeyId};
    use roamd_state::SqliteState;

    use super::*;
    use crate::web::web_sessions::WebSessions;

    const PARTY: Party = Party::SERVER;
    const TOKEN: &str = "c2VhbGVkIHRva2Vu";

    fn tickets(folder: &tempfile::TempDir, key: u8) -> (ClientTickets, WebSession) {
        let key = Key::new(KeyId(1), 0, [key; Key::LEN].into());
        let keys = Arc::new(KeyRing::new(key, Vec::new()));
        let state = SqliteState::open(&folder.path().join("state.db")).unwrap();
        let state: Arc<dyn SharedState> = Arc::new(state);
        let sessions = WebSessions::new(Arc::clone(&keys), Arc::clone(&state));
        let (session, _) = sessions.begin(&site(), Timestamp::UNIX_EPOCH);
        (ClientTickets::new(keys, state), session)
    }

    fn site() -> Realm {
        Realm::new("web:/Citrix/StoreWeb")
    }

    fn after(seconds: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds)
    }

    #[tokio::test]
    async fn file_ticket_opens_at_its_site_within_its_time() {
        // WA-90
        let folder = tempfile::tempdir().unwrap();
        let (tickets, session) = tickets(&folder, 7);
        let (token, device) = (TOKEN.into(), DeviceId::parse("WR_x").unwrap());
        let target = LaunchTarget::Session("aB-_9");
        let ticket = tickets.for_file(&site(), &session, &token, &device, target, after(0));
        let ticket = ticket.unwrap();
        let other_site = Realm::new("web:/Citrix/OtherWeb");
        for (case, site, seconds, opens) in [
            ("its last second", site(), 59, true),
            ("expired", site(), 60, false),
            ("another site", other_site, 0, false),
        ] {
            let grant = tickets.open_file(&site, &ticket, after(seconds));
            assert_eq!(grant.is_some(), opens, "{case}");
        }
        let grant = tickets.open_file(&site(), &ticket, after(0)).unwrap();
        assert!(grant.session == session);
        assert_eq!(grant.token.expose_secret(), TOKEN);
        assert_eq!((grant.device.as_str(), grant.target()), ("WR_x", target));
        for unused in [true, false] {
            assert_eq!(tickets.use_up_file(&grant, PARTY).await.unwrap(), unused);
        }
    }

    #[tokio::test]
    async fn detection_is_reported_within_its_time() {
        // WA-89
        let folder = tempfile::tempdir().unwrap();
        let (tickets, _) = tickets(&folder, 7);
        let site = site();
        let ticket = tickets.for_detection(&site, after(0));
        let detection = async |seconds| {
            let detection = tickets.detection(&site, &ticket, after(seconds));
            detection.await.unwrap()
        };
        let report = async |seconds| {
            let client = IpAddr::from([192, 0, 2, 1]);
            let report = tickets.report(&site, &ticket, client, after(seconds));
            report.await.unwrap()
        };
        assert_eq!(detection(59).await, Detection::Waiting);
        assert_eq!(report(60).await, Report::Refused, "expired");
        assert_eq!(report(59).await, Report::Recorded);
        assert_eq!(detection(59).await, Detection::Reported);
        assert_eq!(detection(60).await, Detection::Over);
    }

    #[tokio::test]
    async fn reports_of_a_provider_are_limited_and_those_of_others_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let (tickets, _) = tickets(&folder, 7);
        let site = site();
        let report = async |client: [u8; 4]| {
            let ticket = tickets.for_detection(&site, after(0));
            let report = tickets.report(&site, &ticket, client.into(), after(0));
            report.await.unwrap()
        };
        let mut recorded = 0;
        for number in 0..=u8::MAX {
            recorded += u32::from(report([192, 0, number, 1]).await == Report::Recorded);
        }
        // Some time passes meanwhile.
        assert!((CLIENT_REPORT_BURST..255).contains(&recorded), "{recorded}");
        assert_eq!(report([198, 51, 100, 1]).await, Report::Recorded);
    }
}
