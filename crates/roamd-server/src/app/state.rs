//! What every request shares, and the way of each one through it.

use std::future::Future;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http::header::{HeaderValue, STRICT_TRANSPORT_SECURITY};
use ipnet::IpNet;
use jiff::{SignedDuration, Timestamp};
use roamd_citrixauth::{Audience, Conversations, PresentedToken, Realm, Revocation, TokenService};
use roamd_http::{ClientLimiter, Incoming, Peer, Permit, Response};
use roamd_seal::KeyRing;
use roamd_sessions::{Busy, Farm as _, User, UserKey};
use roamd_state::{CounterKind, Digest, FlagKind, SharedState};
use secrecy::SecretString;
use tokio::time::{Instant, timeout_at};
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

use crate::app::environment::Clock;
use crate::audit::{AuditLog, AuditScope, Event};
use crate::auth::login_throttle::LoginThrottle;
use crate::auth::password_check::{PasswordCheck, PasswordCheckCache};
use crate::auth::tickets;
use crate::farms::CredentialFarms;
use crate::http::client_address::{Client, Proxies};
use crate::http::error::ApiError;
use crate::http::host_header;
use crate::http::request::{Request, RequestId};
use crate::http::route::Route;
use crate::http::urls::{AuthUrls, ProtectionSpace, StoreUrls};
use crate::metrics::Metrics;
use crate::routes;

const SECONDS_OF_DAY: i64 = 24 * 60 * 60;

/// How many tokens and tickets a user may end on one day: many a nurse works on one account, and each
/// sign-out ends two tokens.
const ENDED_A_DAY: u32 = 20_000;

/// How long browsers remember that there is nothing here in the clear.
const STRICT: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// What every request shares.
pub(crate) struct AppState {
    pub(crate) stores: Vec<StoreUrls>,
    pub(crate) authentication: AuthUrls,
    /// Scheme, host and port that tokens belong to.
    pub(crate) audience: Audience,
    /// Clients come by https, maybe through a proxy.
    pub(crate) secure: bool,
    pub(crate) tokens: TokenService,
    pub(crate) conversations: Conversations,
    pub(crate) credentials: CredentialFarms,
    pub(crate) login_throttle: Arc<LoginThrottle>,
    pub(super) standings: Arc<PasswordCheckCache>,
    pub(crate) keys: Arc<KeyRing>,
    pub(crate) state: Arc<dyn SharedState>,
    pub(crate) metrics: Metrics,
    pub(super) audit: AuditLog,
    pub(super) clock: Clock,
    pub(super) changes: TaskTracker,
    pub(super) proxies: Proxies,
    /// Clients that may see the metrics.
    pub(super) metrics_from: Vec<IpNet>,
    /// Requests that are being answered.
    pub(super) places: Arc<ClientLimiter>,
    pub(super) body_deadline: Duration,
}

/// How many farms an operation asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// One at most, now or by the request that comes next: its answer tells whether the password is
    /// good.
    OneFarm,
    /// All of a store that has several.
    SeveralFarms,
    /// None, and somebody relies on the password being good.
    NoFarm,
}

impl AppState {
    /// The time that a request is judged by.
    pub(crate) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// What a request leaves in the audit log.
    pub(crate) fn trail(&self, request: RequestId, address: Option<IpAddr>) -> AuditScope {
        AuditScope {
            log: self.audit.clone(),
            request,
            address,
            clock: Arc::clone(&self.clock),
        }
    }

    /// Realms that tokens may be asked for: the stores, those who validate, and the token service
    /// itself.
    pub(crate) fn realms(&self) -> Vec<Realm> {
        let stores = self.stores.iter().map(|site| &site.sessions.realm);
        stores
            .chain(self.authentication.realms())
            .cloned()
            .collect()
    }

    /// How long a ticket that was invalidated is remembered.
    pub(crate) fn ticket_memory(&self) -> SignedDuration {
        let farms = self.stores.iter().flat_map(|site| site.store.farms());
        tickets::memory(farms.map(|farm| farm.description().ticket_time_to_live))
    }

    /// Whether a token was destroyed, or the one that it comes from.
    pub(crate) async fn is_revoked(&self, token: &PresentedToken) -> Result<bool, ApiError> {
        let keys = token.ids().map(|id| Digest::of(id.as_bytes()));
        let kind = FlagKind::RevokedToken;
        Ok(self.state.is_any_flag_set(kind, keys, self.now()).await?)
    }

    /// Makes sure that a token of a user works nowhere any more, nor what comes from it.
    pub(crate) async fn revoke(
        &self,
        user: &UserKey,
        revocation: &Revocation,
    ) -> Result<(), ApiError> {
        let key = Digest::of(revocation.id.as_bytes());
        self.end(user, FlagKind::RevokedToken, key, revocation.until)
            .await
    }

    /// Remembers that a ticket of a user must not be handed out (again).
    pub(crate) async fn invalidate(
        &self,
        user: &UserKey,
        ticket: Digest,
        until: Timestamp,
    ) -> Result<(), ApiError> {
        self.end(user, FlagKind::InvalidatedTicket, ticket, until)
            .await
    }

    /// Marks something that a user has ended. It is remembered for as long as it would have lived, so a
    /// user may not end any number of things.
    async fn end(
        &self,
        user: &UserKey,
        kind: FlagKind,
        key: Digest,
        until: Timestamp,
    ) -> Result<(), ApiError> {
        let now = self.now();
        let day = now.as_second() / SECONDS_OF_DAY;
        let of_user = Digest::of(format!("{day} {user}").as_bytes());
        let tomorrow = now
            .checked_add(SignedDuration::from_secs(SECONDS_OF_DAY))
            .unwrap_or(Timestamp::MAX);
        let ended = CounterKind::RevocationsByUser;
        let ended = self.state.increment(ended, of_user, now, tomorrow).await?;
        if ended > ENDED_A_DAY {
            warn!(%user, "User has ended too many tokens and tickets today");
            return Err(Busy.into());
        }
        self.state.set_flag(kind, key, until).await?;
        Ok(())
    }

    /// Makes sure that the password in a token does not go to several farms after it was changed
    /// (see [`crate::auth::password_check`]), nor to one that is known to be refused; and where no farm would find
    /// out, that one has taken it.
    pub(crate) async fn admit(
        &self,
        trail: &AuditScope,
        user: &User,
        space: &ProtectionSpace,
        reach: Reach,
    ) -> Result<(), ApiError> {
        let standing = match (self.standings.of(user).await, reach) {
            (Some(PasswordCheck::Doubted), _) | (None, Reach::SeveralFarms | Reach::NoFarm) => {
                self.check_password(user.clone()).await?
            }
            (Some(standing), _) => standing,
            (None, Reach::OneFarm) => PasswordCheck::Unsure,
        };
        match standing {
            PasswordCheck::Refused(reason) => {
                info!(user = %user.key, ?reason, "Password of a token is not good any more");
                trail.note(Event::token_refused(
                    Some(user),
                    space.realm.as_str(),
                    reason,
                ));
                Err(ApiError::Unauthorized(Box::new(space.challenge(reason))))
            }
            PasswordCheck::Unsure | PasswordCheck::Doubted if reach == Reach::NoFarm => {
                Err(ApiError::FarmUnavailable)
            }
            PasswordCheck::Good | PasswordCheck::Unsure | PasswordCheck::Doubted => Ok(()),
        }
    }

    /// A check is not given up half way: whoever came next would present the password again.
    async fn check_password(&self, user: User) -> Result<PasswordCheck, ApiError> {
        let (standings, farms) = (Arc::clone(&self.standings), self.credentials.clone());
        self.to_the_end(async move { standings.settle(&user, farms.check_password(&user)).await })
            .await
    }

    /// Takes note of a sign-in: the password is good, and what the user may start is asked anew.
    pub(crate) async fn note_sign_in(&self, user: &UserKey, password: &SecretString) {
        self.standings.confirm(user, password).await;
        for farm in self.stores.iter().flat_map(|site| site.store.farms()) {
            farm.forget_enumeration(user).await;
        }
    }

    /// Takes note that a password was replaced: from now on no token with it goes to a farm.
    pub(crate) async fn note_password_change(&self, user: &UserKey, old: &SecretString) {
        self.standings.replace(user, old).await;
    }

    /// Runs something that changes sessions to its end, also when the client goes away meanwhile.
    ///
    /// It begins at once, whether or not anybody waits for its end.
    pub(crate) fn to_the_end<T, C>(
        &self,
        change: C,
    ) -> impl Future<Output = Result<T, ApiError>> + use<T, C>
    where
        T: Send + 'static,
        C: Future<Output = T> + Send + 'static,
    {
        let ending = self.changes.spawn(change);
        async {
            ending
                .await
                .map_err(|error| ApiError::Internal(error.into()))
        }
    }

    /// Waits until what is under way has ended, up to a deadline, and is written down.
    pub(crate) async fn close(&self, deadline: Instant) {
        self.changes.close();
        if timeout_at(deadline, self.changes.wait()).await.is_err() {
            warn!("Stopped before every farm had confirmed what was asked of it");
        }
        if self.audit.flush().await.is_err() {
            warn!("Stopped before the audit log was written");
        }
    }

    /// Answers a request, and leaves a line in the log and a count in the metrics.
    pub(crate) async fn answer(self: &Arc<Self>, request: http::Request<Incoming>) -> Response {
        let started = Instant::now();
        let id = RequestId::new();
        let method = request.method().clone();
        // A copy, since the identifiers of a route are slices of the path.
        let path = request.uri().path().to_owned();
        let stores = self.stores.iter().map(|site| site.path.as_str());
        let peer = request.extensions().get::<Peer>().copied();
        let client = peer.map(|peer| self.proxies.client(peer, request.headers()));
        let route = Route::of(&path, stores, self.authentication.path.as_str())
            .filter(|route| self.shows(*route, client));
        let answer = match route {
            _ if !host_header::is_named_once(&request) => {
                Err(ApiError::BadRequest(host_header::RULE.to_owned()))
            }
            None => Err(ApiError::NotFound),
            Some(route) if !route.allows(&method) => Err(ApiError::MethodNotAllowed {
                allow: route.allow(),
            }),
            Some(route) => self.answer_at(route, client, id, request).await,
        };
        let mut answer = answer.unwrap_or_else(ApiError::into_answer);
        let (route, status) = (route.map_or("none", Route::name), answer.status().as_u16());
        let took = started.elapsed();
        self.metrics.note(route, status, took);
        let took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        info!(request = %id, %method, route, status, took_us, "Answered");
        if let Ok(id) = HeaderValue::try_from(id.to_string()) {
            answer.headers_mut().insert("x-request-id", id);
        }
        if self.secure {
            let headers = answer.headers_mut();
            headers.insert(STRICT_TRANSPORT_SECURITY, STRICT);
        }
        answer
    }

    /// Answers a request whose path and method are good, if there is a place for it.
    async fn answer_at(
        self: &Arc<Self>,
        route: Route<'_>,
        client: Option<Client>,
        id: RequestId,
        request: http::Request<Incoming>,
    ) -> Result<Response, ApiError> {
        let _place = self.place(route, client)?;
        let request = Request::new(request, id, client, self.body_deadline);
        routes::answer(self, route, request).await
    }

    /// A place for a request. What tells operators that there are too few needs none.
    fn place(&self, route: Route<'_>, client: Option<Client>) -> Result<Option<Permit>, ApiError> {
        if matches!(route, Route::Health | Route::Metrics) {
            return Ok(None);
        }
        let counted = client.and_then(|client| client.counted());
        self.places.take(counted).map(Some).map_err(|full| {
            self.metrics.listener.note_refused_request(full);
            ApiError::TooManyRequests
        })
    }

    /// Whether a client learns that there is such a resource.
    fn shows(&self, route: Route<'_>, client: Option<Client>) -> bool {
        route != Route::Metrics || client.is_some_and(|client| client.is_in(&self.metrics_from))
    }
}
