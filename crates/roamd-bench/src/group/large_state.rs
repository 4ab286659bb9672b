//! Start and memory of a server whose group has many flags, beside one without.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::context::Context;

/// Number of flags.
pub(super) const FLAGS: usize = 100_000;

/// Time after the start in which a server finishes its preparations.
const REST: Duration = Duration::from_secs(2);

/// A start of a server.
#[derive(Clone, Copy)]
pub(super) struct Start {
    /// Time until it was ready.
    pub(super) duration: Duration,
    /// Resident memory after it, in KiB.
    pub(super) memory: u64,
}

/// Returns a start without flags, and one with them, for each round.
pub(super) fn measure(context: &Context<'_>) -> Result<Vec<[Start; 2]>> {
    context.etcd.put_flags("/roamd/large/", FLAGS);
    let start = |prefix: &str, name: &str| {
        let began = Instant::now();
        let server = context.start_server_of(prefix, name)?;
        let duration = began.elapsed();
        thread::sleep(REST);
        let memory = server.process.usage()?.memory;
        anyhow::Ok(Start { duration, memory })
    };
    // The first server of a group also creates its keys.
    start("/roamd/empty/", "creates-empty")?;
    start("/roamd/large/", "creates-large")?;
    let mut starts = Vec::new();
    for round in 1..=context.rounds {
        eprintln!("round {round} of {}: starts", context.rounds);
        starts.push([
            start("/roamd/empty/", &format!("empty-{round}"))?,
            start("/roamd/large/", &format!("large-{round}"))?,
        ]);
    }
    Ok(starts)
}
