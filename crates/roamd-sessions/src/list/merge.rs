//! Merge of the farms' results into one list of sessions (SS-36 to SS-40).

use std::collections::BTreeMap;
use std::sync::Arc;

use roamd_store_proto::EnumerationStatus;
use tracing::warn;

use super::plan::{ListQuery, SkipReason};
use super::reason::Verdict;
use crate::end::FarmResult;
use crate::enumeration_status::{Completeness, enumeration_status};
use crate::farm::is_account_refused;
use crate::resource_enumeration::NAME_BYTES;
use crate::{
    Application, Busy, FarmDescription, FarmError, FarmId, FarmSession, FarmSessions,
    ResourceEnumeration, ResourceId, SessionIds, UserFarms, UserKey,
};

/// The sessions that a client may connect to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionList {
    /// Whether every queried farm listed all its sessions (SS-37).
    pub enumeration: EnumerationStatus,
    /// The sessions: farms in configured order, then the order of the farm.
    pub sessions: Vec<ListedSession>,
    /// Publisher names of the farms that did not list, in configured order.
    pub missing_farms: Vec<String>,
    /// Publisher names of the farms that would disconnect active sessions to list them, and were
    /// therefore not queried for them, in configured order.
    pub spared_farms: Vec<String>,
    /// The farms on which this list disconnected active sessions (SS-29), and those that failed,
    /// on which it may have.
    pub disconnected_on: Vec<FarmResult>,
    /// No farm listed, and a farm refused the account (CA-12).
    pub account_refused: bool,
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
    /// Whether it is a desktop, as far as the farm says.
    pub desktop: bool,
    /// Another farm of the group publishes the same application.
    pub aggregated: bool,
    /// Id of the application as a resource, `FARM.NAME`; of an aggregated application, on the first
    /// farm of the group that publishes it.
    pub resource_id: String,
    /// Publisher name of the farm.
    pub publisher_name: String,
}

/// Results of a list on all farms of its plan, in configured order, before they are merged.
#[derive(Debug)]
pub struct QueriedSessions {
    pub(crate) outcomes: Vec<(FarmId, ListOutcome)>,
    /// The farms of the user.
    pub(crate) user_farms: UserFarms,
}

impl QueriedSessions {
    /// Number of sessions, as a measure of the work of the merge.
    #[must_use]
    pub fn size(&self) -> usize {
        let sizes = self.outcomes.iter().map(|(_, outcome)| match outcome {
            ListOutcome::Listed { sessions, .. } => sessions.as_slice().len(),
            ListOutcome::Skipped(_) | ListOutcome::Failed { .. } => 0,
        });
        sizes.sum()
    }
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
        sessions: FarmSessions,
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
    let enumeration = enumeration_status(queried(results))?;
    let sessions = results
        .iter()
        .flat_map(|result| {
            let offered = result.offered_sessions();
            offered.map(|entry| listed_session(ids, user, result.farm, entry, results))
        })
        .collect();
    Ok(SessionList {
        enumeration,
        sessions,
        missing_farms: results.iter().filter_map(missing_farm).collect(),
        spared_farms: results.iter().filter_map(spared_farm).collect(),
        disconnected_on: results.iter().filter_map(disconnect_result).collect(),
        account_refused: account_refused(results),
    })
}

/// The result of each farm that had to be queried.
pub(super) fn queried<'r>(
    results: &'r [FarmListResult<'_>],
) -> impl Iterator<Item = Result<Completeness, &'r FarmError>> {
    results.iter().filter_map(|it| it.outcome.completeness())
}

/// Whether no farm listed, and a farm refused the account (CA-12).
pub(super) fn account_refused(results: &[FarmListResult<'_>]) -> bool {
    is_account_refused(queried(results).map(|it| it.map(drop)))
}

impl ListOutcome {
    /// Whether all sessions of the farm are listed, or why none is. Returns `None` if the plan
    /// skipped the farm.
    fn completeness(&self) -> Option<Result<Completeness, &FarmError>> {
        match self {
            Self::Skipped(_) => None,
            Self::Listed {
                query,
                sessions,
                enumeration,
                pre_launch,
            } => {
                let enumerations = [enumeration.as_deref(), pre_launch.as_deref()];
                let misses = query.misses_sessions(sessions.as_slice(), enumerations);
                Some(Ok(Completeness::of(sessions.is_truncated() || misses)))
            }
            Self::Failed { error, .. } => Some(Err(error)),
        }
    }
}

/// One entry of the list of a farm.
#[derive(Clone, Copy)]
pub(super) struct Entry<'r> {
    pub(super) session: &'r FarmSession,
    /// Its application in the user's enumeration.
    pub(super) published: Option<&'r Application>,
}

/// A session that a farm listed, and whether the list offers it.
pub(super) struct JudgedSession<'r> {
    /// Its first entry.
    pub(super) entry: Entry<'r>,
    pub(super) verdict: Verdict,
}

impl FarmListResult<'_> {
    /// The sessions that the farm listed, in its order; those with an invalid key are last.
    pub(super) fn judged_sessions<'a>(&'a self) -> Vec<JudgedSession<'a>> {
        let ListOutcome::Listed {
            query,
            sessions,
            enumeration,
            pre_launch,
        } = &self.outcome
        else {
            return Vec::new();
        };
        let entry = |session| Entry {
            session,
            published: enumeration
                .as_ref()
                .and_then(|it| it.application(&session.key.in_name)),
        };
        let application = |&Entry { session, published }: &Entry<'a>| {
            let pre_launched = || pre_launch.as_ref()?.application(&session.key.in_name);
            published.or_else(pre_launched)
        };
        let entries = sessions.as_slice().iter().map(entry);
        let (valid, invalid): (Vec<_>, Vec<_>) =
            entries.partition(|entry| has_valid_key(entry.session));
        let judged = entries_by_session(valid).into_iter().filter_map(|entries| {
            Some(JudgedSession {
                entry: *entries.first()?,
                verdict: query.verdict(entries.iter().map(application)),
            })
        });
        let unusable = invalid.into_iter().map(|entry| JudgedSession {
            entry,
            verdict: Verdict::InvalidKey,
        });
        judged.chain(unusable).collect()
    }

    /// The sessions to list.
    fn offered_sessions(&self) -> impl Iterator<Item = Entry<'_>> {
        let judged = self.judged_sessions();
        let invalid = judged.iter().filter(|it| it.verdict == Verdict::InvalidKey);
        let count = invalid.count();
        if count > 0 {
            let farm = &self.farm.id;
            warn!(%farm, count, "Sessions with an invalid key left out of the list");
        }
        let judged = judged.into_iter();
        let offered = judged.filter(|it| it.verdict == Verdict::Offered);
        offered.map(|it| it.entry)
    }
}

/// Publisher name of a farm that did not list.
fn missing_farm(result: &FarmListResult<'_>) -> Option<String> {
    let is_missing = matches!(result.outcome, ListOutcome::Failed { .. });
    is_missing.then(|| result.farm.publisher_name.clone())
}

/// Publisher name of a farm that was not queried for active sessions, because it would disconnect
/// them.
fn spared_farm(result: &FarmListResult<'_>) -> Option<String> {
    let ListOutcome::Listed { query, .. } = &result.outcome else {
        return None;
    };
    let is_spared = query.spares_active();
    is_spared.then(|| result.farm.publisher_name.clone())
}

/// The result on a farm whose list disconnects active sessions.
fn disconnect_result(result: &FarmListResult<'_>) -> Option<FarmResult> {
    let (query, outcome) = match &result.outcome {
        ListOutcome::Skipped(_) => return None,
        ListOutcome::Listed { query, .. } => (query, Ok(())),
        ListOutcome::Failed { query, error } => (query, Err(error.clone())),
    };
    query.scope().disconnects_active().then(|| FarmResult {
        farm: result.farm.id.clone(),
        result: outcome,
    })
}

/// The entries of each session, in the order of the farm. Some farms list a session once for each
/// application that shares it; the first of these created it.
fn entries_by_session(entries: Vec<Entry<'_>>) -> Vec<Vec<Entry<'_>>> {
    let mut sessions: Vec<Vec<_>> = Vec::with_capacity(entries.len());
    // Compared and not hashed, because most users have few sessions.
    let mut positions = BTreeMap::new();
    for entry in entries {
        let identity = entry.session.key.identity();
        let position = *positions.entry(identity).or_insert(sessions.len());
        match sessions.get_mut(position) {
            Some(session) => session.push(entry),
            None => sessions.push(vec![entry]),
        }
    }
    sessions
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
    entry: Entry<'_>,
    results: &[FarmListResult<'_>],
) -> ListedSession {
    let Entry {
        session,
        published: application,
    } = entry;
    let in_name = &session.key.in_name;
    let initial_app = initial_app(farm, session, application);
    let (resource_id, aggregated) = resource(farm, in_name, application, results);
    // Assumed if the enumeration does not name the application.
    let hosts_only_desktops = farm.generation.hosts_only_desktops();
    ListedSession {
        id: ids.seal(user, &farm.id, &session.key),
        server_type: session.server_type.clone(),
        initial_app: initial_app.to_owned(),
        desktop: application.map_or(hosts_only_desktops, Application::is_desktop),
        aggregated,
        resource_id: resource_id.to_text(),
        publisher_name: farm.publisher_name.clone(),
    }
}

/// Display name of the application of a session (SS-40).
pub(super) fn initial_app<'a>(
    farm: &'a FarmDescription,
    session: &'a FarmSession,
    application: Option<&'a Application>,
) -> &'a str {
    let title = application.map(|application| application.title.as_str());
    let in_name = session.key.in_name.as_str();
    let names = [title, session.friendly_name.as_deref(), Some(in_name)];
    farm.display_name(names.into_iter().flatten())
}

/// Resource id of the application of a session, and whether it is aggregated.
fn resource(
    farm: &FarmDescription,
    in_name: &str,
    application: Option<&Application>,
    results: &[FarmListResult<'_>],
) -> (ResourceId, bool) {
    let own = ResourceId::new(&farm.id, in_name);
    match application {
        Some(application) if farm.aggregation_group.is_some() => {
            let mut publishers = publishers(farm, application, results);
            let first = publishers.next().unwrap_or(own);
            (first, publishers.next().is_some())
        }
        Some(_) | None => (own, false),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::list::plan::{FarmPlan, ListRequest};
    use crate::resource_enumeration::reads_of_identity;
    use crate::{
        FarmEnumeration, Generation, ResourceFilter, Roaming, SessionKey, merge_resources,
    };

    const FARMS: usize = 16;
    const SESSIONS: usize = 20_000;
    const APPLICATIONS: usize = 10_000;

    fn farm(number: usize) -> FarmDescription {
        let id = FarmId::new(format!("FARM{number}"));
        FarmDescription {
            aggregation_group: Some("office".to_owned()),
            ..FarmDescription::new(id, format!("Farm {number}"), Generation::Cvad7)
        }
    }

    fn session(number: usize) -> FarmSession {
        FarmSession {
            key: SessionKey {
                host_kind: None,
                host_id: "1".to_owned(),
                session_id: number.to_string(),
                in_name: format!("App{}", number % APPLICATIONS),
            },
            friendly_name: None,
            server_type: "win32".to_owned(),
        }
    }

    fn listed(farm: &FarmDescription, enumeration: Arc<ResourceEnumeration>) -> FarmListResult<'_> {
        let everything = ListRequest::DISCONNECTED;
        let FarmPlan::Query(query) = FarmPlan::new(farm, everything, Roaming::Always) else {
            panic!("every farm is queried");
        };
        let sessions: Vec<_> = (0..SESSIONS).map(session).collect();
        let outcome = ListOutcome::Listed {
            query,
            sessions: sessions.into(),
            enumeration: Some(enumeration),
            pre_launch: None,
        };
        FarmListResult { farm, outcome }
    }

    #[test]
    fn work_of_a_merge_is_linear_in_sessions_and_applications() {
        // A hostile farm has the most sessions and the most applications of the same title.
        let application = |number| {
            let title = "Paint".to_owned();
            let application = Application {
                title,
                ..Application::default()
            };
            (format!("App{number}"), application)
        };
        let (reads, enumeration) =
            reads_of_identity::of(|| (0..APPLICATIONS).map(application).collect());
        assert!(reads <= 3 * APPLICATIONS, "{reads} reads for an index");
        let enumeration: Arc<ResourceEnumeration> = Arc::new(enumeration);

        let farms: Vec<_> = (0..FARMS).map(farm).collect();
        let results = farms.iter().map(|it| listed(it, Arc::clone(&enumeration)));
        let results: Vec<_> = results.collect();
        let resources = || {
            let sessions = results.iter().flat_map(|result| {
                result.offered_sessions().map(|it| {
                    resource(result.farm, &it.session.key.in_name, it.published, &results)
                })
            });
            sessions.collect::<Vec<_>>()
        };
        let (reads, resources) = reads_of_identity::of(resources);
        assert_eq!(resources.len(), FARMS * SESSIONS);
        let first = (ResourceId::new(&FarmId::new("FARM0"), "App0"), true);
        assert!(resources.iter().all(|it| *it == first));
        // The first two farms of the group decide: a read for the key of a lookup, one to compare.
        assert!(reads <= 4 * FARMS * SESSIONS, "{reads} reads for sessions");

        let enumerations: Vec<_> = farms
            .iter()
            .map(|farm| FarmEnumeration {
                farm,
                enumeration: Ok(Arc::clone(&enumeration)),
            })
            .collect();
        let all = ResourceFilter::default();
        let (reads, list) = reads_of_identity::of(|| merge_resources(&enumerations, &all));
        assert_eq!(list.unwrap().resources.len(), 1);
        assert!(reads <= FARMS * APPLICATIONS, "{reads} reads for resources");
    }
}
