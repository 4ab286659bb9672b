//! Merging what the farms answered into one list (SS-36 to SS-40).

use std::sync::Arc;

use indexmap::IndexMap;
use roamd_store_proto::EnumerationStatus;
use tracing::warn;

use crate::enumeration::enumeration;
use crate::plan::{ListQuery, SkipReason};
use crate::resource_enumeration::NAME_BYTES;
use crate::{
    Application, Busy, FarmDescription, FarmError, FarmResult, FarmSession, ResourceEnumeration,
    ResourceId, SessionIds, UserKey,
};

/// The sessions that a client may connect to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionList {
    /// How many of the farms that had to be asked did answer (SS-37).
    pub enumeration: EnumerationStatus,
    /// The sessions: farms in configured order, then as the farm listed them.
    pub sessions: Vec<ListedSession>,
    /// The farms on which this list took active sessions away from their clients (SS-29), and those
    /// that failed, on which it may have.
    pub taken_from: Vec<FarmResult>,
}

/// One session of the list (SS-39).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedSession {
    /// Sealed id, safe in a path segment (SS-13).
    pub id: String,
    /// Kind of host.
    pub server_type: String,
    /// Name of its application, never empty (SS-40).
    pub initial_app: String,
    /// Another farm of the group publishes the same application.
    pub aggregated: bool,
    /// Id of that application as a resource: `FARM.NAME`; of an aggregated one, by the first farm
    /// of the group that publishes it.
    pub resource_id: String,
    /// Name of the farm.
    pub publisher_name: String,
}

/// What one farm contributed.
#[derive(Debug)]
pub struct FarmListResult<'a> {
    /// The farm.
    pub farm: &'a FarmDescription,
    /// What came of asking it.
    pub outcome: ListOutcome,
}

/// What came of asking one farm.
#[derive(Debug)]
pub enum ListOutcome {
    /// It was left alone on purpose.
    Skipped(SkipReason),
    /// It answered.
    Answered {
        /// How it was asked.
        ask: ListQuery,
        /// What it listed.
        sessions: Vec<FarmSession>,
        /// What the user may start there; absent when only that could not be had.
        catalogue: Option<Arc<ResourceEnumeration>>,
        /// What is started for the user before anybody asks; present only where it had to tell
        /// whether a session is one of an application.
        pre_launch: Option<Arc<ResourceEnumeration>>,
    },
    /// It did not.
    Failed {
        /// How it was to be asked.
        ask: ListQuery,
        /// Why.
        error: FarmError,
    },
}

/// Merges the answers. `answers` is in configured order, and so is the list: the same state gives
/// the same bytes.
///
/// # Errors
/// None of the farms that had to be asked was asked, because all were busy.
pub fn merge(
    ids: &SessionIds,
    user: &UserKey,
    answers: &[FarmListResult<'_>],
) -> Result<SessionList, Busy> {
    let enumeration = enumeration(answers.iter().filter_map(|answer| match &answer.outcome {
        ListOutcome::Skipped(_) => None,
        ListOutcome::Answered { .. } => Some(Ok(())),
        ListOutcome::Failed { error, .. } => Some(Err(error)),
    }))?;
    let sessions = answers
        .iter()
        .flat_map(|answer| {
            let shown = answer.shown().into_iter();
            shown.map(|(session, application)| {
                listed(ids, user, answer.farm, session, application, answers)
            })
        })
        .collect();
    Ok(SessionList {
        enumeration,
        sessions,
        taken_from: answers.iter().filter_map(taken_from).collect(),
    })
}

impl FarmListResult<'_> {
    /// The sessions that are shown, and their applications where the catalogue has them.
    fn shown(&self) -> Vec<(&FarmSession, Option<&Application>)> {
        let ListOutcome::Answered {
            ask,
            sessions,
            catalogue,
            pre_launch,
        } = &self.outcome
        else {
            return Vec::new();
        };
        let published = |session: &FarmSession| {
            let catalogue = catalogue.as_ref()?;
            catalogue.application(&session.key.in_name)
        };
        let is_application = |session: &&FarmSession| {
            let started_before = || pre_launch.as_ref()?.application(&session.key.in_name);
            let found = published(session).or_else(started_before);
            found.is_some_and(|application| !application.is_desktop())
        };
        each_once(self.farm, sessions)
            .filter(|entries| !ask.app_sessions_only || entries.iter().all(is_application))
            .filter_map(|entries| entries.into_iter().next())
            .map(|first| (first, published(first)))
            .collect()
    }
}

fn taken_from(answer: &FarmListResult<'_>) -> Option<FarmResult> {
    let (ask, result) = match &answer.outcome {
        ListOutcome::Skipped(_) => return None,
        ListOutcome::Answered { ask, .. } => (ask, Ok(())),
        ListOutcome::Failed { ask, error } => (ask, Err(error.clone())),
    };
    ask.disconnects.then(|| FarmResult {
        farm: answer.farm.id.clone(),
        result,
    })
}

/// The entries of each session, in the order of the farm. Some farms list a session that several
/// applications share once for each; the first made it.
fn each_once<'a>(
    farm: &FarmDescription,
    sessions: &'a [FarmSession],
) -> impl Iterator<Item = Vec<&'a FarmSession>> {
    let (nameable, nameless): (Vec<_>, Vec<_>) = sessions.iter().partition(|it| is_nameable(it));
    if !nameless.is_empty() {
        let count = nameless.len();
        warn!(farm = %farm.id, count, "Left out sessions that the farm does not name properly");
    }
    let mut entries = IndexMap::<_, Vec<_>>::new();
    for session in nameable {
        entries
            .entry(session.key.place())
            .or_default()
            .push(session);
    }
    entries.into_values()
}

/// Whether what the farm says of a session names it, in texts of bearable length.
fn is_nameable(session: &FarmSession) -> bool {
    let key = &session.key;
    let longest = [
        Some(&key.host_id),
        Some(&key.session_id),
        Some(&key.in_name),
        key.host_kind.as_ref(),
        Some(&session.server_type),
    ]
    .into_iter()
    .flatten()
    .map(String::len)
    .max();
    longest.is_some_and(|bytes| bytes <= NAME_BYTES)
        && !key.host_id.is_empty()
        && !key.session_id.is_empty()
}

fn listed(
    ids: &SessionIds,
    user: &UserKey,
    farm: &FarmDescription,
    session: &FarmSession,
    application: Option<&Application>,
    answers: &[FarmListResult<'_>],
) -> ListedSession {
    let in_name = &session.key.in_name;
    let title = application.map(|application| application.title.as_str());
    let names = [title, session.friendly_name.as_deref(), Some(in_name)];
    let initial_app = farm.name_of(names.into_iter().flatten());
    let own = ResourceId::new(&farm.id, in_name);
    let (resource_id, aggregated) = match application {
        Some(application) if farm.aggregation_group.is_some() => {
            let mut publishers = publishers(farm, application, answers);
            let first = publishers.next().unwrap_or(own);
            (first, publishers.next().is_some())
        }
        Some(_) | None => (own, false),
    };
    ListedSession {
        id: ids.seal(user, &farm.id, &session.key),
        server_type: session.server_type.clone(),
        initial_app: initial_app.to_owned(),
        aggregated,
        resource_id: resource_id.to_string(),
        publisher_name: farm.publisher_name.clone(),
    }
}

/// The application's names on all farms of this one's group, in configured order.
fn publishers(
    farm: &FarmDescription,
    application: &Application,
    answers: &[FarmListResult<'_>],
) -> impl Iterator<Item = ResourceId> {
    answers.iter().filter_map(move |answer| {
        let ListOutcome::Answered {
            catalogue: Some(catalogue),
            ..
        } = &answer.outcome
        else {
            return None;
        };
        (answer.farm.aggregation_group == farm.aggregation_group)
            .then(|| catalogue.same(application))
            .flatten()
            .map(|in_name| ResourceId::new(&answer.farm.id, in_name))
    })
}
