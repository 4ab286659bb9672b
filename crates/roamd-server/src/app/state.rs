//! State of requests, made from one configuration.

use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use jiff::Timestamp;
use roamd_citrixauth::{Audience, Conversations, NamedSids, Realm, TokenService, UserIdentity};
use roamd_nfuse_client::ControllerState;
use roamd_sessions::{ClientNameLength, EndPoint, RoamingPolicy, Store, User};
use roamd_state::SharedState;
use roamd_store_proto::auth::Reason;
use roamd_store_proto::{DecodeError, LaunchParams, SessionOperation, SessionParams, Spelling};
use roamd_web_proto::DeviceId;
use tokio::time::{Instant, sleep};
use tracing::warn;

use crate::audit::{AuditLog, AuditScope, Event};
use crate::auth::login_throttle::LoginThrottle;
use crate::auth::password_checks::{CheckPolicy, PasswordChecks};
use crate::auth::recent_tokens::{Presented, RecentTokens};
use crate::auth::retry_key::RetryKeys;
use crate::auth::revocation::Revocations;
use crate::auth::user_blocks::UserBlocks;
use crate::changes::Changes;
use crate::clock::Clock;
use crate::config::{Scheme, ServerLimits, SpellingChoice, UrlPath};
use crate::fairness::strangers::StrangerTurns;
use crate::farms::{CredentialFarms, NfuseFarm, TicketAuthorities};
use crate::http::base_url::{Audiences, PerBaseUrl};
use crate::http::client_address::TrustedProxies;
use crate::http::request::Request;
use crate::http::request_limiter::RequestLimiter;
use crate::http::urls::{AuthUrls, StoreUrls};
use crate::http::web_site::WebSite;
use crate::large_work::LargeRequestWork;
use crate::metrics::Metrics;
use crate::metrics::shared_state_check::SharedStateCheck;
use crate::trace::Tracer;
use crate::web::Web;

/// Interval at which the results of first probes are looked at.
const PROBE_CHECK_INTERVAL: Duration = Duration::from_millis(10);

/// State that all requests of one configuration share. It is made in [`crate::app::build`], and
/// replaced by [`crate::app::reload`].
pub(crate) struct AppState {
    /// The stores, in configured order.
    pub(crate) stores: Vec<HostedStore>,
    /// The base URLs, the canonical one first.
    pub(crate) base_urls: Vec<String>,
    /// Path of the authentication service.
    pub(crate) auth_path: UrlPath,
    /// URLs and realms of the authentication service.
    pub(crate) auth_urls: PerBaseUrl<AuthUrls>,
    /// Schemes, hosts and ports that tokens belong to.
    pub(crate) audiences: Audiences,
    pub(crate) tokens: TokenService,
    pub(crate) recent_tokens: RecentTokens,
    pub(crate) conversations: Conversations,
    /// Farms that check passwords.
    pub(crate) credential_farms: CredentialFarms,
    /// The security identifiers that roaming policies and mappings name.
    pub(crate) named_sids: Arc<NamedSids>,
    pub(crate) login_throttle: Arc<LoginThrottle>,
    pub(crate) password_checks: PasswordChecks,
    /// Limit on writes of strangers to `shared`.
    pub(crate) stranger_writes: StrangerTurns,
    pub(crate) revocations: Revocations,
    /// Users whose sign-ins an operator has blocked.
    pub(crate) user_blocks: UserBlocks,
    /// Retry keys of launches.
    pub(crate) retry_keys: RetryKeys,
    /// Sessions of browsers, and launches kept for them.
    pub(crate) web: Arc<Web>,
    /// Result of the last check that `shared` responds.
    pub(crate) shared_check: Arc<SharedStateCheck>,
    /// Expiring flags and counters.
    pub(crate) shared: Arc<dyn SharedState>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) changes: Changes,
    /// Merges and documents of large lists.
    pub(crate) large_work: LargeRequestWork,
    /// Proxies whose `X-Forwarded-For` is trusted.
    pub(crate) trusted_proxies: TrustedProxies,
    /// Limits requests in progress, and the memory of bodies that are arriving.
    pub(crate) request_limiter: Arc<RequestLimiter>,
    /// Limits on clients.
    pub(super) limits: ServerLimits,
    /// Interval at which idle controllers are probed; `None` if they are not.
    pub(super) probe_interval: Option<Duration>,
    /// Clients that may read the metrics, and the details of readiness.
    pub(crate) metrics_from: Vec<IpNet>,
    pub(crate) audit: AuditLog,
    pub(super) tracer: Tracer,
    pub(super) clock: Clock,
}

/// A configured store: its URLs and its farms.
pub(crate) struct HostedStore {
    /// Path of its URLs.
    pub(crate) path: UrlPath,
    /// Shared, because work on large lists needs it on another thread.
    pub(crate) urls: PerBaseUrl<Arc<StoreUrls>>,
    /// Its web site; `None` if it has none.
    pub(crate) site: Option<PerBaseUrl<WebSite>>,
    /// Rule that selects the spelling of a response (SS-47).
    pub(crate) spelling: SpellingChoice,
    /// Length to which client names are cut.
    pub(crate) client_name_length: ClientNameLength,
    /// Which sessions are offered to which clients (SS-71).
    pub(crate) roaming: RoamingPolicy,
    /// The Sessions Service of the store's farms. Shared, because a change continues after its
    /// client disconnects.
    pub(crate) service: Arc<Store<NfuseFarm>>,
    /// The ticket authorities of each Citrix Gateway of the store.
    pub(crate) authorities: Arc<[TicketAuthorities]>,
}

impl HostedStore {
    /// URLs and realms of the store, as the client of a request knows them.
    pub(crate) fn urls(&self, request: &Request) -> &Arc<StoreUrls> {
        self.urls.get(request.base_url())
    }

    /// The web site, as the client of a request knows it.
    pub(crate) fn site(&self, request: &Request) -> Option<&WebSite> {
        let site = self.site.as_ref()?;
        Some(site.get(request.base_url()))
    }

    /// Spelling of the response to a request in this spelling (SS-47).
    pub(crate) fn spelling(&self, request: Spelling) -> Spelling {
        match self.spelling {
            SpellingChoice::Auto => request,
            SpellingChoice::Document => Spelling::Document,
            SpellingChoice::Native => Spelling::Native,
        }
    }

    /// Its path, and that of its web site.
    pub(crate) fn paths(&self) -> (&str, Option<&str>) {
        let site = self.site.as_ref().map(PerBaseUrl::canonical);
        (self.path.as_str(), site.map(|site| site.path.as_str()))
    }

    /// Decodes the body of a request on sessions, with the client name as farms get it.
    pub(crate) fn session_params(
        &self,
        body: &[u8],
        operation: SessionOperation,
    ) -> Result<SessionParams, DecodeError> {
        let params = SessionParams::from_xml(body, operation)?;
        Ok(self.client_name_length.cut_session_params(params))
    }

    /// Decodes the body of a launch, with the client name as farms and the ICA file get it.
    pub(crate) fn launch_params(&self, body: &[u8]) -> Result<LaunchParams, DecodeError> {
        let params = LaunchParams::from_xml(body)?;
        Ok(self.client_name_length.cut_launch_params(params))
    }

    /// The end-point of a browser: its device id is also its client name (WA-33). The name is cut
    /// as that of every client.
    pub(crate) fn end_point_of(&self, device: &DeviceId) -> EndPoint {
        let params = SessionParams::new(device.as_str());
        let params = self.client_name_length.cut_session_params(params);
        EndPoint {
            device_id: Some(device.as_str().to_owned()),
            ..EndPoint::from(&params)
        }
    }

    /// Returns the requirement on the password before an operation on all farms of the store.
    pub(crate) fn check_policy(&self) -> CheckPolicy {
        CheckPolicy::of(self.service.farms().len())
    }
}

impl AppState {
    /// URLs and realms of the authentication service, as the client of a request knows them.
    pub(crate) fn auth_urls(&self, request: &Request) -> &AuthUrls {
        self.auth_urls.get(request.base_url())
    }

    /// Whether clients connect by https, possibly through a proxy.
    pub(crate) fn is_https(&self) -> bool {
        self.audiences.scheme() == Scheme::Https
    }

    /// Current time, by the injected clock.
    pub(crate) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// Checks a token of this service, in the order of CA-11. Whether it was revoked has to be
    /// looked up.
    ///
    /// # Errors
    /// The reason of the challenge.
    pub(crate) fn present(
        &self,
        token: &str,
        realm: &Realm,
        audience: &Audience,
    ) -> Result<Presented, Reason> {
        let recent = self.recent_tokens.open(&self.tokens, token)?;
        recent.check(realm, audience, self.now())
    }

    /// The user of a token that is refused although the server has issued it: one that has expired,
    /// or is for another service. `None` if the token cannot be opened.
    pub(crate) fn holder(&self, token: &str) -> Option<UserIdentity> {
        let recent = self.recent_tokens.open(&self.tokens, token).ok()?;
        Some(recent.holder().clone())
    }

    /// The audit scope of a request.
    pub(crate) fn audit_scope(&self, request: &Request) -> AuditScope {
        AuditScope::new(
            self.audit.clone(),
            request.id(),
            request.client_address(),
            Arc::clone(&self.clock),
        )
    }

    /// Records an audit event that no request caused.
    pub(crate) fn record_event(&self, event: Event) {
        self.audit.record_event(self.now(), event);
    }

    /// All farms of all stores, in configured order.
    pub(crate) fn farms(&self) -> impl Iterator<Item = &NfuseFarm> {
        self.stores.iter().flat_map(|store| store.service.farms())
    }

    /// The ticket authorities of all stores, in configured order.
    fn authorities(&self) -> impl Iterator<Item = &TicketAuthorities> {
        let stores = self.stores.iter();
        stores.flat_map(|store| store.authorities.iter())
    }

    /// Probes the controllers and ticket authorities now, and from then on while they are idle, if
    /// that is configured. The tasks use no permit of a farm, and run on the current runtime.
    pub(super) fn start_probing(&self) {
        for farm in self.farms() {
            farm.probe_when_idle(self.probe_interval);
        }
        for authorities in self.authorities() {
            authorities.probe_when_idle(self.probe_interval);
        }
    }

    /// Waits until each controller has responded to its first probe or is down, but not longer than
    /// `limit`.
    pub(super) async fn wait_for_first_probes(&self, limit: Duration) {
        let deadline = Instant::now() + limit;
        let is_starting = |farm: &NfuseFarm| {
            farm.controllers().any(|report| {
                let is_used = match report.state {
                    ControllerState::Closed | ControllerState::Suspect => true,
                    ControllerState::Open | ControllerState::HalfOpen => false,
                };
                report.is_starting && is_used
            })
        };
        while self.farms().any(is_starting) && Instant::now() < deadline {
            sleep(PROBE_CHECK_INTERVAL).await;
        }
    }

    /// Applies the limits of this configuration to all that they have in common with `previous`,
    /// and shows the farms in the metrics. What `previous` alone probes is probed no more.
    pub(super) fn take_over_from(&self, previous: Option<&Self>) {
        self.request_limiter.set_limits(&self.limits);
        self.login_throttle.apply_limits();
        self.farms().for_each(NfuseFarm::apply_limits);
        let authorities = self.authorities().map(|it| Arc::clone(it.client()));
        self.metrics
            .watch(self.farms().cloned().collect(), authorities.collect());
        let Some(previous) = previous else { return };
        for farm in previous.farms() {
            if !self.farms().any(|kept| kept.shares_client_of(farm)) {
                farm.probe_when_idle(None);
            }
        }
        for authorities in previous.authorities() {
            let is_kept =
                |kept: &TicketAuthorities| Arc::ptr_eq(kept.client(), authorities.client());
            if !self.authorities().any(is_kept) {
                authorities.probe_when_idle(None);
            }
        }
    }

    /// Forgets the resources of a user, so that their enumeration is requested again.
    pub(crate) async fn forget_enumerations(&self, user: &User) {
        for farm in self.farms() {
            farm.forget_enumeration(user).await;
        }
    }

    /// Realms that tokens may be requested for: the stores, the validation services and the token
    /// service itself.
    pub(crate) fn realms(&self) -> Vec<Realm> {
        let stores = self.stores.iter();
        let stores = stores.map(|store| &store.urls.canonical().sessions.realm);
        let others = self.auth_urls.canonical().realms();
        stores.chain(others).cloned().collect()
    }

    /// Waits, up to a deadline, until the changes in progress have finished and are recorded.
    pub(crate) async fn close(&self, deadline: Instant) {
        if !self.changes.finish(deadline).await {
            warn!("Stopped before all farms confirmed the changes in progress");
        }
        if self.audit.flush().await.is_err() {
            warn!("Stopped before the audit log was written");
        }
        if !self.tracer.flush().await {
            warn!("Stopped before all traces were sent");
        }
    }
}
