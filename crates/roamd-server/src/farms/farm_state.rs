//! Shared state of one farm: configuration, client, permits, caches and counters.

use std::sync::Arc;
use std::time::Duration;

use moka::future::Cache;
use roamd_fairness::{
    FairSemaphore, FairSemaphoreLimits, NoPermit, Party, PartyShare, Permit, RateLimiter,
    RateLimits, SemaphoreUsage, Share,
};
use roamd_nfuse_client::{
    AnswerMemory, FarmClient, MemoryBudget, MemoryShare, Network, Observer, TlsError,
};
use roamd_nfuse_proto::{CapabilitiesRequest, CapabilityId};
use roamd_sessions::{FarmDescription, FarmError, FarmId, ResourceEnumeration, User, UserKey};
use tokio::time::Instant;

use super::client_settings::client_settings;
use super::errors::farm_error;
use super::icon_cache::{IconCache, icon_cache};
use super::password_check::{Digest, PasswordCheckCache};
use super::ticket_authorities::TicketAuthorities;
use crate::clock::Clock;
use crate::config;
use crate::fairness::budgets;
use crate::metrics::FarmCounts;

/// Lists with more entries than this are converted, merged and written on another thread.
pub(crate) const LARGE_LIST: usize = 1_000;

/// Lifetime of a user's cached enumeration. It separates desktops from applications and has the
/// titles, which seldom change.
const ENUMERATION_LIFETIME: Duration = Duration::from_secs(60);

/// Lifetime of a farm's cached capabilities.
const CAPABILITIES_LIFETIME: Duration = Duration::from_secs(300);

/// Maximum number of capabilities of a farm that are kept, and their maximum length in bytes. Known
/// farms have some twenty.
const MAX_CAPABILITIES: usize = 256;
const MAX_CAPABILITY_BYTES: usize = 256;

/// A configured farm, and the parts of the server that it uses.
pub(crate) struct FarmSetup {
    /// The farm as it is configured.
    pub(crate) config: config::Farm,
    /// Connects to the controllers.
    pub(crate) network: Arc<dyn Network>,
    /// The server's cache of password checks.
    pub(crate) password_checks: Arc<PasswordCheckCache>,
    /// The ticket authorities of each Citrix Gateway of the store.
    pub(crate) authorities: Arc<[TicketAuthorities]>,
    /// The counters of the farm.
    pub(crate) counts: FarmCounts,
    /// The server's clock.
    pub(crate) clock: Clock,
    /// The memory that the farm shares with the others.
    pub(crate) memory: FarmsMemory,
}

/// Memory that all farms share. A clone is the same memory.
#[derive(Clone)]
pub(crate) struct FarmsMemory {
    /// Number of the farms, which share the caches.
    farms: usize,
    answers: AnswerMemory,
    enumerations: MemoryBudget,
}

/// Shared state of one farm.
///
/// A reload makes another one. What counts or limits is the same in both; the client and the caches
/// are the same if the farm is configured as before.
pub(super) struct FarmState {
    /// The farm as it is configured. Its `timeout` is the deadline of one operation, with all its
    /// requests and the wait for a permit.
    pub(super) config: config::Farm,
    pub(super) description: FarmDescription,
    pub(super) client: Arc<FarmClient>,
    pub(super) counts: Arc<FarmCounts>,
    /// Permits for operations on the farm.
    permits: FairSemaphore<UserKey>,
    pub(super) password_checks: Arc<PasswordCheckCache>,
    /// The enumeration of each user, by a digest of user and password: only with a password that
    /// the farm has accepted can a user get the enumeration.
    pub(super) enumerations: Cache<Digest, Arc<ResourceEnumeration>>,
    /// Memory of enumerations, cached or in use.
    pub(super) enumeration_memory: Arc<MemoryShare>,
    pub(super) icons: IconCache,
    /// Limit on the changes of each user.
    pub(super) changes: Arc<RateLimiter<UserKey>>,
    capabilities: Cache<(), Arc<[CapabilityId]>>,
    /// The ticket authorities of each Citrix Gateway of the store.
    pub(super) authorities: Arc<[TicketAuthorities]>,
    /// The server's clock.
    pub(super) clock: Clock,
}

impl FarmState {
    /// Makes the state of a configured farm. `previous` is the state of the farm with the same id.
    ///
    /// # Errors
    /// [`TlsError`] if the configured certificates or keys cannot be used.
    pub(super) fn new(setup: FarmSetup, previous: Option<&Self>) -> Result<Self, TlsError> {
        let FarmSetup {
            config,
            network,
            password_checks,
            authorities,
            counts,
            clock,
            memory,
        } = setup;
        let counts = Arc::new(counts);
        let observer: Arc<dyn Observer> = Arc::<FarmCounts>::clone(&counts);
        let settings = || client_settings(&config, network, Some(observer), &memory.answers);
        let unchanged = previous.filter(|previous| previous.config == config);
        let client = match (unchanged, previous) {
            (Some(unchanged), _) => Arc::clone(&unchanged.client),
            (None, Some(previous)) => {
                Arc::new(FarmClient::succeeding(&previous.client, settings()?))
            }
            (None, None) => Arc::new(FarmClient::new(settings()?)),
        };
        let bytes = memory.part_of_cache(
            budgets::CACHED_ENUMERATIONS,
            budgets::CACHED_ENUMERATIONS_OF_A_FARM,
        );
        let enumerations = unchanged
            .map(|unchanged| &unchanged.enumerations)
            .filter(|cache| cache.policy().max_capacity() == Some(bytes));
        let enumerations = enumerations.cloned();
        let enumerations = enumerations.unwrap_or_else(|| enumeration_cache(bytes));
        let bytes = memory.part_of_cache(budgets::CACHED_ICONS, budgets::CACHED_ICONS_OF_A_FARM);
        let icons = unchanged
            .map(|unchanged| &unchanged.icons)
            .filter(|cache| cache.policy().max_capacity() == Some(bytes));
        let icons = icons.cloned().unwrap_or_else(|| icon_cache(bytes));
        let capabilities = unchanged.map(|unchanged| unchanged.capabilities.clone());
        Ok(Self {
            description: description(&config),
            client,
            counts,
            permits: previous.map_or_else(
                || FairSemaphore::new(permit_limits(&config)),
                |previous| previous.permits.clone(),
            ),
            password_checks,
            enumerations,
            enumeration_memory: previous.map_or_else(
                || Arc::new(memory.enumerations.share()),
                |previous| Arc::clone(&previous.enumeration_memory),
            ),
            icons,
            changes: previous.map_or_else(
                || Arc::new(change_limiter()),
                |previous| Arc::clone(&previous.changes),
            ),
            capabilities: capabilities.unwrap_or_else(capability_cache),
            authorities,
            clock,
            config,
        })
    }

    /// Applies its limits to the permits that it has in common with the previous state.
    pub(super) fn apply_limits(&self) {
        self.permits.set_limits(permit_limits(&self.config));
    }

    /// Waits for a permit for an operation of a user.
    ///
    /// # Errors
    /// [`NoPermit`] if there is none by the deadline.
    pub(super) async fn permit(
        &self,
        user: &UserKey,
        deadline: Instant,
    ) -> Result<Permit<UserKey>, NoPermit> {
        let user = Party::alone(user.clone());
        self.permits.acquire(Share::Common, user, deadline).await
    }

    /// Operations in progress, and those that wait.
    pub(super) fn usage(&self) -> SemaphoreUsage {
        self.permits.usage()
    }

    /// Removes the user's enumeration from the cache.
    pub(super) async fn forget_enumeration(&self, user: &User) {
        let digest = self.password_checks.digest_of(user);
        self.enumerations.invalidate(&digest).await;
    }

    /// The farm's capabilities, from the cache or from the farm.
    pub(super) async fn capabilities(&self) -> Result<Arc<[CapabilityId]>, Arc<FarmError>> {
        let fetch = async {
            match self.client.call(&CapabilitiesRequest).await {
                Ok(response) => {
                    let capabilities = response.capabilities.into_iter();
                    let short = capabilities.filter(|id| id.0.len() <= MAX_CAPABILITY_BYTES);
                    Ok(short.take(MAX_CAPABILITIES).collect())
                }
                Err(error) => Err(farm_error(&error)),
            }
        };
        Box::pin(self.capabilities.try_get_with((), fetch)).await
    }
}

impl FarmsMemory {
    /// Makes the memory of a server without farms.
    pub(crate) fn new() -> Self {
        Self {
            farms: 0,
            answers: AnswerMemory::new(),
            enumerations: MemoryBudget::new(budgets::ENUMERATIONS),
        }
    }

    /// The same memory, for this number of farms.
    pub(crate) fn of_farms(&self, farms: usize) -> Self {
        Self {
            farms,
            ..self.clone()
        }
    }

    /// Memory for responses.
    pub(crate) fn answers(&self) -> &AnswerMemory {
        &self.answers
    }

    /// The part of one farm in a cache that all farms share, in bytes.
    fn part_of_cache(&self, total: usize, most: usize) -> u64 {
        let part = total / self.farms.max(1);
        u64::try_from(part.min(most)).unwrap_or(u64::MAX)
    }
}

/// Makes an empty cache of enumerations of this many bytes.
fn enumeration_cache(bytes: u64) -> Cache<Digest, Arc<ResourceEnumeration>> {
    Cache::builder()
        .weigher(|_, enumeration: &Arc<ResourceEnumeration>| {
            u32::try_from(enumeration.bytes()).unwrap_or(u32::MAX)
        })
        .max_capacity(bytes)
        .time_to_live(ENUMERATION_LIFETIME)
        .build()
}

/// Makes an empty cache of the capabilities of a farm.
fn capability_cache() -> Cache<(), Arc<[CapabilityId]>> {
    Cache::builder()
        .max_capacity(1)
        .time_to_live(CAPABILITIES_LIFETIME)
        .build()
}

/// The limits of operations on a farm.
fn permit_limits(farm: &config::Farm) -> FairSemaphoreLimits {
    FairSemaphoreLimits {
        permits: farm.concurrency,
        reserved_permits: 0,
        waiting: farm.queue,
        reserved_waiting: 0,
        // A user whose requests the farm answers slowly holds permits for long.
        party_share: PartyShare::FewerThanFree,
    }
}

/// The limit on the changes of each user on a farm, and on the checks of each user's password.
pub(crate) fn change_limiter() -> RateLimiter<UserKey> {
    RateLimiter::new(RateLimits {
        per_second: budgets::CHANGES_PER_SECOND,
        burst: budgets::CHANGE_BURST,
        parties: budgets::CHANGING_USERS,
    })
}

/// The properties of a farm that the domain depends on.
fn description(farm: &config::Farm) -> FarmDescription {
    FarmDescription {
        legacy_workspace_control: farm.legacy_workspace_control,
        never_through_gateway: farm.never_through_gateway,
        aggregation_group: farm.aggregation_group.clone(),
        ticket_time_to_live: farm.ticket_time_to_live,
        ..FarmDescription::new(FarmId::new(&farm.id), &farm.name, farm.generation)
    }
}
