//! Builds the state of requests from the configuration.

use std::sync::Arc;
use std::time::Duration;

use roamd_citrixauth::{Conversations, Domain, FormPolicy, NamedSids, TokenPolicy, TokenService};
use roamd_sessions::{Farm, Sid, Store, StoreRules};

use crate::app::environment::Environment;
use crate::app::lasting::Lasting;
use crate::app::state::{AppState, HostedStore};
use crate::auth::login_throttle::LoginThrottle;
use crate::auth::password_checks::PasswordChecks;
use crate::auth::recent_tokens::RecentTokens;
use crate::auth::retry_key::RetryKeys;
use crate::auth::revocation::Revocations;
use crate::auth::user_blocks::UserBlocks;
use crate::config::{self, Config, CredentialCheck};
use crate::error::ServerError;
use crate::farms::{CredentialFarms, FarmSetup, FarmsMemory, NfuseFarm, TicketAuthorities};
use crate::http::base_url::{Audiences, PerBaseUrl};
use crate::http::client_address::TrustedProxies;
use crate::http::urls::{AuthUrls, StoreUrls};
use crate::http::web_site::WebSite;

/// Shortest lifetime of a token (CA-30).
const TOKEN_LIFETIME_MIN: Duration = Duration::from_secs(300);

impl AppState {
    /// Builds the state of a configuration. With the state of the `previous` one, farms and ticket
    /// authorities keep what they know and count. Changes nothing outside of the new state.
    ///
    /// # Errors
    /// If TLS to a farm or ticket authority cannot be set up, or a base URL cannot be an audience.
    pub(super) fn new(
        config: &Config,
        lasting: &Lasting,
        previous: Option<&Self>,
    ) -> Result<Self, ServerError> {
        let auth_urls = PerBaseUrl::try_new(&config.base_urls, |base| {
            AuthUrls::new(base, &config.authentication).map_err(|source| ServerError::Audience {
                base_url: base.to_string(),
                source,
            })
        })?;
        let audiences = auth_urls.map(|urls| urls.tokens.audience.clone());
        let stores = stores(config, lasting, &auth_urls, previous)?;
        let farms = || stores.iter().flat_map(|store| store.service.farms());
        let Environment {
            keys,
            state: shared,
            audit,
            tracer,
            clock,
            network: _,
        } = lasting.environment.clone();
        let changes = lasting.changes.clone();
        let named_sids = Arc::new(named_sids(config));
        let credential_farms = credential_farms(&config.authentication, farms(), &named_sids);
        let ticket_lifetimes = farms().map(|farm| farm.description().ticket_time_to_live);
        Ok(Self {
            tokens: TokenService::new(
                Arc::clone(&keys),
                token_policy(&config.authentication, auth_urls.canonical()),
            ),
            recent_tokens: RecentTokens::default(),
            conversations: Conversations::new(
                Arc::clone(&keys),
                form_policy(&config.authentication),
            ),
            password_checks: PasswordChecks::new(
                Arc::clone(&lasting.password_checks),
                credential_farms.clone(),
                changes.clone(),
                Arc::clone(&lasting.check_rates),
            ),
            credential_farms,
            named_sids,
            login_throttle: Arc::new(LoginThrottle::new(
                config.login_throttle,
                lasting.login_checks.clone(),
                Arc::clone(&shared),
                Arc::clone(&clock),
            )),
            stranger_writes: lasting.stranger_writes.clone(),
            revocations: Revocations::new(
                Arc::clone(&shared),
                Arc::clone(&clock),
                ticket_lifetimes,
            ),
            user_blocks: UserBlocks::new(Arc::clone(&shared), Arc::clone(&clock)),
            stores,
            base_urls: config.base_urls.iter().map(ToString::to_string).collect(),
            auth_path: config.authentication.path.clone(),
            auth_urls,
            audiences: Audiences::new(config.base_urls.scheme(), audiences),
            web: Arc::clone(&lasting.web),
            retry_keys: RetryKeys::new(keys, Arc::clone(&shared)),
            shared,
            shared_check: Arc::clone(&lasting.shared_check),
            metrics: Arc::clone(&lasting.metrics),
            audit,
            tracer,
            clock,
            changes,
            large_work: lasting.large_work.clone(),
            trusted_proxies: TrustedProxies::new(config.listener.trusted_proxies.clone()),
            probe_interval: config.probe_interval,
            metrics_from: config.listener.metrics_from.clone(),
            request_limiter: Arc::clone(&lasting.request_limiter),
            limits: config.listener.limits,
        })
    }
}

/// Connects the configured stores to their farms and ticket authorities.
fn stores(
    config: &Config,
    lasting: &Lasting,
    auth_urls: &PerBaseUrl<AuthUrls>,
    previous: Option<&AppState>,
) -> Result<Vec<HostedStore>, ServerError> {
    let environment = &lasting.environment;
    let mut stores = Vec::with_capacity(config.stores.len());
    let farms = config.stores.iter().map(|store| store.farms.len()).sum();
    let memory = lasting.farms_memory.of_farms(farms);
    for store in &config.stores {
        let authorities = ticket_authorities(store, lasting, &memory, previous)?;
        let farm = |farm: &config::Farm| {
            let setup = FarmSetup {
                config: farm.clone(),
                network: Arc::clone(&environment.network),
                password_checks: Arc::clone(&lasting.password_checks),
                authorities: Arc::clone(&authorities),
                counts: lasting.metrics.farms.of(&farm.id, &farm.controllers),
                clock: Arc::clone(&environment.clock),
                memory: memory.clone(),
            };
            let mut known = previous.into_iter().flat_map(AppState::farms);
            let previous = known.find(|known| known.id() == farm.id);
            NfuseFarm::new(setup, previous).map_err(|source| ServerError::FarmTls {
                farm: farm.id.clone(),
                source,
            })
        };
        let farms: Result<Vec<_>, _> = store.farms.iter().map(farm).collect();
        let service = Store::new(farms?, Arc::clone(&environment.keys)).with_rules(rules(store));
        let site = store.web.as_ref();
        stores.push(HostedStore {
            path: store.path.clone(),
            urls: auth_urls.map(|auth_urls| Arc::new(StoreUrls::new(auth_urls, &store.path))),
            site: site.map(|site| auth_urls.map(|auth_urls| WebSite::new(auth_urls, site))),
            spelling: store.spelling,
            client_name_length: store.client_name_length,
            roaming: store.roaming.clone(),
            service: Arc::new(service),
            authorities,
        });
    }
    Ok(stores)
}

/// The rules of a store about farms, resources and launches.
fn rules(store: &config::Store) -> StoreRules {
    StoreRules {
        mappings: store.mappings.clone(),
        filter: store.filter.clone(),
        override_client_name: store.override_ica_client_name,
        gateways: store
            .gateways
            .iter()
            .map(|gateway| gateway.access.clone())
            .collect(),
    }
}

/// The ticket authorities of each Citrix Gateway of a store.
fn ticket_authorities(
    store: &config::Store,
    lasting: &Lasting,
    memory: &FarmsMemory,
    previous: Option<&AppState>,
) -> Result<Arc<[TicketAuthorities]>, ServerError> {
    let mut known = previous.into_iter().flat_map(|state| &state.stores);
    let previous = known.find(|known| known.path == store.path);
    let numbered = (1..).zip(&store.gateways);
    let all = numbered.map(|(number, gateway)| {
        let id = TicketAuthorities::id(store, number);
        let counts = lasting
            .metrics
            .farms
            .of_authorities(&id, &gateway.authorities);
        let network = Arc::clone(&lasting.environment.network);
        let mut previous = previous.into_iter().flat_map(|it| it.authorities.iter());
        let previous = previous.find(|known| known.client().id() == id);
        TicketAuthorities::new(&id, gateway, network, counts, memory.answers(), previous)
    });
    let all: Result<_, _> = all.collect();
    all.map_err(|source| ServerError::AuthorityTls {
        store: store.path.to_string(),
        source,
    })
}

/// The security identifiers that the rules of all stores name.
fn named_sids(config: &Config) -> NamedSids {
    let stores = config.stores.iter();
    NamedSids::new(stores.flat_map(|store| store.sids().map(Sid::as_str)))
}

/// The farms that check passwords.
fn credential_farms<'a>(
    config: &config::Authentication,
    farms: impl Iterator<Item = &'a NfuseFarm>,
    named_sids: &Arc<NamedSids>,
) -> CredentialFarms {
    let checks = |farm: &&NfuseFarm| match &config.credentials {
        CredentialCheck::FirstFarm => true,
        CredentialCheck::Farm(id) => farm.description().id.as_str() == id,
    };
    CredentialFarms::new(
        farms.filter(checks).cloned(),
        &config.domains,
        config.password_change,
        Arc::clone(named_sids),
    )
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
        hide_domain_field: config.hide_domain_field,
        default_domain: config.default_domain.clone(),
        cookie_name: config.cookie_name.clone(),
        max_attempts: FormPolicy::MAX_ATTEMPTS,
        lifetime: FormPolicy::LIFETIME,
        post_back: format!("{forms}/AuthenticateAttempt"),
        cancel_post_back: format!("{forms}/CancelAuthenticate"),
    }
}
