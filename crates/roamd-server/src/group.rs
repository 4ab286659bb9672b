//! A group of servers as operators see it.

use std::collections::HashSet;
use std::sync::Arc;

use jiff::Timestamp;
use roamd_state::{CLOCK_TOLERANCE, Group, GroupError, STALE_AFTER, SystemNetwork};

pub use roamd_state::{GroupOverview, GroupServer, Member, MemberState, ServerActivity};

use crate::config::{Etcd, EtcdFileError, group_settings};

/// Why there is no overview.
#[derive(Debug, thiserror::Error)]
pub enum OverviewError {
    /// The group cannot be used.
    #[error(transparent)]
    Group(#[from] GroupError),
    /// A file that the group needs cannot be used.
    #[error(transparent)]
    File(#[from] EtcdFileError),
}

/// Looks at the group of a configuration, which takes a few seconds. Changes nothing.
///
/// # Errors
/// If etcd cannot be used, there is no group, or it is of another cluster key.
pub async fn overview(etcd: &Etcd) -> Result<GroupOverview, OverviewError> {
    let settings = group_settings(etcd)?;
    let group = Group::open_existing(&settings, Arc::new(SystemNetwork)).await?;
    let overview = group.overview(Timestamp::now).await;
    Ok(overview.map_err(GroupError::from)?)
}

/// Returns a sentence for each reason why a group is degraded.
#[must_use]
pub fn problems(overview: &GroupOverview) -> Vec<String> {
    let mut problems = Vec::new();
    for Member { endpoint, state } in &overview.members {
        match state {
            Err(error) => problems.push(format!("etcd at {endpoint} does not respond: {error}")),
            Ok(state) => {
                if state.is_leader.is_none() {
                    problems.push(format!("etcd at {endpoint} knows no leader"));
                }
                let alarms = state.alarms.iter();
                problems.extend(alarms.map(|it| format!("etcd at {endpoint} reports {it}")));
            }
        }
    }
    let running = overview.servers.iter();
    let running = running.filter(|it| matches!(it.activity, ServerActivity::Running { .. }));
    let running: HashSet<_> = running.map(|it| &it.name).collect();
    let mut clocks = Vec::new();
    for GroupServer { name, activity, .. } in &overview.servers {
        match activity {
            ServerActivity::Running {
                lag,
                clock_offset,
                has_wrong_clock,
                ..
            } => {
                if *lag > STALE_AFTER {
                    let seconds = lag.as_secs();
                    problems.push(format!("server {name} is {seconds} seconds behind etcd"));
                }
                if *has_wrong_clock {
                    problems.push(format!(
                        "server {name} refuses requests, because its clock is wrong"
                    ));
                }
                clocks.push((*clock_offset, name));
            }
            // It has been started again.
            ServerActivity::Silent { .. } if running.contains(name) => {}
            ServerActivity::Silent { last } => {
                problems.push(format!("server {name} sends no heartbeats since {last:.0}"));
            }
        }
    }
    clocks.sort();
    let Some((middle, reference)) = clocks.get(clocks.len() / 2) else {
        problems.push("no server runs".to_owned());
        return problems;
    };
    for (offset, name) in &clocks {
        let ahead = *offset - *middle;
        if ahead.unsigned_abs() > CLOCK_TOLERANCE.unsigned_abs() {
            let seconds = ahead.unsigned_abs().as_secs();
            let side = if ahead.is_negative() {
                "behind"
            } else {
                "ahead of"
            };
            problems.push(format!(
                "the clock of server {name} is {seconds} seconds {side} that of server {reference}"
            ));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::SignedDuration;

    use super::*;

    fn server(name: &str, lag: u64, offset: i64) -> GroupServer {
        GroupServer {
            id: "1".to_owned(),
            name: name.to_owned(),
            version: "1".to_owned(),
            activity: ServerActivity::Running {
                uptime: Duration::ZERO,
                lag: Duration::from_secs(lag),
                clock_offset: SignedDuration::from_secs(offset),
                has_wrong_clock: offset.abs() > 30,
            },
        }
    }

    fn member(is_leader: Option<bool>, alarms: &[&str]) -> Member {
        Member {
            endpoint: "http://e".to_owned(),
            state: Ok(MemberState {
                version: "3.5.33".to_owned(),
                fixed_in: None,
                is_leader,
                database_bytes: 1,
                alarms: alarms.iter().map(|&it| it.to_owned()).collect(),
            }),
        }
    }

    #[test]
    fn every_reason_of_a_degraded_group_is_named() {
        let good = member(Some(true), &[]);
        let silent = GroupServer {
            activity: ServerActivity::Silent {
                last: Timestamp::UNIX_EPOCH,
            },
            ..server("c", 0, 0)
        };
        let dead = Member {
            state: Err("no route".to_owned()),
            ..good.clone()
        };
        let running = server("a", 1, 0);
        for (servers, members, expected) in [
            (
                vec![running.clone(), server("b", 5, 2)],
                vec![good.clone()],
                &[][..],
            ),
            (
                vec![running.clone()],
                vec![dead],
                &["http://e does not respond: no route"],
            ),
            (
                vec![running.clone()],
                vec![member(None, &[])],
                &["knows no leader"],
            ),
            (
                vec![running.clone()],
                vec![member(Some(false), &["alarm:NOSPACE"])],
                &["reports alarm:NOSPACE"],
            ),
            (
                vec![server("b", 6, 0)],
                vec![good.clone()],
                &["server b is 6 seconds behind"],
            ),
            (
                vec![running.clone(), server("b", 0, -3)],
                vec![good.clone()],
                &["the clock of server b is 3 seconds behind that of server a"],
            ),
            (
                vec![server("a", 0, -1), server("b", 0, 60), server("c", 0, 0)],
                vec![good.clone()],
                &[
                    "server b refuses requests, because its clock is wrong",
                    "the clock of server b is 60 seconds ahead of that of server c",
                ],
            ),
            // A crashed server that runs again.
            (
                vec![server("c", 0, 0), silent.clone()],
                vec![good.clone()],
                &[],
            ),
            (
                vec![running, silent.clone()],
                vec![good.clone()],
                &["server c sends no heartbeats since 1970-01-01T00:00:00Z"],
            ),
            (
                vec![silent],
                vec![good],
                &["server c sends", "no server runs"],
            ),
        ] {
            let found = problems(&GroupOverview { servers, members });
            assert_eq!(found.len(), expected.len(), "{found:?}");
            for (found, expected) in found.iter().zip(expected) {
                assert!(found.contains(expected), "{found}");
            }
        }
    }
}
