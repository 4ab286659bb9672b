//! One server with farms that fail: what it does for its users, whatever the farms do.

mod behaviour;
mod client;
mod farm;
mod faults;
mod history;
mod invariants;
mod mapped;
mod mapping;
mod state;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use fastrand::Rng;
use getrandom::SysRng;
use getrandom::rand_core::UnwrapErr;
use jiff::{SignedDuration, Timestamp};
use roamd_seal::{Key, KeyId, KeyRing};
use roamd_server::{AuditLog, Environment, Server, Tracer, config};
use roamd_testkit::{ServerConfig, StoreConfig};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use self::client::{BASE_URL, Client, SERVER, STORE};
use self::farm::{Controller, FarmPlan};
use self::faults::ClockError;
use self::history::History;
use self::mapping::Access;
use crate::network::Network;
use crate::run::{SimulationResult, in_simulated_time};

/// Time after the last fault within which every controller is used again: the longest back-off, and
/// the deadline of a probe.
const RECOVERY: Duration = Duration::from_secs(20);

/// Lists after which every controller was used: a list sends one request to a farm, or two without
/// a cached enumeration.
const MOST_LISTS: usize = 12;

/// Simulated time after the server has stopped.
const TIME_AFTER_STOP: Duration = Duration::from_secs(30);

/// Simulates a server and its farms with one seed.
///
/// # Errors
/// If the simulation cannot be set up. This is not a violation.
pub fn run(seed: u64) -> Result<SimulationResult> {
    in_simulated_time(simulate(seed))?
}

async fn simulate(seed: u64) -> Result<SimulationResult> {
    let mut rng = Rng::with_seed(seed);
    let history = History::new();
    let network = Network::new(rng.fork());
    let plans: Vec<FarmPlan> = (0..rng.usize(1..=4))
        .map(|number| FarmPlan::draw(number, &mut rng))
        .collect();
    for plan in &plans {
        history.note(format!("{plan:?}"));
    }
    let controllers: Vec<Controller> = plans
        .iter()
        .flat_map(|plan| plan.controllers.iter().map(move |host| (plan, host)))
        .map(|(plan, host)| Controller::start(host, plan, &network, &history, rng.fork()))
        .collect();

    let keys = Arc::new(KeyRing::new(
        Key::random(KeyId(1), 0, &mut UnwrapErr(SysRng)),
        Vec::new(),
    ));
    let clock_error = ClockError::new(AtomicI64::new(0));
    let clock = clock(Arc::clone(&clock_error));
    let environment = Environment {
        keys: Arc::clone(&keys),
        state: Arc::new(state::MemoryState::default()),
        network: Arc::new(network.clone()),
        audit: AuditLog::off(),
        tracer: Tracer::off(),
        clock: Arc::clone(&clock),
    };
    let backlog = network.listen(SERVER);
    // Without probes of idle controllers in some runs.
    let probe_seconds = rng.u64(0..=4);
    history.note(format!("probe_seconds = {probe_seconds}"));
    let configuration = configuration(&plans, probe_seconds)?;
    let server = Server::in_environment(&configuration, backlog, environment)?;
    let stop = CancellationToken::new();
    let running = tokio::spawn(server.run(stop.clone()));

    let client = Client {
        network: network.clone(),
        history: history.clone(),
        keys,
        clock,
        farms: plans.as_slice().into(),
    };
    let mut clients = JoinSet::new();
    for user in 0..rng.usize(2..=5) {
        let operations = rng.usize(3..=8);
        clients.spawn(client.clone().make_operations(user, rng.fork(), operations));
    }
    let end = Instant::now() + Duration::from_secs(rng.u64(5..20));
    let rng_of_faults = rng.fork();
    faults::inject(
        &controllers,
        &clock_error,
        &network,
        &history,
        rng_of_faults,
        end,
    )
    .await;
    while clients.join_next().await.is_some() {}

    sleep(RECOVERY).await;
    all_are_used_again(&client, &plans, &controllers).await;
    shut_down(&client, stop, rng.u64(0..20_000)).await;
    running.await.context("the server has panicked")?;
    network.close();
    history.note("the server has stopped");
    sleep(TIME_AFTER_STOP).await;

    let mut violations = history.with(|entries| invariants::violations_of(&plans, entries));
    violations.extend(network.violations());
    Ok(SimulationResult {
        violations,
        trace: history.trace(),
    })
}

/// Returns a clock that follows the runtime's, with an offset.
fn clock(error: ClockError) -> Arc<dyn Fn() -> Timestamp + Send + Sync> {
    let began = Instant::now();
    // 2026-01-01, far from the limits of timestamps.
    let start_of_run = Timestamp::constant(1_767_225_600, 0);
    Arc::new(move || {
        let error = SignedDuration::from_secs(error.load(Ordering::Relaxed));
        let elapsed = SignedDuration::try_from(began.elapsed()).unwrap_or_default();
        start_of_run
            .saturating_add(error + elapsed)
            .unwrap_or(start_of_run)
    })
}

fn configuration(plans: &[FarmPlan], probe_seconds: u64) -> Result<config::Config> {
    let store = StoreConfig {
        lines: mapping::sections(plans),
        ..StoreConfig::new(STORE, plans.iter().map(FarmPlan::section))
    };
    let server = ServerConfig {
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).to_string(),
        base_url: BASE_URL.to_owned(),
        data_dir: "/nonexistent".to_owned(),
        lines: format!("probe_seconds = {probe_seconds}"),
        stores: vec![store],
    };
    config::parse(&server.to_string()).map_err(|errors| {
        let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
        anyhow!("the server rejects its configuration: {errors:?}")
    })
}

/// Lists until every controller that should be used was used, and records those that were not.
async fn all_are_used_again(client: &Client, plans: &[FarmPlan], controllers: &[Controller]) {
    let mut left: Vec<(&Controller, usize)> = controllers
        .iter()
        .filter(|controller| {
            let mut plans = plans.iter();
            plans.any(|plan| {
                plan.uses(controller.host()) && mapping::access(0, plan) != Access::NotMapped
            })
        })
        .map(|controller| (controller, controller.received()))
        .collect();
    for _ in 0..MOST_LISTS {
        let id = client.list(0).await;
        let is_full = client.history.with(|entries| {
            let operation = entries.operations.get(id.0);
            operation.is_some_and(history::Operation::is_full_list)
        });
        if !is_full {
            let violation = format!("{id} is no full list, although there is no fault");
            client.history.record_violation(violation);
        }
        left.retain(|(controller, before)| controller.received() == *before);
        if left.is_empty() {
            return;
        }
    }
    for (controller, _) in left {
        let violation = format!(
            "{} is not used, although there is no fault",
            controller.host()
        );
        client.history.record_violation(violation);
    }
}

/// Stops the server during a list: requests in progress are completed, later ones are refused.
async fn shut_down(client: &Client, stop: CancellationToken, microseconds: u64) {
    let last = client.clone();
    let listing = tokio::spawn(async move { last.list(1).await });
    sleep(Duration::from_micros(microseconds)).await;
    client.history.note("the server is stopped");
    stop.cancel();
    if let Ok(id) = listing.await {
        // The request may have come too late.
        client.history.abandon(id);
    }
}
