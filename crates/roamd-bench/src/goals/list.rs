//! Throughput of lists of sessions beside proxies in front of the same farm.

use anyhow::{Result, bail};
use roamd_bench::{Run, Subject, measure_in_rounds};

use super::context::{CONNECTIONS, Context, WARM_UP};
use super::goal::{Bound, Goal, Unit};
use super::throughput;

/// Connections of a high load.
const MANY_CONNECTIONS: usize = 256;

pub(super) fn measure(context: &Context<'_>) -> Result<Vec<Goal>> {
    let setup = &context.setup;
    let haproxy = context.proxies.haproxy.as_deref();
    let haproxy = haproxy
        .map(|program| setup.start_haproxy(program, "haproxy"))
        .transpose()?;
    let bare = context.bare_proxy()?;
    let mut subjects = vec![
        context.list()?,
        Subject::proxy("nginx", setup, &context.nginx)?,
        Subject::proxy("bare proxy on hyper", setup, &bare)?,
    ];
    if let Some(haproxy) = &haproxy {
        subjects.push(Subject::proxy("HAProxy", setup, haproxy)?);
    }
    [CONNECTIONS, MANY_CONNECTIONS]
        .into_iter()
        .map(|connections| compare(context, &subjects, connections))
        .collect()
}

fn compare(context: &Context<'_>, subjects: &[Subject<'_>], connections: usize) -> Result<Goal> {
    let trials: Vec<_> = subjects
        .iter()
        .map(|subject| (subject, connections))
        .collect();
    let series = measure_in_rounds(&trials, context.rounds, context.duration, WARM_UP)?;
    let [roamd, nginx, ..] = series.as_slice() else {
        bail!("a subject was not measured");
    };
    Ok(Goal {
        name: format!("list requests/s ÷ nginx, {connections} connections"),
        bound: Bound::LeastAndStretch(0.70, 0.85),
        unit: Unit::Ratio,
        reached: roamd.ratio(nginx, Run::per_second),
        figures: throughput::figures(&series),
    })
}
