//! Whole sign-ins per second.

use anyhow::Result;
use roamd_bench::{Load, Setup, SignIns, measure_sign_ins, median, micros};

use super::context::{CONNECTIONS, Context, WARM_UP};
use super::goal::{Bound, Goal, Unit};

pub(super) fn measure(context: &Context<'_>) -> Result<Vec<Goal>> {
    let load = |duration| Load {
        duration,
        connections: CONNECTIONS,
    };
    eprintln!("warming up: sign-ins");
    let sign_ins = |duration| {
        let Setup { server, farm, .. } = &context.setup;
        measure_sign_ins(server, &farm.process, load(duration))
    };
    sign_ins(WARM_UP)?;
    let mut runs = Vec::new();
    for round in 1..=context.rounds {
        eprintln!("round {round} of {}: sign-ins", context.rounds);
        runs.push(sign_ins(context.duration)?);
    }
    let over_runs = |value: fn(&SignIns) -> f64| median(runs.iter().map(value).collect());
    Ok(vec![Goal {
        name: "whole sign-ins".to_owned(),
        bound: Bound::Least(2500.0),
        unit: Unit::PerSecond,
        reached: over_runs(|run| run.count as f64 / run.duration.as_secs_f64()),
        figures: format!(
            "processor time of each: server {}, farm {}",
            micros(over_runs(|run| run.server_cpu.as_secs_f64())),
            micros(over_runs(|run| run.farm_cpu.as_secs_f64()))
        ),
    }])
}
