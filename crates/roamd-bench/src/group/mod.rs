//! Servers of a group on etcd: what they cost beside a server with SQLite, how soon they agree, and
//! a large state.

mod context;
mod large_state;
mod lists;
mod report;
mod revocation_delay;
mod sign_ins;

use std::path::Path;

use anyhow::Result;
use roamd_bench::Load;

use context::Context;
use report::GroupReport;

/// Measures all of it.
///
/// # Errors
/// If a program does not start, or fails under load.
pub(crate) fn measure(roamd: &Path, load: Load, rounds: usize) -> Result<GroupReport> {
    let context = Context::start(roamd, load, rounds)?;
    Ok(GroupReport {
        machine: roamd_bench::machine()?,
        load,
        rounds,
        lists: lists::measure(&context)?,
        sign_ins: sign_ins::measure(&context)?,
        delays: revocation_delay::measure(&context)?,
        large_state: large_state::measure(&context)?,
    })
}
