//! Merge of the farms' results into one list of sessions (SS-36 to SS-40).

use std::sync::Arc;

use indexmap::IndexMap;
use roamd_store_proto::EnumerationStatus;
use tracing::warn;

use super::plan::{ListQuery, SkipReason};
use crate::end::FarmResult;
use crate::enumeration_status::enumeration_status;
use crate::resource_enumeration::NAME_BYTES;
use crate::{
    Application, Busy, FarmDescription, FarmError, FarmSession, ResourceEnumeration, ResourceId,
    SessionIds, UserKey,
};

/// The sessions that a client may connect to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionList {
    /// How many of the queried farms listed sessions (SS-37).
    pub enumeration: EnumerationStatus,
    /// The sessions: farms in configured order, then the order of the farm.
    pub sessions: Vec<ListedSession>,
    /// The farms on which this list disconnected active sessions (SS-29), and those that failed,
    /// on which it may have.
    pub disconnected_on: Vec<FarmResult>,
}

/// One session of the list (SS-39).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedSession {
    /// Sealed id, safe in a path segment (SS-13).
    pub id: String,
    /// Server type of the host.
    pub server_type: String,
    /// Display name of its application, never empty (SS-40).
    pub initial_app: String,
    /// Another farm of the group publishes the same application.
    pub aggregated: bool,
    /// Id of the application as a resource, `FARM.NAME`; of an aggregated application, on the first
    /// farm of the group that publishes it.
    pub resource_id: String,
    /// Publisher name of the farm.
    pub publisher_name: String,
}

/// Result of a list on one farm.
#[derive(Debug)]
pub struct FarmListResult<'a> {
    /// The farm.
    pub farm: &'a FarmDescription,
    /// What the farm returned.
    pub outcome: ListOutcome,
}

/// Outcome of a list on one farm.
#[derive(Debug)]
pub enum ListOutcome {
    /// The plan skipped the farm.
    Skipped(SkipReason),
    /// The farm listed sessions.
    Listed {
        /// Query of the farm.
        query: ListQuery,
        /// The sessions, in the order of the farm.
        sessions: Vec<FarmSession>,
        /// Resources that the user may start there; `None` if only these could not be listed.
        enumeration: Option<Arc<ResourceEnumeration>>,
        /// Pre-launch resources; `None` if they were not needed to recognise an application.
        pre_launch: Option<Arc<ResourceEnumeration>>,
    },
    /// The farm did not list sessions.
    Failed {
        /// Query that was, or would have been, sent.
        query: ListQuery,
        /// Cause.
        error: FarmError,
    },
}

/// Merges the results, which are in configured order. The list has the same order: the same state
/// gives the same bytes.
///
/// # Errors
/// [`Busy`] if none of the farms that had to be queried had a free permit.
pub fn merge(
    ids: &SessionIds,
    user: &UserKey,
    results: &[FarmListResult<'_>],
) -> Result<SessionList, Busy> {
    let queried = results.iter().filter_map(|result| match &result.outcome {
        ListOutcome::Skipped(_) => None,
        ListOutcome::Listed { .. } => Some(Ok(())),
        ListOutcome::Failed { error, .. } => Some(Err(error)),
    });
    let enumeration = enumeration_status(queried)?;
    let sessions = results
        .iter()
        .flat_map(|result| {
            let visible = result.visible_sessions().into_iter();
            visible.map(|(session, application)| {
                listed_session(ids, user, result.farm, session, application, results)
            })
        })
        .collect();
    Ok(SessionList {
        enumeration,
        sessions,
        disconnected_on: results.iter().filter_map(disconnect_result).collect(),
    })
}

impl FarmListResult<'_> {
    /// The sessions to list, and their applications if the enumeration has them.
    fn visible_sessions(&self) -> Vec<(&FarmSession, Option<&Application>)> {
        let ListOutcome::Listed {
            query,
            sessions,
            enumeration,
            pre_launch,
        } = &self.outcome
        else {
            return Vec::new();
        };
        let published = |session: &FarmSession| {
            let enumeration = enumeration.as_ref()?;
            enumeration.application(&session.key.in_name)
        };
        let is_application = |session: &&FarmSession| {
            let pre_launched = || pre_launch.as_ref()?.application(&session.key.in_name);
            let found = published(session).or_else(pre_launched);
            found.is_some_and(|application| !application.is_desktop())
        };
        entries_by_session(self.farm, sessions)
            .filter(|entries| !query.app_sessions_only || entries.iter().all(is_application))
            .filter_map(|entries| entries.into_iter().next())
            .map(|first| (first, published(first)))
            .collect()
    }
}

/// The result on a farm whose list disconnects active sessions.
fn disconnect_result(result: &FarmListResult<'_>) -> Option<FarmResult> {
    let (query, outcome) = match &result.outcome {
        ListOutcome::Skipped(_) => return None,
        ListOutcome::Listed { query, .. } => (query, Ok(())),
        ListOutcome::Failed { query, error } => (query, Err(error.clone())),
    };
    query.disconnects_active.then(|| FarmResult {
        farm: result.farm.id.clone(),
        result: outcome,
    })
}

/// The entries of each session, in the order of the farm. Some farms list a session once for each
/// application that shares it; the first of these created it.
fn entries_by_session<'a>(
    farm: &FarmDescription,
    sessions: &'a [FarmSession],
) -> impl Iterator<Item = Vec<&'a FarmSession>> {
    let (valid, invalid): (Vec<_>, Vec<_>) = sessions.iter().partition(|it| has_valid_key(it));
    if !invalid.is_empty() {
        let count = invalid.len();
        warn!(farm = %farm.id, count, "Sessions with an invalid key left out of the list");
    }
    let mut entries = IndexMap::<_, Vec<_>>::new();
    for session in valid {
        entries
            .entry(session.key.identity())
            .or_default()
            .push(session);
    }
    entries.into_values()
}

/// Whether host and session number are there, and no text is too long.
fn has_valid_key(session: &FarmSession) -> bool {
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

fn listed_session(
    ids: &SessionIds,
    user: &UserKey,
    farm: &FarmDescription,
    session: &FarmSession,
    application: Option<&Application>,
    results: &[FarmListResult<'_>],
) -> ListedSession {
    let in_name = &session.key.in_name;
    let title = application.map(|application| application.title.as_str());
    let names = [title, session.friendly_name.as_deref(), Some(in_name)];
    let initial_app = farm.display_name(names.into_iter().flatten());
    let own = ResourceId::new(&farm.id, in_name);
    let (resource_id, aggregated) = match application {
        Some(application) if farm.aggregation_group.is_some() => {
            let mut publishers = publishers(farm, application, results);
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

/// Resource ids of the application on all farms of this farm's group, in configured order.
fn publishers(
    farm: &FarmDescription,
    application: &Application,
    results: &[FarmListResult<'_>],
) -> impl Iterator<Item = ResourceId> {
    results.iter().filter_map(move |result| {
        let ListOutcome::Listed {
            enumeration: Some(enumeration),
            ..
        } = &result.outcome
        else {
            return None;
        };
        (result.farm.aggregation_group == farm.aggregation_group)
            .then(|| enumeration.in_name_of_same(application))
            .flatten()
            .map(|in_name| ResourceId::new(&result.farm.id, in_name))
    })
}
