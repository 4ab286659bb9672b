//! The runtime of a simulation, and its result.

use anyhow::Result;

/// Result of the simulation of one seed.
#[derive(Debug)]
pub struct SimulationResult {
    /// Violated invariants.
    pub violations: Vec<String>,
    /// Events, one line each, with the time in seconds.
    pub trace: Vec<String>,
}

/// Runs on a thread whose time stands still while there is work.
pub(crate) fn in_simulated_time<T>(simulation: impl Future<Output = T>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()?;
    Ok(runtime.block_on(simulation))
}
