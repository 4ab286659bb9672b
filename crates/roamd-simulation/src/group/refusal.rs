//! Refusals of the simulated etcd, as gRPC states them.

/// Why a call or a watch is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The revision has been compacted.
    Compacted,
    /// The lease does not exist.
    LeaseNotFound,
    /// The database is full.
    NoSpace,
    /// The member has no leader. The call was not done.
    NoLeader,
    /// The leader has changed during the call, which may have been done.
    LeaderChanged,
    /// The member does not know the method.
    Unimplemented,
}

impl Refusal {
    /// Returns status code and message, as etcd has them.
    pub(super) fn status(self) -> (u32, &'static str) {
        match self {
            Self::Compacted => (11, "etcdserver: mvcc: required revision has been compacted"),
            Self::LeaseNotFound => (5, "etcdserver: requested lease not found"),
            Self::NoSpace => (8, "etcdserver: mvcc: database space exceeded"),
            Self::NoLeader => (14, "etcdserver: no leader"),
            Self::LeaderChanged => (
                14,
                "etcdserver: request timed out, possibly due to previous leader failure",
            ),
            Self::Unimplemented => (12, "unknown method"),
        }
    }
}
