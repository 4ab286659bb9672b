//! State that all requests share.

use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use jiff::Timestamp;
use roamd_citrixauth::{Audience, Conversations, Realm, TokenService};
use roamd_http::ClientLimiter;
use roamd_seal::KeyRing;
use roamd_sessions::{Store, User, UserKey};
use roamd_state::SharedState;
use roamd_store_proto::Spelling;
use secrecy::SecretString;
use tokio::time::Instant;
use tracing::warn;

use crate::app::clock::Clock;
use crate::app::tasks::Changes;
use crate::audit::{AuditLog, AuditScope};
use crate::auth::login_throttle::LoginThrottle;
use crate::auth::password_check::{PasswordCheck, PasswordCheckCache, Reach};
use crate::auth::revocation::Revocations;
use crate::config::SpellingChoice;
use crate::farms::{CredentialFarms, NfuseFarm};
use crate::http::client_address::{Client, TrustedProxies};
use crate::http::error::ApiError;
use crate::http::request::Request;
use crate::http::urls::{AuthUrls, StoreUrls};
use crate::metrics::Metrics;

/// State that all requests share. It is made from the configuration in [`crate::app::build`].
pub(crate) struct AppState {
    /// The stores, in configured order.
    pub(crate) stores: Vec<HostedStore>,
    /// URLs and realms of the authentication service.
    pub(crate) auth_urls: AuthUrls,
    /// Scheme, host and port that tokens belong to.
    pub(crate) audience: Audience,
    /// Clients connect by https, possibly through a proxy.
    pub(crate) is_https: bool,
    pub(crate) tokens: TokenService,
    pub(crate) conversations: Conversations,
    /// Farms that check passwords.
    pub(crate) credential_farms: CredentialFarms,
    pub(crate) login_throttle: Arc<LoginThrottle>,
    pub(crate) password_checks: Arc<PasswordCheckCache>,
    pub(crate) revocations: Revocations,
    pub(crate) keys: Arc<KeyRing>,
    /// Expiring flags and counters.
    pub(crate) shared: Arc<dyn SharedState>,
    pub(crate) metrics: Metrics,
    pub(crate) changes: Changes,
    /// Who may be asked for `X-Forwarded-For`.
    pub(crate) trusted_proxies: TrustedProxies,
    /// Limits requests in progress, in total and per client.
    pub(crate) request_limiter: Arc<ClientLimiter>,
    /// Time that a body may take to arrive.
    pub(crate) body_timeout: Duration,
    /// Clients that may read the metrics.
    pub(super) metrics_from: Vec<IpNet>,
    pub(super) audit: AuditLog,
    pub(super) clock: Clock,
}

/// A configured store: its URLs and its farms.
pub(crate) struct HostedStore {
    pub(crate) urls: StoreUrls,
    /// Who picks the spelling of a response (SS-47).
    pub(crate) spelling: SpellingChoice,
    /// The Sessions Service of the store's farms. Shared, since a change goes on when its client
    /// has gone.
    pub(crate) service: Arc<Store<NfuseFarm>>,
}

impl HostedStore {
    /// Spelling of the response to a request in this spelling (SS-47).
    pub(crate) fn spelling(&self, request: Spelling) -> Spelling {
        match self.spelling {
            SpellingChoice::Auto => request,
            SpellingChoice::Document => Spelling::Document,
            SpellingChoice::Native => Spelling::Native,
        }
    }

    /// How many farms an operation on the whole store asks.
    pub(crate) fn reach(&self) -> Reach {
        Reach::of(self.service.farms().len())
    }
}

impl AppState {
    /// Time by which requests are judged.
    pub(crate) fn now(&self) -> Timestamp {
        (self.clock)()
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

    /// All farms of all stores, in configured order.
    pub(crate) fn farms(&self) -> impl Iterator<Item = &NfuseFarm> {
        self.stores.iter().flat_map(|store| store.service.farms())
    }

    /// Realms that tokens may be requested for: the stores, the validation services and the token
    /// service itself.
    pub(crate) fn realms(&self) -> Vec<Realm> {
        let stores = self.stores.iter().map(|store| &store.urls.sessions.realm);
        stores.chain(self.auth_urls.realms()).cloned().collect()
    }

    /// Asks a farm whether a user's password is good, unless that is known.
    ///
    /// The check is completed also when the client goes away: the next request would present the
    /// password again.
    pub(crate) async fn check_password(&self, user: User) -> Result<PasswordCheck, ApiError> {
        let (cache, farms) = (
            Arc::clone(&self.password_checks),
            self.credential_farms.clone(),
        );
        let check = async move { cache.get_or_check(&user, farms.check_password(&user)).await };
        self.changes.run_to_completion(check).await
    }

    /// Records a sign-in: the password is good, and the enumeration of the user's resources is
    /// requested again.
    pub(crate) async fn record_sign_in(&self, user: &UserKey, password: &SecretString) {
        self.password_checks.confirm(user, password).await;
        for farm in self.farms() {
            farm.forget_enumeration(user).await;
        }
    }

    /// Records that a password was replaced: no token with the old one reaches a farm any more.
    pub(crate) async fn record_password_change(&self, user: &UserKey, old: &SecretString) {
        self.password_checks.reject(user, old).await;
    }

    /// Whether a client may read the metrics.
    pub(crate) fn may_read_metrics(&self, client: Option<Client>) -> bool {
        client.is_some_and(|client| client.is_in(&self.metrics_from))
    }

    /// Waits, up to a deadline, until the changes in progress have finished and are recorded.
    pub(crate) async fn close(&self, deadline: Instant) {
        if !self.changes.finish(deadline).await {
            warn!("Stopped before all farms confirmed the changes in progress");
        }
        if self.audit.flush().await.is_err() {
            warn!("Stopped before the audit log was written");
        }
    }
}
