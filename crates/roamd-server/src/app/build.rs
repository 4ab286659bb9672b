//! Builds the shared state from the configuration.

use std::sync::Arc;
use std::time::Duration;

use roamd_citrixauth::{Conversations, Domain, FormPolicy, TokenPolicy, TokenService};
use roamd_nfuse_client::{Network, Observer};
use roamd_sessions::{Farm, Store};

use crate::app::environment::Environment;
use crate::app::state::{AppState, HostedStore};
use crate::auth::login_throttle::LoginThrottle;
use crate::auth::password_checks::PasswordChecks;
use crate::auth::retry_key::RetryKeys;
use crate::auth::revocation::Revocations;
use crate::auth::user_blocks::UserBlocks;
use crate::changes::Changes;
use crate::clock::rng;
use crate::config::{self, Config, CredentialCheck};
use crate::error::ServerError;
use crate::farms::{
    CredentialFarms, FarmSetup, FarmsMemory, LARGE_LIST, NfuseFarm, PasswordCheckCache,
    TicketAuthorities,
};
use crate::http::base_url::{Audiences, PerBaseUrl};
use crate::http::client_address::TrustedProxies;
use crate::http::request_limiter::RequestLimiter;
use crate::http::urls::{AuthUrls, StoreUrls};
use crate::http::web_site::WebSite;
use crate::large_work::LargeRequestWork;
use crate::metrics::shared_state_check::SharedStateCheck;
use crate::metrics::{FarmCounts, Metrics};
use crate::web::Web;

/// Shortest lifetime of a token (CA-30).
const TOKEN_LIFETIME_MIN: Duration = Duration::from_secs(300);

impl AppState {
    /// Builds the state of a server in an environment.
    ///
    /// # Errors
    /// If TLS to a farm or ticket authority cannot be set up, or a base URL cannot be an audience.
    pub(crate) fn new(config: &Config, environment: Environment) -> Result<Self, ServerError> {
        let auth_urls = PerBaseUrl::try_new(&config.base_urls, |base| {
            AuthUrls::new(base, &config.authentication).map_err(|source| ServerError::Audience {
                base_url: base.to_string(),
                source,
            })
        })?;
        let audiences = auth_urls.map(|urls| urls.tokens.audience.clone());
        let password_checks = Arc::new(PasswordCheckCache::new(&mut rng()));
        let mut metrics = Metrics::default();
        metrics.watch_audit(&environment.audit);
        metrics.watch_traces(&environment.tracer);
        metrics.watch_state(&environment.state);
        let stores = stores(
            config,
            &environment,
            &auth_urls,
            &password_checks,
            &mut metrics,
        )?;
        let farms = || stores.iter().flat_map(|store| store.service.farms());
        let Environment {
            keys,
            state: shared,
            audit,
            tracer,
            clock,
            network: _,
        } = environment;
        let changes = Changes::default();
        let credential_farms = credential_farms(&config.authentication, farms());
        let ticket_lifetimes = farms().map(|farm| farm.description().ticket_time_to_live);
        Ok(Self {
            tokens: TokenService::new(
                Arc::clone(&keys),
                token_policy(&config.authentication, auth_urls.canonical()),
            ),
            conversations: Conversations::new(
                Arc::clone(&keys),
                form_policy(&config.authentication),
            ),
            password_checks: PasswordChecks::new(
                password_checks,
                credential_farms.clone(),
                changes.clone(),
            ),
            credential_farms,
            login_throttle: Arc::new(LoginThrottle::new(
                config.login_throttle,
                Arc::clone(&shared),
                Arc::clone(&clock),
            )),
            revocations: Revocations::new(
                Arc::clone(&shared),
                Arc::clone(&clock),
                ticket_lifetimes,
            ),
            user_blocks: UserBlocks::default(),
            stores,
            auth_path: config.authentication.path.clone(),
            auth_urls,
            audiences: Audiences::new(config.base_urls.scheme(), audiences),
            web: Web::new(Arc::clone(&keys), Arc::clone(&shared)),
            retry_keys: RetryKeys::new(keys, Arc::clone(&shared)),
            shared,
            shared_check: SharedStateCheck::default(),
            metrics,
            audit,
            tracer,
            clock,
            changes,
            large_work: LargeRequestWork::above(LARGE_LIST),
            trusted_proxies: TrustedProxies::new(config.listener.trusted_proxies.clone()),
            probe_interval: config.probe_interval,
            metrics_from: config.listener.metrics_from.clone(),
            request_limiter: RequestLimiter::new(
                config.listener.limits.requests,
                config.listener.limits.requests_per_client,
            ),
            body_timeout: config.listener.limits.body,
        })
    }
}

/// Connects the configured stores to their farms and ticket authorities.
fn stores(
    config: &Config,
    environment: &Environment,
    auth_urls: &PerBaseUrl<AuthUrls>,
    password_checks: &Arc<PasswordCheckCache>,
    metrics: &mut Metrics,
) -> Result<Vec<HostedStore>, ServerError> {
    let network = &environment.network;
    let mut stores = Vec::with_capacity(config.stores.len());
    let memory = FarmsMemory::new(config.stores.iter().map(|store| store.farms.len()).sum());
    for store in &config.stores {
        let authorities = ticket_authorities(store, network, metrics, &memory)?;
        let farm = |farm: &config::Farm| {
            let setup = FarmSetup {
                config: farm.clone(),
                network: Arc::clone(network),
                password_checks: Arc::clone(password_checks),
                authorities: authorities.clone(),
                counts: metrics.farms.of(&farm.id, &farm.controllers),
                clock: Arc::clone(&environment.clock),
                memory: memory.clone(),
            };
            NfuseFarm::new(setup).map_err(|source| ServerError::FarmTls {
                farm: farm.id.clone(),
                source,
            })
        };
        let farms: Result<Vec<_>, _> = store.farms.iter().map(farm).collect();
        let access = store.gateway.as_ref().map(|gateway| gateway.access.clone());
        let service = Store::new(farms?, Arc::clone(&environment.keys)).with_remote_access(access);
        let site = store.web.as_ref();
        stores.push(HostedStore {
            path: store.path.clone(),
            urls: auth_urls.map(|auth_urls| Arc::new(StoreUrls::new(auth_urls, &store.path))),
            site: site.map(|site| auth_urls.map(|auth_urls| WebSite::new(auth_urls, site))),
            spelling: store.spelling,
            client_name_length: store.client_name_length,
            service: Arc::new(service),
            authorities: authorities.map(|authorities| authorities.client),
        });
    }
    let farms = stores.iter().flat_map(|store| store.service.farms());
    let authorities = stores.iter().filter_map(|store| store.authorities.clone());
    metrics.watch(farms.cloned().collect(), authorities.collect());
    Ok(stores)
}

/// The ticket authorities of a store that is reached through Citrix Gateway.
fn ticket_authorities(
    store: &config::Store,
    network: &Arc<dyn Network>,
    metrics: &Metrics,
    memory: &FarmsMemory,
) -> Result<Option<TicketAuthorities>, ServerError> {
    let Some(gateway) = &store.gateway else {
        return Ok(None);
    };
    let id = TicketAuthorities::id(store);
    let counts = Arc::new(metrics.farms.of_authorities(&id, &gateway.authorities));
    let observer: Arc<dyn Observer> = Arc::<FarmCounts>::clone(&counts);
    let (network, answers) = (Arc::clone(network), memory.answers());
    let client = TicketAuthorities::client(store, gateway, network, Some(observer), answers)
        .map_err(|source| ServerError::AuthorityTls {
            store: store.path.to_string(),
            source,
        })?;
    let client = Arc::new(client);
    Ok(Some(TicketAuthorities { client, counts }))
}

/// The farms that check passwords.
fn credential_farms<'a>(
    config: &config::Authentication,
    farms: impl Iterator<Item = &'a NfuseFarm>,
) -> CredentialFarms {
    let checks = |farm: &&NfuseFarm| match &config.credentials {
        CredentialCheck::FirstFarm => true,
        CredentialCheck::Farm(id) => farm.description().id.as_str() == id,
    };
    CredentialFarms::new(farms.filter(checks).cloned(), &config.domains)
}

fn token_policy(config: &config::Authentication, auth_urls: &AuthUrls) -> TokenPolicy {
    TokenPolicy {
        // Not a URL: the audience holds that, and is refused with a reason of its own.
        issuer: auth_urls.tokens.realm.to_string(),
        default_lifetime: config.token_lifetime,
        max_lifetime: config.token_lifetime_max,
        min_lifetime: TOKEN_LIFETIME_MIN,
    }
}

fn form_policy(config: &config::Authentication) -> FormPolicy {
    let domain = |name: &String| Domain {
        display: name.clone(),
        value: name.clone(),
    };
    let forms = format!("{}/ExplicitForms", config.path);
    FormPolicy {
        domains: config.domains.iter().map(domain).collect(),
        default_domain: config.default_domain.clone(),
        cookie_name: config.cookie_name.clone(),
        max_attempts: FormPolicy::MAX_ATTEMPTS,
        lifetime: FormPolicy::LIFETIME,
        post_back: format!("{forms}/AuthenticateAttempt"),
        cancel_post_back: format!("{forms}/CancelAuthenticate"),
    }
}
