//! Latency of a list over many slow farms beside one of them.

use anyhow::Result;
use roamd_bench::{Run, ServerProcess, Subject};

use super::context::Context;
use super::goal::{Bound, Goal, Unit};
use crate::farms::{DELAY, FARMS};
use crate::scripted_farms::{Behaviour, ScriptedFarms};

pub(super) fn measure(context: &Context<'_>) -> Result<Vec<Goal>> {
    let scripted = ScriptedFarms::start()?;
    let farms = |count| scripted.farms(vec![vec![Behaviour::Responds(DELAY)]; count]);
    let start = |name: &str, count| {
        let folder = context.folder.path().join(name);
        ServerProcess::start(context.roamd, &folder, &farms(count))
    };
    let (one, all) = (start("one-farm", 1)?, start("all-farms", FARMS)?);
    let one = Subject::server("roamd, one farm", &one, None, 1)?;
    let all = Subject::server("roamd, 64 farms", &all, None, FARMS)?;
    let [one, all] = context.in_longer_rounds([(&one, 1), (&all, 1)])?;
    let goal = |name: &str, most, latency: fn(&Run) -> f64| Goal {
        name: format!("{name} of a list over {FARMS} farms of 20 ms ÷ over one, 1 connection"),
        bound: Bound::Most(most),
        unit: Unit::Ratio,
        reached: all.ratio(&one, latency),
        figures: format!(
            "one farm {:.1} ms, {FARMS} farms {:.1} ms",
            one.median(latency) * 1e3,
            all.median(latency) * 1e3
        ),
    };
    Ok(vec![
        goal("median", 1.08, |run| run.median.as_secs_f64()),
        goal("99th percentile", 1.15, |run| {
            run.percentile_99.as_secs_f64()
        }),
    ])
}
