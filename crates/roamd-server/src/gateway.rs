//! The gateway: what it is made of, and its life from bound port to stop.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use futures_util::future::OptionFuture;
use http::header::HeaderValue;
use ipnet::IpNet;
use jiff::Timestamp;
use roamd_citrixauth::{
    Audience, AudienceError, Conversations, Domain, FormPolicy, Presented, Realm, Revocation,
    TokenPolicy, TokenService,
};
use roamd_http::{Answer, Incoming, Listener, Peer, Place, Places, Server, Tls};
use roamd_nfuse_client::{Observer, TlsError};
use roamd_seal::KeyRing;
use roamd_sessions::{Farm, Store, User, UserKey};
use roamd_state::{Digest, MarkKind, OpenError, SharedState};
use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

use crate::audit::{AuditError, AuditLog, Event, Trail};
use crate::config::{self, Config, CredentialCheck, Scheme};
use crate::data_dir::DataDirError;
use crate::environment::{Environment, rng};
use crate::farms::{self, CredentialFarms, NfuseFarm, TicketAuthorities};
use crate::guessing::Guessing;
use crate::host;
use crate::identity::{self, IdentityFileError, Rereading};
use crate::keys::{KeyFile, KeyKeeper, KeysError};
use crate::metrics::{FarmCounts, Metrics};
use crate::proxies::{Client, Proxies};
use crate::pulse::Pulse;
use crate::refused::Refused;
use crate::request::{Request, RequestId};
use crate::route::Route;
use crate::routes;
use crate::site::{AuthenticationSite, ProtectionSpace, StoreSite};
use crate::standing::{Standing, Standings};

/// How long changes that are under way may take after the last answer.
const DRAIN: Duration = Duration::from_secs(10);

/// Shortest lifetime of a token (CA-30).
const TOKEN_LIFETIME_MIN: Duration = Duration::from_secs(300);

/// Why the gateway does not start.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The address cannot be used.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The data folder cannot be made or used.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// There are no keys.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// There is no shared state.
    #[error(transparent)]
    State(#[from] OpenError),
    /// There is no audit log.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// The listener cannot have TLS.
    #[error("cannot use the certificate of [tls]")]
    Identity(#[from] IdentityFileError),
    /// A farm cannot be reached through TLS.
    #[error("cannot use TLS to the controllers of the farm {farm}")]
    FarmTls {
        /// Its id.
        farm: String,
        /// Why.
        source: TlsError,
    },
    /// The ticket authorities of a store's gateway cannot be reached through TLS.
    #[error("cannot use TLS to the ticket authorities of the store {store}")]
    AuthorityTls {
        /// Its path.
        store: String,
        /// Why.
        source: TlsError,
    },
    /// The base URL has no audience.
    #[error("the base URL {base_url} cannot be the audience of tokens")]
    Audience {
        /// The base URL.
        base_url: String,
        /// Why.
        source: AudienceError,
    },
}

/// A gateway that is ready to run.
pub struct Gateway<L = TcpListener> {
    listener: L,
    server: Server,
    gate: Arc<Gate>,
    /// Nothing where the keys are in no file.
    keeper: Option<KeyKeeper>,
    rereading: Option<Rereading>,
    asked_to_reread: Arc<Notify>,
}

/// What every request shares.
pub(crate) struct Gate {
    pub(crate) stores: Vec<StoreSite>,
    pub(crate) authentication: AuthenticationSite,
    /// Scheme, host and port that tokens belong to.
    pub(crate) audience: Audience,
    /// Clients come by https, maybe through a proxy.
    pub(crate) secure: bool,
    pub(crate) tokens: TokenService,
    pub(crate) conversations: Conversations,
    pub(crate) credentials: CredentialFarms,
    pub(crate) guessing: Guessing,
    standings: Arc<Standings>,
    pub(crate) keys: Arc<KeyRing>,
    pub(crate) state: Box<dyn SharedState>,
    pub(crate) metrics: Metrics,
    audit: AuditLog,
    clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    changes: TaskTracker,
    proxies: Proxies,
    /// Clients that may see the metrics.
    metrics_from: Vec<IpNet>,
    /// Requests that are being answered.
    places: Arc<Places>,
    body_deadline: Duration,
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

impl Gateway {
    /// Binds the configured address and opens keys and state.
    ///
    /// # Errors
    /// Why it does not start.
    pub async fn bind(config: Config) -> Result<Self, ServerError> {
        let address = config.listen;
        let listener = TcpListener::bind(address)
            .await
            .map_err(|source| ServerError::Listen { address, source })?;
        Self::with_listener(&config, listener)
    }

    /// The same on a listener that is bound already.
    ///
    /// # Errors
    /// Why it does not start.
    pub fn with_listener(config: &Config, listener: TcpListener) -> Result<Self, ServerError> {
        let environment = Environment::of_system(config)?;
        let keeper = KeyKeeper::new(
            KeyFile::of(&config.data_dir),
            Arc::clone(&environment.keys),
            config.keys.rotate_after,
            config.authentication.token_lifetime_max,
        );
        Ok(Self {
            keeper: Some(keeper),
            ..Self::in_environment(config, listener, environment)?
        })
    }

    /// The address that it listens on.
    ///
    /// # Errors
    /// The system does not tell.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

impl<L: Listener> Gateway<L> {
    /// A gateway in another world than the system's.
    ///
    /// # Errors
    /// Why it does not start.
    pub fn in_environment(
        config: &Config,
        listener: L,
        environment: Environment,
    ) -> Result<Self, ServerError> {
        let gate = Arc::new(Gate::new(config, environment)?);
        let front = &config.front;
        let metrics = &gate.metrics.listener;
        let asked_to_reread = Arc::new(Notify::new());
        let mut tls = None;
        let mut rereading = None;
        if let Some(files) = &front.tls {
            let identity = identity::read(files)?;
            let now = u64::try_from(gate.now().as_second()).unwrap_or_default();
            if !identity.is_valid_at(UNIX_EPOCH + Duration::from_secs(now)) {
                warn!("Certificate of the listener is not valid now; most clients refuse it");
            }
            metrics.note_expiry(identity.expiry());
            let made = Tls::new(identity);
            let (asked, metrics) = (Arc::clone(&asked_to_reread), metrics.clone());
            rereading = Some(Rereading::new(files.clone(), made.clone(), asked, metrics));
            tls = Some(made);
        } else if gate.secure && front.trusted_proxies.is_empty() {
            warn!(
                "Every client seems to come from the proxy that ends TLS; name it in trusted_proxies"
            );
        }
        let server = Server::new(front.limits.connections)
            .with_tls(tls)
            .with_shared_by_many(front.trusted_proxies.clone())
            .with_observer(Arc::new(metrics.clone()));
        Ok(Self {
            listener,
            server,
            gate,
            rereading,
            asked_to_reread,
            keeper: None,
        })
    }

    /// Notified, it looks at once whether the files of its certificate have changed; else it does so
    /// every few seconds. However often it is notified, it looks once a second at most.
    #[must_use]
    pub fn certificate_changed(&self) -> Arc<Notify> {
        Arc::clone(&self.asked_to_reread)
    }

    /// The URLs of its stores, in configured order.
    #[must_use]
    pub fn store_urls(&self) -> Vec<String> {
        self.gate
            .stores
            .iter()
            .map(|store| store.url.clone())
            .collect()
    }

    /// Feels whether it works inside while it runs.
    #[must_use]
    pub fn pulse(&self) -> Pulse {
        Pulse::of(&self.gate)
    }

    /// Serves until `shutdown`, lets what is under way finish, and returns.
    pub async fn run(self, shutdown: CancellationToken) {
        let keeping = self.keeper.map(|keeper| keeper.keep(shutdown.clone()));
        let keeping = keeping.map(tokio::spawn);
        let gate = Arc::clone(&self.gate);
        let service = move |request| {
            let gate = Arc::clone(&gate);
            async move { gate.answer(request).await }
        };
        let rereading = self.rereading.map(|it| it.run(shutdown.clone()));
        let rereading = rereading.map(tokio::spawn);
        self.server.serve(self.listener, shutdown, service).await;
        if let Some(Err(error)) = OptionFuture::from(keeping).await {
            warn!(%error, "Keys were not followed to the end");
        }
        if let Some(rereading) = rereading {
            // It has stopped with the listener, or failed, which changes nothing any more.
            rereading.await.ok();
        }
        self.gate.changes.close();
        if tokio::time::timeout(DRAIN, self.gate.changes.wait())
            .await
            .is_err()
        {
            warn!("Stopped before every farm had confirmed what was asked of it");
        }
        self.gate.audit.flush().await;
    }
}

impl Gate {
    fn new(config: &Config, environment: Environment) -> Result<Self, ServerError> {
        let Environment {
            keys,
            state,
            network,
            audit,
            clock,
        } = environment;
        let base = &config.base_url;
        let sign_in = &config.authentication;
        let authentication = AuthenticationSite::new(base, sign_in);
        let audience = base
            .to_string()
            .parse()
            .map_err(|source| ServerError::Audience {
                base_url: base.to_string(),
                source,
            })?;
        let standings = Arc::new(Standings::new(&mut rng()));
        let mut metrics = Metrics::default();
        metrics.watch_audit(&audit);
        let farm = |farm: &config::Farm, authorities| {
            let counts = metrics.farms.of(&farm.id, &farm.controllers);
            let standings = Arc::clone(&standings);
            NfuseFarm::new(farm, &network, standings, authorities, counts).map_err(|source| {
                ServerError::FarmTls {
                    farm: farm.id.clone(),
                    source,
                }
            })
        };
        let authorities = |store: &config::Store| {
            let Some(gateway) = &store.gateway else {
                return Ok::<_, ServerError>(None);
            };
            let id = farms::authorities_id(store);
            let counts = Arc::new(metrics.farms.of_authorities(&id, &gateway.authorities));
            let observer: Arc<dyn Observer> = Arc::<FarmCounts>::clone(&counts);
            let client = farms::authorities(store, gateway, Arc::clone(&network), Some(observer))
                .map_err(|source| ServerError::AuthorityTls {
                store: store.path.to_string(),
                source,
            })?;
            let client = Arc::new(client);
            Ok(Some(TicketAuthorities { client, counts }))
        };
        let site = |store: &config::Store| {
            let authorities = authorities(store)?;
            let farms = store.farms.iter();
            let farms: Result<Vec<_>, _> = farms.map(|it| farm(it, authorities.clone())).collect();
            let access = store.gateway.as_ref().map(|gateway| gateway.access.clone());
            let domain = Store::new(farms?, Arc::clone(&keys)).with_remote_access(access);
            let site = StoreSite::new(base, &authentication, store, domain);
            Ok((site, authorities))
        };
        let sites: Result<Vec<_>, ServerError> = config.stores.iter().map(site).collect();
        let (stores, authorities): (Vec<_>, Vec<_>) = sites?.into_iter().unzip();
        let farms = stores.iter().flat_map(|site| site.store.farms());
        let authorities = authorities.into_iter().flatten().map(|them| them.client);
        metrics.watch(farms.cloned().collect(), authorities.collect());
        let farms = stores
            .iter()
            .flat_map(|site| site.store.farms())
            .filter(|farm| match &sign_in.credentials {
                CredentialCheck::FirstFarm => true,
                CredentialCheck::Farm(id) => farm.description().id.as_str() == id,
            });
        let credentials = CredentialFarms::new(farms.cloned());
        let forms = format!("{}/ExplicitForms", sign_in.path);
        Ok(Self {
            tokens: TokenService::new(
                Arc::clone(&keys),
                TokenPolicy {
                    // Not its URL: the audience tells that, with a reason of its own.
                    issuer: authentication.tokens.realm.to_string(),
                    default_lifetime: sign_in.token_lifetime,
                    max_lifetime: sign_in.token_lifetime_max,
                    min_lifetime: TOKEN_LIFETIME_MIN,
                },
            ),
            conversations: Conversations::new(
                Arc::clone(&keys),
                FormPolicy {
                    domains: sign_in
                        .domains
                        .iter()
                        .map(|name| Domain {
                            display: name.clone(),
                            value: name.clone(),
                        })
                        .collect(),
                    default_domain: sign_in.default_domain.clone(),
                    cookie_name: sign_in.cookie_name.clone(),
                    max_attempts: FormPolicy::MAX_ATTEMPTS,
                    lifetime: FormPolicy::LIFETIME,
                    post_back: format!("{forms}/AuthenticateAttempt"),
                    cancel_post_back: format!("{forms}/CancelAuthenticate"),
                },
            ),
            stores,
            authentication,
            audience,
            secure: base.scheme() == Scheme::Https,
            credentials,
            guessing: Guessing::new(config.guessing),
            standings,
            keys,
            state,
            metrics,
            audit,
            clock,
            changes: TaskTracker::new(),
            proxies: Proxies::new(config.front.trusted_proxies.clone()),
            metrics_from: config.front.metrics_from.clone(),
            places: Places::new(
                config.front.limits.requests,
                config.front.limits.requests_per_client,
            ),
            body_deadline: config.front.limits.body,
        })
    }

    /// The time that a request is judged by.
    pub(crate) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// What a request leaves in the audit log.
    pub(crate) fn trail(&self, request: RequestId, address: Option<IpAddr>) -> Trail {
        Trail {
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

    /// Whether a token was destroyed, or the one that it comes from.
    pub(crate) async fn is_revoked(&self, token: &Presented) -> Result<bool, Refused> {
        let keys = token.ids().map(|id| Digest::of(id.as_bytes()));
        let kind = MarkKind::RevokedToken;
        Ok(self.state.any_marked(kind, keys, self.now()).await?)
    }

    /// Makes sure that a token works nowhere any more, nor what comes from it.
    pub(crate) async fn revoke(&self, revocation: &Revocation) -> Result<(), Refused> {
        let key = Digest::of(revocation.id.as_bytes());
        let kind = MarkKind::RevokedToken;
        self.state.mark(kind, key, revocation.until).await?;
        Ok(())
    }

    /// Makes sure that the password in a token does not go to several farms after it was changed
    /// (see [`crate::standing`]), nor to one that is known to be refused.
    pub(crate) async fn admit(
        &self,
        trail: &Trail,
        user: &User,
        space: &ProtectionSpace,
        reach: Reach,
    ) -> Result<(), Refused> {
        let standing = match (self.standings.of(user).await, reach) {
            (Some(Standing::Doubted), _) | (None, Reach::SeveralFarms | Reach::NoFarm) => {
                self.check_password(user.clone()).await?
            }
            (Some(standing), _) => standing,
            (None, Reach::OneFarm) => Standing::Unsure,
        };
        match standing {
            Standing::Refused(reason) => {
                info!(user = %user.key, ?reason, "Password of a token is not good any more");
                trail.note(Event::token_refused(
                    Some(user),
                    space.realm.as_str(),
                    reason,
                ));
                Err(Refused::Unauthorized(Box::new(space.challenge(reason))))
            }
            Standing::Good | Standing::Unsure | Standing::Doubted => Ok(()),
        }
    }

    /// A check is not given up half way: whoever came next would present the password again.
    async fn check_password(&self, user: User) -> Result<Standing, Refused> {
        let (standings, farms) = (Arc::clone(&self.standings), self.credentials.clone());
        self.to_the_end(async move { standings.settle(&user, farms.standing(&user)).await })
            .await
    }

    /// Takes note of a sign-in: the password is good, and what the user may start is asked anew.
    pub(crate) async fn note_sign_in(&self, user: &UserKey, password: &SecretString) {
        self.standings.confirm(user, password).await;
        for farm in self.stores.iter().flat_map(|site| site.store.farms()) {
            farm.forget_catalogue(user).await;
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
    ) -> impl Future<Output = Result<T, Refused>> + use<T, C>
    where
        T: Send + 'static,
        C: Future<Output = T> + Send + 'static,
    {
        let ending = self.changes.spawn(change);
        async {
            ending
                .await
                .map_err(|error| Refused::Internal(error.into()))
        }
    }

    /// Answers a request, and leaves a line in the log and a count in the metrics.
    async fn answer(self: Arc<Self>, request: http::Request<Incoming>) -> Answer {
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
            _ if !host::is_named_once(&request) => Err(Refused::BadRequest(host::RULE.to_owned())),
            None => Err(Refused::NotFound),
            Some(route) if !route.allows(&method) => Err(Refused::MethodNotAllowed {
                allow: route.allow(),
            }),
            Some(route) => self.answer_at(route, client, id, request).await,
        };
        let mut answer = answer.unwrap_or_else(Refused::into_answer);
        let (route, status) = (route.map_or("none", Route::name), answer.status().as_u16());
        let took = started.elapsed();
        self.metrics.note(route, status, took);
        let took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        info!(request = %id, %method, route, status, took_us, "Answered");
        if let Ok(id) = HeaderValue::try_from(id.to_string()) {
            answer.headers_mut().insert("x-request-id", id);
        }
        answer
    }

    /// Answers a request whose path and method are good, if there is a place for it.
    async fn answer_at(
        &self,
        route: Route<'_>,
        client: Option<Client>,
        id: RequestId,
        request: http::Request<Incoming>,
    ) -> Result<Answer, Refused> {
        let _place = self.place(route, client)?;
        let request = Request::new(request, id, client, self.body_deadline);
        routes::answer(self, route, request).await
    }

    /// A place for a request. What tells operators that there are too few needs none.
    fn place(&self, route: Route<'_>, client: Option<Client>) -> Result<Option<Place>, Refused> {
        if matches!(route, Route::Health | Route::Metrics) {
            return Ok(None);
        }
        let counted = client.and_then(|client| client.counted());
        self.places.take(counted).map(Some).map_err(|full| {
            self.metrics.listener.note_refused_request(full);
            Refused::NoPlace
        })
    }

    /// Whether a client learns that there is such a resource.
    fn shows(&self, route: Route<'_>, client: Option<Client>) -> bool {
        route != Route::Metrics || client.is_some_and(|client| client.is_in(&self.metrics_from))
    }
}
