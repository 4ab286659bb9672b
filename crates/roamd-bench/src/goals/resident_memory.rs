//! Resident memory of a server before its first request.

use std::thread;
use std::time::Duration;

use anyhow::Result;

use super::context::Context;
use super::goal::{Bound, Goal, Unit};

/// Time after the start in which a server finishes its preparations.
const REST: Duration = Duration::from_secs(1);

pub(super) fn measure(context: &Context<'_>) -> Result<Vec<Goal>> {
    let server = context
        .setup
        .start_plain_server(context.roamd, "resident")?;
    thread::sleep(REST);
    let kibibytes = server.process.usage()?.memory;
    Ok(vec![Goal {
        name: "idle resident memory".to_owned(),
        bound: Bound::Most(14.0),
        unit: Unit::Mebibytes,
        reached: kibibytes as f64 / 1024.0,
        figures: format!("{kibibytes} KiB"),
    }])
}
