//! A gateway and its farms in a world that a seed decides about.
//!
//! The gateway is the real one, with its HTTP server, its domain and its NFuse client; the network,
//! the farms, the clients and the clocks are not. A seed decides about latencies, losses, hosts that
//! are cut off, controllers that crash, restart, hang or lie, and clocks that jump. [`run`] plays one
//! seed and tells what was wrong; `judge` holds what must be true. Everything runs on one thread
//! whose time stands still while there is something to do, so a seed plays the same way each time,
//! and a minute of the world takes milliseconds.

mod client;
mod farm;
mod judge;
mod ledger;
mod network;
mod state;
mod weather;

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
use roamd_server::{AuditLog, Environment, Server, config};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::client::{BASE_URL, GATEWAY, STORE, Visitor};
use crate::farm::{Controller, Plan};
use crate::ledger::Ledger;
use crate::network::Network;
use crate::weather::ClockError;

/// Within this time of all being well every controller is used again: the longest back-off, and a
/// probe that still hangs.
const RECOVERY: Duration = Duration::from_secs(20);

/// Lists after which every controller has had its turn: a list makes one request of a farm, or two
/// where the catalogue is not known.
const MOST_LISTS: usize = 12;

/// How long the world is watched after the gateway has stopped.
const AFTERMATH: Duration = Duration::from_secs(30);

/// What became of one seed.
#[derive(Debug)]
pub struct Outcome {
    /// What was wrong; nothing if all was as it must be.
    pub faults: Vec<String>,
    /// What happened, a line each, with the time in seconds.
    pub trace: Vec<String>,
}

/// Plays one seed.
///
/// # Errors
/// The world could not be made; this says nothing of the gateway.
pub fn run(seed: u64) -> Result<Outcome> {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()?
        .block_on(play(seed))
}

async fn play(seed: u64) -> Result<Outcome> {
    let mut rng = Rng::with_seed(seed);
    let ledger = Ledger::new();
    let network = Network::new(rng.fork());
    let plans: Vec<Plan> = (0..rng.usize(1..=4))
        .map(|number| Plan::draw(number, &mut rng))
        .collect();
    for plan in &plans {
        ledger.note(format!("{plan:?}"));
    }
    let controllers: Vec<Controller> = plans
        .iter()
        .flat_map(|plan| plan.controllers.iter().map(move |host| (plan, host)))
        .map(|(plan, host)| Controller::start(host, plan, &network, &ledger, rng.fork()))
        .collect();

    let keys = Arc::new(KeyRing::new(
        Key::random(KeyId(1), 0, &mut UnwrapErr(SysRng)),
        Vec::new(),
    ));
    let clock_error = ClockError::new(AtomicI64::new(0));
    let clock = clock(Arc::clone(&clock_error));
    let environment = Environment {
        keys: Arc::clone(&keys),
        state: Arc::new(state::Memory::default()),
        network: Arc::new(network.clone()),
        audit: AuditLog::off(),
        clock: Arc::clone(&clock),
    };
    let backlog = network.listen(GATEWAY);
    let gateway = Server::in_environment(&configuration(&plans)?, backlog, environment)?;
    let stop = CancellationToken::new();
    let running = tokio::spawn(gateway.run(stop.clone()));

    let visitor = Visitor {
        network: network.clone(),
        ledger: ledger.clone(),
        keys,
        clock,
        farms: plans.len(),
    };
    let mut visits = JoinSet::new();
    for user in 0..rng.usize(2..=5) {
        let operations = rng.usize(3..=8);
        visits.spawn(visitor.clone().stay(user, rng.fork(), operations));
    }
    let end = Instant::now() + Duration::from_secs(rng.u64(5..20));
    let rng_of_weather = rng.fork();
    weather::rage(
        &controllers,
        &clock_error,
        &network,
        &ledger,
        rng_of_weather,
        end,
    )
    .await;
    while visits.join_next().await.is_some() {}

    sleep(RECOVERY).await;
    all_are_used_again(&visitor, &plans, &controllers).await;
    shut_down(&visitor, stop, rng.u64(0..20_000)).await;
    running.await.context("the gateway has ended badly")?;
    network.close();
    ledger.note("the gateway has stopped");
    sleep(AFTERMATH).await;

    let mut faults = ledger.with(|entries| judge::judge(&plans, entries));
    faults.extend(network.faults());
    Ok(Outcome {
        faults,
        trace: ledger.trace(),
    })
}

/// A clock that goes with the runtime's, but for its error.
fn clock(error: ClockError) -> Arc<dyn Fn() -> Timestamp + Send + Sync> {
    let began = Instant::now();
    // 2026-01-01, far from either end of time.
    let noon = Timestamp::constant(1_767_225_600, 0);
    Arc::new(move || {
        let error = SignedDuration::from_secs(error.load(Ordering::Relaxed));
        let elapsed = SignedDuration::try_from(began.elapsed()).unwrap_or_default();
        noon.saturating_add(error + elapsed).unwrap_or(noon)
    })
}

fn configuration(plans: &[Plan]) -> Result<config::Config> {
    let farms: String = plans.iter().map(Plan::section).collect();
    let text = format!(
        "listen = \"{}\"\nbase_url = \"{BASE_URL}\"\ndata_dir = \"/nowhere\"\n[[store]]\n\
         path = \"{STORE}\"\n{farms}",
        SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
    );
    config::parse(&text).map_err(|faults| {
        let faults: Vec<_> = faults.iter().map(ToString::to_string).collect();
        anyhow!("the gateway does not take its configuration: {faults:?}")
    })
}

/// Lists until every controller that should be used is, and tells which were not.
async fn all_are_used_again(visitor: &Visitor, plans: &[Plan], controllers: &[Controller]) {
    let mut left: Vec<(&Controller, usize)> = controllers
        .iter()
        .filter(|controller| plans.iter().any(|plan| plan.uses(controller.host())))
        .map(|controller| (controller, controller.received()))
        .collect();
    for _ in 0..MOST_LISTS {
        let ticket = visitor.list(0).await;
        let told_all = visitor.ledger.with(|entries| {
            let operation = entries.operations.get(ticket.0);
            operation.is_some_and(ledger::Operation::is_told_all)
        });
        if !told_all {
            let fault = format!("{ticket} is not told all, although all is well");
            visitor.ledger.fault(fault);
        }
        left.retain(|(controller, before)| controller.received() == *before);
        if left.is_empty() {
            return;
        }
    }
    for (controller, _) in left {
        let fault = format!("{} is not used, although all is well", controller.host());
        visitor.ledger.fault(fault);
    }
}

/// Stops the gateway while it serves: who is being served is served to the end, others are not.
async fn shut_down(visitor: &Visitor, stop: CancellationToken, microseconds: u64) {
    let last = visitor.clone();
    let listing = tokio::spawn(async move { last.list(1).await });
    sleep(Duration::from_micros(microseconds)).await;
    visitor.ledger.note("the gateway is told to stop");
    stop.cancel();
    if let Ok(ticket) = listing.await {
        // It may have come too late.
        visitor.ledger.leave(ticket);
    }
}
