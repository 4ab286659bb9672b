//! Making it of a configuration.

use std::sync::Arc;
use std::time::Duration;

use roamd_citrixauth::{Conversations, Domain, FormPolicy, TokenPolicy, TokenService};
use roamd_http::ClientLimiter;
use roamd_nfuse_client::Observer;
use roamd_sessions::{Farm, Store};
use tokio_util::task::TaskTracker;

use crate::app::environment::{Environment, rng};
use crate::app::server::ServerError;
use crate::app::state::AppState;
use crate::auth::login_throttle::LoginThrottle;
use crate::auth::password_check::PasswordCheckCache;
use crate::config::{self, Config, CredentialCheck, Scheme};
use crate::farms::{CredentialFarms, NfuseFarm, TicketAuthorities};
use crate::http::client_address::Proxies;
use crate::http::urls::{AuthUrls, StoreUrls};
use crate::metrics::{FarmCounts, Metrics};

/// Shortest lifetime of a token (CA-30).
const TOKEN_LIFETIME_MIN: Duration = Duration::from_secs(300);

impl AppState {
    pub(crate) fn new(config: &Config, environment: Environment) -> Result<Self, ServerError> {
        let Environment {
            keys,
            state,
            network,
            audit,
            clock,
        } = environment;
        let base = &config.base_url;
        let sign_in = &config.authentication;
        let authentication = AuthUrls::new(base, sign_in);
        let audience = base
            .to_string()
            .parse()
            .map_err(|source| ServerError::Audience {
                base_url: base.to_string(),
                source,
            })?;
        let standings = Arc::new(PasswordCheckCache::new(&mut rng()));
        let mut metrics = Metrics::default();
        metrics.watch_audit(&audit);
        let farm = |farm: &config::Farm, authorities| {
            let counts = metrics.farms.of(&farm.id, &farm.controllers);
            let standings = Arc::clone(&standings);
            let clock = Arc::clone(&clock);
            NfuseFarm::new(
                farm.clone(),
                &network,
                standings,
                authorities,
                counts,
                clock,
            )
            .map_err(|source| ServerError::FarmTls {
                farm: farm.id.clone(),
                source,
            })
        };
        let authorities = |store: &config::Store| {
            let Some(gateway) = &store.gateway else {
                return Ok::<_, ServerError>(None);
            };
            let id = TicketAuthorities::id(store);
            let counts = Arc::new(metrics.farms.of_authorities(&id, &gateway.authorities));
            let observer: Arc<dyn Observer> = Arc::<FarmCounts>::clone(&counts);
            let client =
                TicketAuthorities::client(store, gateway, Arc::clone(&network), Some(observer))
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
            let site = StoreUrls::new(base, &authentication, store, domain);
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
            login_throttle: Arc::new(LoginThrottle::new(
                config.login_throttle,
                Arc::clone(&state),
                Arc::clone(&clock),
            )),
            standings,
            keys,
            state,
            metrics,
            audit,
            clock,
            changes: TaskTracker::new(),
            proxies: Proxies::new(config.listener.trusted_proxies.clone()),
            metrics_from: config.listener.metrics_from.clone(),
            places: ClientLimiter::new(
                config.listener.limits.requests,
                config.listener.limits.requests_per_client,
            ),
            body_deadline: config.listener.limits.body,
        })
    }
}
