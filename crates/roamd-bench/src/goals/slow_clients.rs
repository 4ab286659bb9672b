//! Latency of lists while many connections are slow.

use std::time::Duration;

use anyhow::{Result, ensure};
use roamd_bench::{Load, SESSIONS, Subject};

use super::context::{Context, ROAMD, WARM_UP};
use super::goal::{Bound, Goal, Unit};
use super::slow_connections::{SlowConnections, Slowness};

/// Slow connections of each mode.
const CONNECTIONS: usize = 2000;
/// Connections that have to be open at the end: some are opened again at that moment.
const OPEN_AT_END: usize = CONNECTIONS / 2;
/// Time of load for each mode.
const DURATION: Duration = Duration::from_secs(5);

pub(super) fn measure(context: &Context<'_>) -> Result<Vec<Goal>> {
    let mut latencies = Vec::new();
    for slowness in Slowness::ALL {
        latencies.push((slowness.name(), percentile_99(context, slowness)?));
    }
    let milliseconds = |latency: &Duration| latency.as_secs_f64() * 1e3;
    let figures: Vec<String> = latencies
        .iter()
        .map(|(name, latency)| format!("{name} {:.1} ms", milliseconds(latency)))
        .collect();
    let worst = latencies.iter().map(|(_, latency)| milliseconds(latency));
    Ok(vec![Goal {
        name: format!(
            "99th percentile of a list under {CONNECTIONS} slow connections, worst of four modes"
        ),
        bound: Bound::Most(5.0),
        unit: Unit::Milliseconds,
        reached: worst.fold(0.0, f64::max),
        figures: figures.join(", "),
    }])
}

/// Measures lists over one connection. The server is a new one, on which the mode before has no
/// effect.
fn percentile_99(context: &Context<'_>, slowness: Slowness) -> Result<Duration> {
    let name = slowness.name();
    eprintln!("{CONNECTIONS} slow connections: {name}");
    let folder = format!("with {name}").replace(' ', "-");
    let setup = &context.setup;
    let server = setup.start_unlimited_server(context.roamd, &folder, None)?;
    let lists = Subject::server(ROAMD, &server, Some(&setup.farm.process), SESSIONS)?;
    let load = |duration| Load {
        duration,
        connections: 1,
    };
    lists.run(load(WARM_UP))?;
    let slow = SlowConnections::open(server.address, slowness, CONNECTIONS)?;
    let run = lists.run(load(DURATION))?;
    ensure!(
        slow.count() >= OPEN_AT_END,
        "the server closed slow connections ({name}): {} of {CONNECTIONS} are open",
        slow.count()
    );
    Ok(run.percentile_99)
}
