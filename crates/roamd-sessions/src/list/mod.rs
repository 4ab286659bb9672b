//! Lists of sessions: a pure plan, a query to each farm, and a pure merge (SS-28 to SS-42).

mod merge;
mod plan;
mod query;

pub use self::merge::{
    FarmListResult, ListOutcome, ListedSession, QueriedSessions, SessionList, merge,
};
pub use self::plan::{
    ActiveSessionsRequested, FarmPlan, ListPlan, ListQuery, ListRequest, ListScope, SkipReason,
};
pub(crate) use self::query::query;
