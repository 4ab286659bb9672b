//! Whole sign-ins per second, with SQLite and with etcd.

use anyhow::Result;
use roamd_bench::{Load, SignIns, WARM_UP, measure_sign_ins};

use super::context::Context;

/// Runs of sign-ins, one for each round.
#[derive(Default)]
pub(super) struct SignInRuns {
    pub(super) sqlite: Vec<SignIns>,
    pub(super) etcd: Vec<SignIns>,
}

pub(super) fn measure(context: &Context<'_>) -> Result<SignInRuns> {
    let farm = &context.setup.farm.process;
    let [first, ..] = &context.group;
    let warm_up = Load {
        duration: WARM_UP,
        ..context.load
    };
    for server in [&context.alone, first] {
        measure_sign_ins(server, farm, warm_up)?;
    }
    let mut runs = SignInRuns::default();
    for round in 1..=context.rounds {
        eprintln!("round {round} of {}: sign-ins", context.rounds);
        let sign_ins = |server| measure_sign_ins(server, farm, context.load);
        runs.sqlite.push(sign_ins(&context.alone)?);
        runs.etcd.push(sign_ins(first)?);
    }
    Ok(runs)
}
