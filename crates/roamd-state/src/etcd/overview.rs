//! Overview of a group for operators: its servers, and the members of etcd.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use roamd_etcd_client::CallError;
use roamd_etcd_client::messages::{
    EventType, KeyValue, RangeRequest, StatusResponse, WatchCreateRequest,
};
use tokio::time::{Instant, timeout_at};

use super::group::{AskedMember, Group};
use super::health::TWO_BEATS;
use super::layout::{Beat, Key, SERVERS};
use super::server_id::ServerId;
use super::version::{Verdict, Version};

/// Overview of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupOverview {
    /// The servers, in the order of their names.
    pub servers: Vec<GroupServer>,
    /// The members of etcd, in configured order.
    pub members: Vec<Member>,
}

/// A server of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupServer {
    /// Id, which is another one after each start.
    pub id: String,
    /// Name for operators.
    pub name: String,
    /// Version.
    pub version: String,
    /// What its heartbeats say.
    pub activity: ServerActivity,
}

/// What the heartbeats of a server say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerActivity {
    /// It runs.
    Running {
        /// Time since its start.
        uptime: Duration,
        /// Age of its copy of the state.
        lag: Duration,
        /// How far its clock is ahead of the one of this machine.
        clock_offset: SignedDuration,
        /// Whether it refuses requests because its clock is wrong.
        has_wrong_clock: bool,
    },
    /// It sends no heartbeats, and has not stopped properly.
    Silent {
        /// Time of the last one, by its clock.
        last: Timestamp,
    },
}

/// A member of etcd.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Endpoint.
    pub endpoint: String,
    /// Its state, or why it does not respond.
    pub state: Result<MemberState, String>,
}

/// State of a member of etcd that responds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberState {
    /// Version.
    pub version: String,
    /// Version of the same line that has the fixes which this one lacks, if it lacks some.
    pub fixed_in: Option<String>,
    /// Whether it is the leader; `None` if it knows no leader.
    pub is_leader: Option<bool>,
    /// Size of its database, in bytes.
    pub database_bytes: u64,
    /// Alarms that it reports, such as NOSPACE.
    pub alarms: Vec<String>,
}

impl Group {
    /// Listens to the heartbeats of the servers for a few seconds, and asks each member of etcd.
    ///
    /// # Errors
    /// If the heartbeats cannot be read.
    pub async fn overview(
        &self,
        clock: impl Fn() -> Timestamp,
    ) -> Result<GroupOverview, CallError> {
        let members = self.members().await.into_iter();
        let members = members.map(|AskedMember { endpoint, status }| Member {
            endpoint: endpoint.to_string(),
            state: status.map(MemberState::of).map_err(|it| it.to_string()),
        });
        let members = members.collect();
        Ok(GroupOverview {
            servers: self.servers(clock).await?,
            members,
        })
    }

    async fn servers(&self, clock: impl Fn() -> Timestamp) -> Result<Vec<GroupServer>, CallError> {
        let (key, range_end) = self.range(SERVERS);
        let read = RangeRequest {
            key: key.clone(),
            range_end: range_end.clone(),
            ..RangeRequest::default()
        };
        let read = self.client().range(&read).await?;
        let revision = read.header.ok_or(CallError::Malformed)?.revision;
        let mut servers: BTreeMap<_, _> = read
            .kvs
            .iter()
            .filter_map(|kv| self.beat(kv))
            .map(|(id, beat)| (id, (None::<SignedDuration>, beat)))
            .collect();
        let create = WatchCreateRequest {
            key,
            range_end,
            start_revision: revision + 1,
        };
        let mut watch = self.client().watch(create).await?;
        let deadline = Instant::now() + TWO_BEATS;
        while let Ok(changes) = timeout_at(deadline, watch.next()).await {
            let arrived = clock();
            for event in changes?.events {
                let Some(kv) = event.kv else { continue };
                let beat = self.beat(&kv);
                if let Some((id, beat)) = beat {
                    let offset = beat.now.duration_since(arrived);
                    let earlier = servers.get(&id).and_then(|(offset, _)| *offset);
                    // The least late one is right.
                    let offset = earlier.map_or(offset, |earlier| earlier.max(offset));
                    servers.insert(id, (Some(offset), beat));
                } else if event.r#type == i32::from(EventType::Delete)
                    && let Some(id) = self.server(&kv)
                {
                    servers.remove(&id);
                }
            }
        }
        let servers = servers.into_iter().map(server);
        let mut servers: Vec<_> = servers.collect();
        servers.sort_by(|one, other| (&one.name, &one.id).cmp(&(&other.name, &other.id)));
        Ok(servers)
    }

    fn server(&self, kv: &KeyValue) -> Option<ServerId> {
        match Key::parse(self.below_prefix(&kv.key))? {
            Key::Server(id) => Some(id),
            Key::Flag(..) | Key::Share(..) => None,
        }
    }

    fn beat(&self, kv: &KeyValue) -> Option<(ServerId, Beat)> {
        Some((self.server(kv)?, Beat::parse(&kv.value)?))
    }
}

fn server((id, (clock_offset, beat)): (ServerId, (Option<SignedDuration>, Beat))) -> GroupServer {
    let Beat {
        now,
        sent,
        age,
        has_wrong_clock,
        version,
        name,
        ..
    } = beat;
    GroupServer {
        id: id.to_string(),
        name,
        version,
        activity: match clock_offset {
            Some(clock_offset) => ServerActivity::Running {
                uptime: Duration::from_millis(sent),
                lag: Duration::from_millis(age),
                clock_offset,
                has_wrong_clock,
            },
            None => ServerActivity::Silent { last: now },
        },
    }
}

impl MemberState {
    fn of(status: StatusResponse) -> Self {
        let StatusResponse {
            header,
            version,
            database_bytes,
            leader,
            alarms,
        } = status;
        let own = header.map(|header| header.member_id);
        let verdict = Version::parse(&version).map(Version::verdict);
        Self {
            fixed_in: match verdict {
                Some(Verdict::Outdated { fixed }) => Some(fixed.to_string()),
                Some(Verdict::TooOld) => Some(Version::OLDEST.to_string()),
                Some(Verdict::Good) | None => None,
            },
            version,
            is_leader: (leader != 0).then_some(own == Some(leader)),
            database_bytes: u64::try_from(database_bytes).unwrap_or_default(),
            alarms,
        }
    }
}
