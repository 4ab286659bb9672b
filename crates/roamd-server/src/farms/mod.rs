//! Farms as the domain sees them, reached over NFuse; in [`sign_in`], as those who check passwords.

mod address_request;
mod application;
mod errors;
mod fair_queue;
mod fair_semaphore;
mod icons;
mod operation;
pub(crate) mod probe;
mod sign_in;

use std::sync::Arc;
use std::time::Duration;

use moka::future::Cache;
use roamd_nfuse_client::{
    ControllerReport, FarmClient, FarmConfig, Network, Observer, StaClient, TlsError,
};
use roamd_nfuse_proto::{
    CapabilitiesRequest, CapabilityId, Credentials, Dialect, Domain, Password, PasswordEncoding,
};
use roamd_sessions::{
    Farm, FarmDescription, FarmError, FarmId, Generation, ResourceEnumeration, User, UserKey,
};
use secrecy::SecretString;
use tokio::time::Instant;

use self::errors::farm_error;
pub(crate) use self::fair_queue::Bounds;
pub(crate) use self::fair_semaphore::{FairSemaphore, Permit};
use self::icons::Pictures;
use self::operation::NfuseOperation;
pub(crate) use self::sign_in::CredentialFarms;
use crate::auth::password_check::PasswordCheckCache;
use crate::config;
use crate::metrics::{FarmCounts, OperationKind};

/// How long a user's catalogue is believed. It tells desktops from applications and gives titles,
/// which seldom change.
const CATALOGUE_LIFE: Duration = Duration::from_secs(60);

/// Bytes of all catalogues that are kept for one farm: those of thousands of users.
const CATALOGUE_BYTES: u64 = 16 << 20;

/// How long a farm's capabilities are believed.
const CAPABILITIES_LIFE: Duration = Duration::from_secs(300);

/// One farm, reached over NFuse. A clone is the same farm.
#[derive(Clone)]
pub(crate) struct NfuseFarm(Arc<Shared>);

struct Shared {
    description: FarmDescription,
    client: FarmClient,
    counts: Arc<FarmCounts>,
    /// Deadline of one operation on the farm, all its requests and its turn included.
    timeout: Duration,
    /// In which form it is asked for addresses.
    address_form: config::AddressForm,
    /// Clients reach its hosts by their alternate addresses.
    alternate_address: bool,
    turns: FairSemaphore<UserKey>,
    standings: Arc<PasswordCheckCache>,
    catalogues: Cache<UserKey, Arc<ResourceEnumeration>>,
    pictures: Pictures,
    capabilities: Cache<(), Arc<[CapabilityId]>>,
    /// The ticket authorities of the store's gateway, if it has one.
    authorities: Option<TicketAuthorities>,
}

/// The ticket authorities of a store's gateway. A clone is the same.
#[derive(Debug, Clone)]
pub(crate) struct TicketAuthorities {
    pub(crate) client: Arc<StaClient>,
    pub(crate) counts: Arc<FarmCounts>,
}

impl NfuseFarm {
    pub(crate) fn new(
        farm: &config::Farm,
        network: &Arc<dyn Network>,
        standings: Arc<PasswordCheckCache>,
        authorities: Option<TicketAuthorities>,
        counts: FarmCounts,
    ) -> Result<Self, TlsError> {
        let counts = Arc::new(counts);
        let observer: Arc<dyn Observer> = Arc::<FarmCounts>::clone(&counts);
        Ok(Self(Arc::new(Shared {
            description: FarmDescription {
                id: FarmId::new(&farm.id),
                publisher_name: farm.name.clone(),
                generation: farm.generation,
                legacy_workspace_control: farm.legacy_workspace_control,
                aggregation_group: farm.aggregation_group.clone(),
                ticket_time_to_live: farm.ticket_time_to_live,
            },
            client: client(farm, Arc::clone(network), Some(observer))?,
            counts,
            timeout: farm.timeout,
            address_form: farm.address_form,
            alternate_address: farm.alternate_address,
            turns: FairSemaphore::new(Bounds {
                turns: farm.concurrency,
                waiting: farm.queue,
            }),
            standings,
            catalogues: Cache::builder()
                .weigher(|_, catalogue: &Arc<ResourceEnumeration>| {
                    u32::try_from(catalogue.bytes()).unwrap_or(u32::MAX)
                })
                .max_capacity(CATALOGUE_BYTES)
                .time_to_live(CATALOGUE_LIFE)
                .build(),
            pictures: icons::cache(),
            capabilities: Cache::builder()
                .max_capacity(1)
                .time_to_live(CAPABILITIES_LIFE)
                .build(),
            authorities,
        })))
    }

    /// The operator's name of the farm.
    pub(crate) fn id(&self) -> &str {
        self.0.client.id()
    }

    /// Its controllers in configured order, as calls have met them.
    pub(crate) fn controllers(&self) -> impl Iterator<Item = ControllerReport<'_>> {
        self.0.client.controllers()
    }

    /// What the farm can do, as it said lately.
    async fn capabilities(&self) -> Result<Arc<[CapabilityId]>, Arc<FarmError>> {
        let fetch = async {
            match self.0.client.call(&CapabilitiesRequest).await {
                Ok(answer) => Ok(answer.capabilities.into()),
                Err(error) => Err(farm_error(&error)),
            }
        };
        Box::pin(self.0.capabilities.try_get_with((), fetch)).await
    }

    /// Asks anew what this user may start when it is needed next.
    pub(crate) async fn forget_catalogue(&self, user: &UserKey) {
        self.0.catalogues.invalidate(user).await;
    }
}

impl Farm for NfuseFarm {
    type Operation = NfuseOperation;

    fn description(&self) -> &FarmDescription {
        &self.0.description
    }

    async fn begin(&self, user: &User) -> Result<NfuseOperation, FarmError> {
        let deadline = Instant::now() + self.0.timeout;
        let turn = match self.0.turns.take(&user.key, deadline).await {
            Ok(turn) => turn,
            refused => self.0.counts.operation(OperationKind::Permit, refused)?,
        };
        Ok(NfuseOperation {
            farm: self.clone(),
            user: user.clone(),
            deadline,
            _turn: turn,
        })
    }
}

/// A client of a farm as the configuration describes it.
pub(crate) fn client(
    farm: &config::Farm,
    network: Arc<dyn Network>,
    observer: Option<Arc<dyn Observer>>,
) -> Result<FarmClient, TlsError> {
    Ok(FarmClient::new(FarmConfig {
        id: farm.id.clone(),
        controllers: farm.controllers.clone(),
        order: farm.controller_order,
        timeout: farm.timeout,
        connect_timeout: farm.connect_timeout,
        answer_timeout: farm.response_timeout,
        attempts: farm.attempts,
        service_keys: farm.service_keys.clone(),
        tls: farm.tls.as_ref().map(config::client_tls).transpose()?,
        network,
        observer,
        dialect: match farm.generation {
            Generation::XenApp6 | Generation::XenDesktop5 => Dialect::new(5, 4),
            Generation::Cvad7 => Dialect::new(5, 5),
        },
    }))
}

/// A client of the ticket authorities of a store's gateway.
pub(crate) fn authorities(
    store: &config::Store,
    gateway: &config::CitrixGateway,
    network: Arc<dyn Network>,
    observer: Option<Arc<dyn Observer>>,
) -> Result<StaClient, TlsError> {
    Ok(StaClient::new(FarmConfig {
        id: authorities_id(store),
        controllers: gateway.authorities.clone(),
        order: gateway.authority_order,
        timeout: gateway.timeout,
        connect_timeout: gateway.connect_timeout,
        answer_timeout: gateway.response_timeout,
        attempts: gateway.authorities.len().max(2),
        service_keys: None,
        tls: gateway.tls.as_ref().map(config::client_tls).transpose()?,
        network,
        observer,
        dialect: Dialect::STA,
    }))
}

/// What the ticket authorities of a store's gateway are called in logs and metrics. No farm can have
/// this id.
pub(crate) fn authorities_id(store: &config::Store) -> String {
    format!("gateway of {}", store.path)
}

fn explicit(name: &str, domain: &str, password: Option<&SecretString>) -> Credentials {
    Credentials::Explicit {
        user_name: name.to_owned(),
        password: password.map(hidden),
        domain: Some(Domain {
            kind: "NT".to_owned(),
            name: domain.to_owned(),
        }),
    }
}

/// A password as it travels: hidden from a glance, and with white space around it kept.
fn hidden(password: &SecretString) -> Password {
    Password {
        value: password.clone(),
        encoding: PasswordEncoding::Ctx1,
    }
}
