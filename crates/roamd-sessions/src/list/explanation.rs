//! Explanation of a list: what each farm was asked, what it answered, and why each session is
//! offered or not (SS-72). It says what [`merge`](super::merge()) does with the same results.

use roamd_store_proto::EnumerationStatus;

use super::merge::{Entry, FarmListResult, ListOutcome, account_refused, initial_app, queried};
use super::plan::FarmPlan;
use super::reason::{PlanReasons, Verdict};
use crate::enumeration_status::enumeration_status;
use crate::{Application, FarmAccess, FarmDescription, FarmError, SessionIds, UserFarms, UserKey};

/// Explanation of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListExplanation {
    /// That of the list. If all farms are busy, a list would be refused; it is `Failed` here.
    pub enumeration: EnumerationStatus,
    /// The farms, in configured order.
    pub farms: Vec<FarmExplanation>,
    /// No farm listed, and a farm refused the account (CA-12).
    pub account_refused: bool,
}

/// A farm's part of an explanation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FarmExplanation {
    /// The farm.
    pub farm: FarmDescription,
    /// Its relation to the user; `None` if the store has no mappings.
    pub mapping: Option<ExplainedMapping>,
    /// Why it was asked, or was not.
    pub reasons: PlanReasons,
    /// Its answer.
    pub answer: FarmAnswer,
    /// The sessions that it listed, offered or not.
    pub sessions: Vec<ExplainedSession>,
}

/// Relation of a farm to a user, by the mappings of the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExplainedMapping {
    /// The relation.
    pub access: FarmAccess,
    /// Name of the mapping that gives, or may give, the farm to the user.
    pub name: Option<String>,
}

/// Answer of a farm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FarmAnswer {
    /// The farm was not asked.
    NotAsked,
    /// It listed sessions.
    Listed {
        /// The farm has more than were read.
        is_truncated: bool,
    },
    /// It did not list sessions.
    Failed(FarmError),
}

/// A session that a farm listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExplainedSession {
    /// Its id in a list; `None` if it is not offered.
    pub id: Option<String>,
    /// Display name of its application, never empty.
    pub name: String,
    /// Whether it is a desktop; `None` if the farm does not say.
    pub desktop: Option<bool>,
    /// Whether it is offered, and why.
    pub verdict: Verdict,
}

/// Explains the list that these results give. The results are of the user's farms.
#[must_use]
pub fn explain(
    ids: &SessionIds,
    user: &UserKey,
    user_farms: &UserFarms,
    results: &[FarmListResult<'_>],
) -> ListExplanation {
    ListExplanation {
        enumeration: enumeration_status(queried(results)).unwrap_or(EnumerationStatus::Failed),
        farms: results
            .iter()
            .map(|result| result.explanation(ids, user, user_farms))
            .collect(),
        account_refused: account_refused(results),
    }
}

impl FarmListResult<'_> {
    fn explanation(
        &self,
        ids: &SessionIds,
        user: &UserKey,
        user_farms: &UserFarms,
    ) -> FarmExplanation {
        let (plan, answer) = match &self.outcome {
            ListOutcome::Skipped(reason) => (FarmPlan::Skip(*reason), FarmAnswer::NotAsked),
            ListOutcome::Listed {
                query, sessions, ..
            } => {
                let is_truncated = sessions.is_truncated();
                (FarmPlan::Query(*query), FarmAnswer::Listed { is_truncated })
            }
            ListOutcome::Failed { query, error } => {
                (FarmPlan::Query(*query), FarmAnswer::Failed(error.clone()))
            }
        };
        let farm = self.farm;
        let judged = self.judged_sessions().into_iter();
        let explained = judged.map(|it| {
            let Entry { session, published } = it.entry;
            let offered = it.verdict == Verdict::Offered;
            let only_desktops = farm.generation.hosts_only_desktops();
            ExplainedSession {
                id: offered.then(|| ids.seal(user, &farm.id, &session.key)),
                name: initial_app(farm, session, published).to_owned(),
                desktop: published
                    .map(Application::is_desktop)
                    .or(only_desktops.then_some(true)),
                verdict: it.verdict,
            }
        });
        let mapping = user_farms.are_mapped().then(|| ExplainedMapping {
            access: user_farms.access(&farm.id),
            name: user_farms.mapping(&farm.id).map(str::to_owned),
        });
        FarmExplanation {
            mapping,
            sessions: explained.collect(),
            farm: farm.clone(),
            reasons: plan.reasons(),
            answer,
        }
    }
}
