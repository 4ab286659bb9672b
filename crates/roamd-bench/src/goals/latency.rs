//! Latency that the server and nginx add to a farm, with one connection.

use anyhow::Result;
use roamd_bench::{Run, Series, Subject, micros};

use super::context::Context;
use super::goal::{Bound, Goal, Unit};

pub(super) fn measure(context: &Context<'_>) -> Result<Vec<Goal>> {
    let farm = Subject::farm(&context.setup)?;
    let nginx = Subject::proxy("nginx", &context.setup, &context.nginx)?;
    let roamd = context.list()?;
    let [farm, nginx, roamd] = context.in_more_rounds([(&farm, 1), (&nginx, 1), (&roamd, 1)])?;
    let median = |series: &Series| series.median(|run: &Run| run.median.as_secs_f64());
    let farm = median(&farm);
    let (nginx, roamd) = (median(&nginx) - farm, median(&roamd) - farm);
    Ok(vec![Goal {
        name: "added median latency of a list ÷ nginx's, 1 connection".to_owned(),
        bound: Bound::Most(2.5),
        unit: Unit::Ratio,
        reached: roamd / nginx,
        figures: format!(
            "farm alone {}, nginx adds {}, roamd adds {}",
            micros(farm),
            micros(nginx),
            micros(roamd)
        ),
    }])
}
