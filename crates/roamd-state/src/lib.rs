#![doc = include_str!("../README.md")]

mod counter;
mod digest;
mod digest_key;
mod error;
mod etcd;
mod flag;
mod group_state;
mod limited_flags;
mod party;
mod shared_state;
mod sqlite;

pub use counter::{Counter, CounterKind};
pub use digest::Digest;
pub use error::StateError;
pub use etcd::{
    BlockingGroup, CLOCK_TOLERANCE, EtcdState, Group, GroupError, GroupOverview, GroupServer,
    GroupSettings, Member, MemberState, STALE_AFTER, SealedRecord, ServerActivity, WhenUnreachable,
};
pub use flag::FlagKind;
pub use group_state::{GroupState, Reach};
pub use limited_flags::{FlagBudget, FlagsSet, LimitedFlags};
pub use party::Party;
pub use roamd_etcd_client::{
    ClientSettings, ClientTls, Credentials, Endpoint, Scheme, SystemNetwork, TlsError,
};
pub use shared_state::{
    MAX_COUNTERS_LISTED, MIN_COUNTERS_KEPT, MIN_FLAGS_KEPT, SharedState, StateFuture,
};
pub use sqlite::{OpenError, SqliteState, StagedState, StateCopy};
