//! The gateway: what it is made of, and its life from bound port to stop.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http::header::HeaderValue;
use jiff::Timestamp;
use roamd_citrixauth::{
    Audience, AudienceError, Conversations, Domain, FormPolicy, Realm, TokenPolicy, TokenService,
};
use roamd_http::{Answer, Incoming, Limits, Listener};
use roamd_nfuse_client::TlsError;
use roamd_seal::KeyRing;
use roamd_sessions::{Farm, Store, User, UserKey};
use roamd_state::{OpenError, SharedState};
use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::info;

use crate::config::{self, Config, CredentialCheck, Scheme};
use crate::environment::{Environment, rng};
use crate::farms::{self, CredentialFarms, NfuseFarm};
use crate::guessing::Guessing;
use crate::keys::KeysError;
use crate::metrics::Metrics;
use crate::refused::Refused;
use crate::request::Request;
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
    #[error("cannot use the data folder {}", .path.display())]
    DataDir {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There are no keys.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// There is no shared state.
    #[error(transparent)]
    State(#[from] OpenError),
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
    gate: Arc<Gate>,
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
    clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    changes: TaskTracker,
}

/// How many farms an operation asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// One: its own answer tells whether the password is good.
    OneFarm,
    /// All of a store that has several.
    SeveralFarms,
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
        let environment = Environment::of_system(&config.data_dir)?;
        Self::in_environment(config, listener, environment)
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
        Ok(Self {
            listener,
            gate: Arc::new(Gate::new(config, environment)?),
        })
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

    /// Serves until `shutdown`, lets what is under way finish, and returns.
    pub async fn run(self, shutdown: CancellationToken) {
        let gate = Arc::clone(&self.gate);
        let service = move |request| {
            let gate = Arc::clone(&gate);
            async move { gate.answer(request).await }
        };
        roamd_http::serve(self.listener, Limits::default(), shutdown, service).await;
        self.gate.changes.close();
        if tokio::time::timeout(DRAIN, self.gate.changes.wait())
            .await
            .is_err()
        {
            tracing::warn!("Stopped before every farm had confirmed what was asked of it");
        }
    }
}

impl Gate {
    fn new(config: &Config, environment: Environment) -> Result<Self, ServerError> {
        let Environment {
            keys,
            state,
            network,
            clock,
        } = environment;
        let base = &config.base_url;
        let sign_in = &config.authentication;
        let authentication = AuthenticationSite::new(base, &sign_in.path);
        let audience = base
            .to_string()
            .parse()
            .map_err(|source| ServerError::Audience {
                base_url: base.to_string(),
                source,
            })?;
        let standings = Arc::new(Standings::new(&mut rng()));
        let mut metrics = Metrics::default();
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
                return Ok(None);
            };
            let id = farms::authorities_id(store);
            let counts = Arc::new(metrics.farms.attempts_of(&id, &gateway.authorities));
            farms::authorities(store, gateway, Arc::clone(&network), Some(counts))
                .map(|client| Some(Arc::new(client)))
                .map_err(|source| ServerError::AuthorityTls {
                    store: store.path.to_string(),
                    source,
                })
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
        let authorities = authorities.into_iter().flatten();
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
            clock,
            changes: TaskTracker::new(),
        })
    }

    /// The time that a request is judged by.
    pub(crate) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// Realms that tokens may be asked for: the stores, and the token service itself.
    pub(crate) fn realms(&self) -> Vec<Realm> {
        self.stores
            .iter()
            .map(|site| &site.sessions.realm)
            .chain([&self.authentication.tokens.realm])
            .cloned()
            .collect()
    }

    /// Makes sure that the password in a token does not go to several farms after it was changed
    /// (see [`crate::standing`]), nor to one that is known to be refused.
    pub(crate) async fn admit(
        &self,
        user: &User,
        space: &ProtectionSpace,
        reach: Reach,
    ) -> Result<(), Refused> {
        let standing = match (self.standings.of(user).await, reach) {
            (Some(Standing::Doubted), _) | (None, Reach::SeveralFarms) => {
                self.check_password(user.clone()).await?
            }
            (Some(standing), _) => standing,
            (None, Reach::OneFarm) => Standing::Unsure,
        };
        match standing {
            Standing::Refused(reason) => {
                info!(user = %user.key, ?reason, "Password of a token is not good any more");
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
        let id = request_id();
        let method = request.method().clone();
        // A copy, since the identifiers of a route are slices of the path.
        let path = request.uri().path().to_owned();
        let stores = self.stores.iter().map(|site| site.path.as_str());
        let route = Route::of(&path, stores, self.authentication.path.as_str());
        let mut answer = match route {
            None => Refused::NotFound.into_answer(),
            Some(route) if !route.allows(&method) => Refused::MethodNotAllowed {
                allow: route.allow(),
            }
            .into_answer(),
            Some(route) => routes::answer(&self, route, Request::new(request))
                .await
                .unwrap_or_else(Refused::into_answer),
        };
        let (route, status) = (route.map_or("none", Route::name), answer.status().as_u16());
        let took = started.elapsed();
        self.metrics.note(route, status, took);
        let took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        info!(request = id, %method, route, status, took_us, "Answered");
        if let Ok(id) = HeaderValue::try_from(id) {
            answer.headers_mut().insert("x-request-id", id);
        }
        answer
    }
}

/// Finds the log line of an answer.
fn request_id() -> String {
    use getrandom::rand_core::Rng;
    format!("{:016x}", rng().next_u64())
}
