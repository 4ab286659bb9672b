//! Parts of the server that outlive its configuration.

use std::sync::Arc;

use roamd_fairness::RateLimiter;
use roamd_sessions::UserKey;

use crate::app::environment::Environment;
use crate::auth::login_throttle::ChecksInProgress;
use crate::changes::Changes;
use crate::clock::rng;
use crate::config::Config;
use crate::fairness::budgets::{STRANGER_WRITES, STRANGER_WRITES_WAITING};
use crate::fairness::strangers::StrangerTurns;
use crate::farms::{FarmsMemory, LARGE_LIST, PasswordCheckCache, change_limiter};
use crate::http::request_limiter::RequestLimiter;
use crate::large_work::LargeRequestWork;
use crate::metrics::Metrics;
use crate::metrics::shared_state_check::SharedStateCheck;
use crate::web::Web;

/// Parts of the server that are the same in the states of all its configurations: what came from
/// outside, what is counted, and what is limited. A clone has the same parts.
#[derive(Clone)]
pub(crate) struct Lasting {
    pub(super) environment: Environment,
    pub(super) metrics: Arc<Metrics>,
    pub(super) shared_check: Arc<SharedStateCheck>,
    pub(super) password_checks: Arc<PasswordCheckCache>,
    /// Limit on the password checks of each user.
    pub(super) check_rates: Arc<RateLimiter<UserKey>>,
    pub(super) login_checks: ChecksInProgress,
    /// Turns for writes to the shared state that need no check of a password.
    pub(super) stranger_writes: StrangerTurns,
    pub(super) request_limiter: Arc<RequestLimiter>,
    pub(super) changes: Changes,
    /// Sessions of browsers, and launches kept for them.
    pub(super) web: Arc<Web>,
    pub(super) large_work: LargeRequestWork,
    pub(super) farms_memory: FarmsMemory,
}

impl Lasting {
    /// Makes the parts of a server that starts with a configuration.
    pub(super) fn new(config: &Config, environment: Environment) -> Self {
        let mut metrics = Metrics::default();
        metrics.watch_audit(&environment.audit);
        metrics.watch_traces(&environment.tracer);
        metrics.watch_state(&environment.state);
        metrics.config.record_use((environment.clock)());
        let limits = &config.listener.limits;
        let (keys, state) = (
            Arc::clone(&environment.keys),
            Arc::clone(&environment.state),
        );
        Self {
            environment,
            metrics: Arc::new(metrics),
            shared_check: Arc::default(),
            password_checks: Arc::new(PasswordCheckCache::new(&mut rng())),
            check_rates: Arc::new(change_limiter()),
            login_checks: ChecksInProgress::new(&config.login_throttle),
            stranger_writes: StrangerTurns::new(STRANGER_WRITES, STRANGER_WRITES_WAITING),
            request_limiter: RequestLimiter::new(limits),
            changes: Changes::default(),
            web: Arc::new(Web::new(keys, state)),
            large_work: LargeRequestWork::above(LARGE_LIST),
            farms_memory: FarmsMemory::new(),
        }
    }
}
