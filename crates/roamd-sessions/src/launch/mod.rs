//! Launches of sessions and applications: a plan, an attempt on each candidate farm while it is
//! certain that nothing was started, and the outcome (SS-53 to SS-59, store-services.md §4).

mod attempt;
mod failover;
mod failure;
mod outcome;
mod plan;
mod publication;
mod run;

pub use self::attempt::Launch;
pub use self::failure::{FailureCause, LaunchFailure};
pub use self::outcome::LaunchOutcome;
pub use self::plan::{LaunchPlan, LaunchTarget};
pub(crate) use self::run::run;
