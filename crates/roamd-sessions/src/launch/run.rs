//! Launch on the planned farms, one after the other.

use roamd_store_proto::ErrorReason;

use super::attempt::{Launch, attempt};
use super::failover;
use super::outcome::LaunchOutcome;
use super::plan::LaunchPlan;
use crate::farm::find_farm;
use crate::{Busy, Farm, StoreRules};

/// Launches on the first candidate, and on the next one while it is certain that nothing was
/// started.
///
/// # Errors
/// [`Busy`] if nothing was sent to any farm, because all candidates were busy.
pub(crate) async fn run<F: Farm>(
    farms: &[F],
    rules: &StoreRules,
    plan: &LaunchPlan,
    launch: &Launch,
) -> Result<LaunchOutcome, Busy> {
    let mut best = None;
    for (farm, target) in plan.candidates() {
        let Some(farm) = find_farm(farms, farm) else {
            continue;
        };
        let outcome = attempt(launch, farm, rules, plan, target.clone()).await;
        let may_try_next_farm = failover::may_try_next_farm(&outcome);
        best = Some(match best {
            Some(earlier) => failover::more_specific(earlier, outcome),
            None => outcome,
        });
        if !may_try_next_farm {
            break;
        }
    }
    best.unwrap_or(Ok(LaunchOutcome::NotFound(ErrorReason::ResourceNotFound)))
}
