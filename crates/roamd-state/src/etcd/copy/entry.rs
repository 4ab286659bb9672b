//! What the copy has of an entry.

use jiff::{SignedDuration, Timestamp};

use crate::etcd::layout::{Beat, FlagValue, ShareValue};
use crate::etcd::server_id::ServerId;

/// A flag.
#[derive(Debug, Clone, Copy)]
pub(in crate::etcd) struct Flag {
    pub(in crate::etcd) value: FlagValue,
    pub(in crate::etcd) revision: i64,
    pub(super) read: u32,
}

/// Share of a server in a counter.
#[derive(Debug, Clone, Copy)]
pub(super) struct Share {
    pub(super) server: ServerId,
    pub(super) count: u32,
    pub(super) until: Timestamp,
    pub(super) revision: i64,
    pub(super) read: u32,
    /// Number of changes by this server, if the share is its own, and of those that are in etcd.
    pub(super) changes: u32,
    pub(super) stored: u32,
}

/// A server of the group.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) beat: Beat,
    /// Its last heartbeat that arrived here; `None` if all that is known may be old.
    pub(super) seen: Option<Seen>,
    pub(super) read: u32,
}

/// Arrival of a heartbeat.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    /// How far the clock of the server was ahead of this server's when a heartbeat arrived in time.
    pub(super) clock_offset: SignedDuration,
    /// Time of the arrival, or of the end of a silence of all servers after it.
    pub(super) at: Timestamp,
    pub(super) arrival: Arrival,
}

/// Times of a heartbeat.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arrival {
    /// Milliseconds since the start of its server.
    pub(super) sent: u64,
    pub(super) at: Timestamp,
}

/// Difference between the intervals at which heartbeats are sent and arrive from which on some are
/// late. It is less than the interval of two, so that those that arrive all at once are.
const JITTER: SignedDuration = SignedDuration::from_millis(500);

impl Arrival {
    /// Returns whether a heartbeat and the one before it, which is this one, arrived in time, as
    /// far as their intervals show. etcd may hold heartbeats back, and deliver them much later: the
    /// clock of their server then looks as if it were behind.
    pub(super) fn is_followed_in_time(self, next: Self) -> bool {
        let Some(sent) = next.sent.checked_sub(self.sent) else {
            return false;
        };
        let sent = SignedDuration::from_millis(i64::try_from(sent).unwrap_or(i64::MAX));
        let arrived = next.at.duration_since(self.at);
        arrived.saturating_sub(sent).unsigned_abs() <= JITTER.unsigned_abs()
    }
}

/// A running server of the group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::etcd) struct RunningServer {
    pub(in crate::etcd) id: ServerId,
    /// How far its clock is ahead of this server's.
    pub(in crate::etcd) clock_offset: SignedDuration,
    /// Time since its start, in milliseconds.
    pub(in crate::etcd) running_for: u64,
}

/// Another value for the share of another server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::etcd) struct ShareChange {
    pub(in crate::etcd) server: ServerId,
    pub(in crate::etcd) value: ShareValue,
    /// The revision that it changes.
    pub(in crate::etcd) revision: i64,
}

impl Share {
    pub(super) fn value(&self, writer: ServerId) -> ShareValue {
        ShareValue {
            count: self.count,
            until: self.until,
            writer,
        }
    }

    pub(super) fn changed_by(&self, writer: ServerId, count: u32, until: Timestamp) -> ShareChange {
        ShareChange {
            server: self.server,
            value: ShareValue {
                count,
                until,
                writer,
            },
            revision: self.revision,
        }
    }
}
