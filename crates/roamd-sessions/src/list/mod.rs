//! Lists of sessions: a pure plan, a query to each farm, and a pure merge (SS-28 to SS-42).

mod explanation;
mod merge;
mod plan;
mod query;
mod reason;

pub use self::explanation::{
    ExplainedMapping, ExplainedSession, FarmAnswer, FarmExplanation, ListExplanation, explain,
};
pub use self::merge::{
    FarmListResult, ListOutcome, ListedSession, QueriedSessions, SessionList, merge,
};
pub use self::plan::{
    ActiveSessionsRequested, FarmPlan, ListPlan, ListQuery, ListRequest, ListScope, SkipReason,
};
pub(crate) use self::query::query;
pub use self::reason::{PlanReason, PlanReasons, Verdict};
