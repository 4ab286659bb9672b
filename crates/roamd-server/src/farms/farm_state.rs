//! Shared state of one farm: configuration, client, permits, caches and counters.

use std::sync::Arc;
use std::time::Duration;

use moka::future::Cache;
use roamd_nfuse_client::{FarmClient, LargeWork, Network, Observer, TlsError};
use roamd_nfuse_proto::{CapabilitiesRequest, CapabilityId};
use roamd_sessions::{FarmDescription, FarmError, FarmId, ResourceEnumeration, UserKey};

use super::errors::farm_error;
use super::farm_client::farm_client;
use super::icon_cache::{IconCache, icon_cache};
use super::password_check::PasswordCheckCache;
use super::ticket_authorities::TicketAuthorities;
use crate::clock::Clock;
use crate::config;
use crate::fairness::{FairSemaphore, FairSemaphoreLimits};
use crate::metrics::FarmCounts;

/// Lists with more entries than this are converted, merged and written on another thread.
pub(crate) const LARGE_LIST: usize = 1_000;

/// Lifetime of a user's cached enumeration. It separates desktops from applications and has the
/// titles, which seldom change.
const ENUMERATION_LIFETIME: Duration = Duration::from_secs(60);

/// Bytes of all cached enumerations of one farm: those of thousands of users.
const ENUMERATION_BYTES: u64 = 16 << 20;

/// Lifetime of a farm's cached capabilities.
const CAPABILITIES_LIFETIME: Duration = Duration::from_secs(300);

/// A configured farm, and the parts of the server that it uses.
pub(crate) struct FarmSetup {
    /// The farm as it is configured.
    pub(crate) config: config::Farm,
    /// Connects to the controllers.
    pub(crate) network: Arc<dyn Network>,
    /// The server's cache of password checks.
    pub(crate) password_checks: Arc<PasswordCheckCache>,
    /// The ticket authorities of the store's Citrix Gateway, if it has one.
    pub(crate) authorities: Option<TicketAuthorities>,
    /// The counters of the farm.
    pub(crate) counts: FarmCounts,
    /// The server's clock.
    pub(crate) clock: Clock,
}

/// Shared state of one farm.
pub(super) struct FarmState {
    /// The farm as it is configured. Its `timeout` is the deadline of one operation, with all its
    /// requests and the wait for a permit.
    pub(super) config: config::Farm,
    pub(super) description: FarmDescription,
    pub(super) client: FarmClient,
    pub(super) counts: Arc<FarmCounts>,
    /// Permits for operations on the farm.
    pub(super) permits: FairSemaphore<UserKey>,
    pub(super) password_checks: Arc<PasswordCheckCache>,
    pub(super) enumerations: Cache<UserKey, Arc<ResourceEnumeration>>,
    pub(super) icons: IconCache,
    /// Conversion of the farm's large responses.
    pub(super) large_work: LargeWork,
    capabilities: Cache<(), Arc<[CapabilityId]>>,
    /// The ticket authorities of the store's Citrix Gateway, if it has one.
    pub(super) authorities: Option<TicketAuthorities>,
    /// The server's clock.
    pub(super) clock: Clock,
}

impl FarmState {
    /// Makes the state of a configured farm.
    ///
    /// # Errors
    /// [`TlsError`] if the configured certificates or keys cannot be used.
    pub(super) fn new(setup: FarmSetup) -> Result<Self, TlsError> {
        let FarmSetup {
            config,
            network,
            password_checks,
            authorities,
            counts,
            clock,
        } = setup;
        let counts = Arc::new(counts);
        let observer: Arc<dyn Observer> = Arc::<FarmCounts>::clone(&counts);
        Ok(Self {
            description: description(&config),
            client: farm_client(&config, network, Some(observer))?,
            counts,
            permits: FairSemaphore::new(FairSemaphoreLimits {
                permits: config.concurrency,
                reserved_permits: 0,
                waiting: config.queue,
                reserved_waiting: 0,
            }),
            password_checks,
            enumerations: Cache::builder()
                .weigher(|_, enumeration: &Arc<ResourceEnumeration>| {
                    u32::try_from(enumeration.bytes()).unwrap_or(u32::MAX)
                })
                .max_capacity(ENUMERATION_BYTES)
                .time_to_live(ENUMERATION_LIFETIME)
                .build(),
            icons: icon_cache(),
            large_work: LargeWork::above(LARGE_LIST),
            capabilities: Cache::builder()
                .max_capacity(1)
                .time_to_live(CAPABILITIES_LIFETIME)
                .build(),
            authorities,
            clock,
            config,
        })
    }

    /// The farm's capabilities, from the cache or from the farm.
    pub(super) async fn capabilities(&self) -> Result<Arc<[CapabilityId]>, Arc<FarmError>> {
        let fetch = async {
            match self.client.call(&CapabilitiesRequest).await {
                Ok(response) => Ok(response.capabilities.into()),
                Err(error) => Err(farm_error(&error)),
            }
        };
        Box::pin(self.capabilities.try_get_with((), fetch)).await
    }
}

/// The properties of a farm that the domain depends on.
fn description(farm: &config::Farm) -> FarmDescription {
    FarmDescription {
        legacy_workspace_control: farm.legacy_workspace_control,
        aggregation_group: farm.aggregation_group.clone(),
        ticket_time_to_live: farm.ticket_time_to_live,
        ..FarmDescription::new(FarmId::new(&farm.id), &farm.name, farm.generation)
    }
}
