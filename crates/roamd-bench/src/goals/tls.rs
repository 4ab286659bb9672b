//! Throughput of lists with TLS beside the same without.

use anyhow::Result;
use roamd_bench::{Run, SESSIONS, Subject};

use super::context::{CONNECTIONS, Context};
use super::goal::{Bound, Goal, Unit};
use super::throughput;

pub(super) fn measure(context: &Context<'_>) -> Result<Vec<Goal>> {
    let setup = &context.setup;
    let certificate = setup.certificate("certificate")?;
    let with = setup.start_unlimited_server(context.roamd, "tls", Some(&certificate))?;
    let with = Subject::server("roamd with TLS", &with, Some(&setup.farm.process), SESSIONS)?;
    let without = context.list()?;
    let [without, with] = context.in_rounds([(&without, CONNECTIONS), (&with, CONNECTIONS)])?;
    Ok(vec![Goal {
        name: format!("list requests/s with TLS 1.3 ÷ without, {CONNECTIONS} connections"),
        bound: Bound::Least(0.90),
        unit: Unit::Ratio,
        reached: with.ratio(&without, Run::per_second),
        figures: throughput::figures([&with, &without]),
    }])
}
