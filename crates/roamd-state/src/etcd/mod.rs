//! Engine for a group of servers: etcd, and a copy of its content in the memory of each server.
//!
//! Reads come from the copy, which a watch keeps up to date ([`follower`]), so a request costs no
//! round trip. A flag that only its first caller may set is a transaction ([`flags`]). Each server
//! has its own share of each counter and is the only one that adds to it, so that counting needs no
//! transaction, and a write that is sent twice counts once ([`counts`]).
//!
//! Entries have their expiry in their value, and are judged by it. Leases only collect the garbage:
//! etcd may end them late, and some versions too early ([`leases`]). An entry that disappears
//! before it expires is written again.
//!
//! The server proves with its own heartbeat that the watch is alive ([`health`]).

mod blocking;
mod bucket;
mod clock_check;
mod copy;
mod counts;
mod engine;
mod flags;
mod flush;
mod follower;
mod garbage;
mod group;
mod health;
mod layout;
mod leases;
mod maintenance;
mod overview;
mod requests;
mod server_id;
mod shared;
mod version;

pub use blocking::BlockingGroup;
pub use clock_check::CLOCK_TOLERANCE;
pub use engine::EtcdState;
pub use group::{Group, GroupError, GroupSettings, SealedRecord};
pub use health::{STALE_AFTER, WhenUnreachable};
pub use overview::{GroupOverview, GroupServer, Member, MemberState, ServerActivity};
