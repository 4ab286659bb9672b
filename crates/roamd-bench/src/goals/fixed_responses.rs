//! Throughput of responses that need no farm, beside a bare hyper server with the same bytes.

use anyhow::Result;
use roamd_bench::{Run, Subject};

use super::context::{CONNECTIONS, Context, ROAMD};
use super::goal::{Bound, Goal, Unit};
use super::throughput;

const HYPER: &str = "bare hyper";

pub(super) fn measure(context: &Context<'_>) -> Result<Vec<Goal>> {
    let challenge = Subject::challenge(ROAMD, &context.server)?;
    let endpoints = Subject::endpoints(ROAMD, &context.server)?;
    Ok(vec![
        compare(context, "401 challenges", "challenge", &challenge)?,
        compare(context, "`endpoints/v1`", "endpoints", &endpoints)?,
    ])
}

fn compare(context: &Context<'_>, name: &str, folder: &str, roamd: &Subject<'_>) -> Result<Goal> {
    let (process, address) = context.bare_hyper(folder, roamd.response())?;
    let hyper = roamd.stand_in(HYPER, &process, address)?;
    let [roamd, hyper] = context.in_rounds([(roamd, CONNECTIONS), (&hyper, CONNECTIONS)])?;
    Ok(Goal {
        name: format!("{name}/s ÷ bare hyper, {CONNECTIONS} connections"),
        bound: Bound::Least(0.85),
        unit: Unit::Ratio,
        reached: roamd.ratio(&hyper, Run::per_second),
        figures: throughput::figures([&roamd, &hyper]),
    })
}
