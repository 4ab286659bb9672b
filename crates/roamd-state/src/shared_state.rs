//! The trait of the shared state, and its contract.

use std::future::ready;
use std::pin::Pin;

use jiff::Timestamp;

use crate::counter::{Counter, CounterKind};
use crate::digest::Digest;
use crate::error::StateError;
use crate::flag::FlagKind;
use crate::group_state::{GroupState, Reach};
use crate::limited_flags::{FlagsSet, LimitedFlags};
use crate::party::Party;

/// Number of counters of one kind that an engine keeps at least. There has to be a limit, because
/// unauthenticated clients can create counters.
pub const MIN_COUNTERS_KEPT: u32 = 500_000;

/// Maximum number of counters that [`SharedState::counters_above`] returns.
pub const MAX_COUNTERS_LISTED: u32 = 100_000;

/// Number of flags of one kind that an engine keeps at least, for kinds whose early removal is
/// harmless. A sign-in conversation that is resumed, for example, still requires the password.
pub const MIN_FLAGS_KEPT: u32 = 500_000;

/// Future of a [`SharedState`]. It is boxed, so that the engine can be chosen at run time.
pub type StateFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, StateError>> + Send + 'a>>;

/// State that all servers share.
///
/// # Contract
///
/// - **Durability.** A write whose future returned `Ok` survives the end of every process, even by
///   `SIGKILL`. A flag that forbids a second use also survives a power failure. The latest counts
///   and known networks may be lost in a power failure: they protect against attacks that take
///   hours, and every sign-in writes several of them.
/// - **Visibility.** The server that made an acknowledged write sees it in all later reads. Every
///   other server sees it within the delay of the engine, which is milliseconds, or reports that it
///   is degraded ([`SharedState::group_state`]).
/// - **Atomicity.** Of several callers that set the same flag at the same time, at any servers, it
///   is new for exactly one. Of all callers that increment the same counter, at any servers, at
///   most `n` get a number up to `n`, unless it was decremented in between: a number may be too
///   high, after a lost response of the engine, and is never too low.
/// - **Degraded servers.** One that cannot reach the others either fails, or continues with what it
///   knows: what is set stays set, counts go on from the last known number, and a flag is new for
///   one caller of each server. Flags that the setter relies on at all servers (revoked tokens,
///   ended and blocked users, invalidated tickets, forgiven attempts) fail with
///   [`StateError::Unreachable`], unless the setter asks for this server alone
///   ([`SharedState::set_flag_here_at_least`]).
///   What was written meanwhile is shared as soon as the others can be reached.
/// - **Expiry.** No read returns an entry at or after its `until`. The engine decides when it
///   removes the entry from the disk.
/// - **Bounded size.** An engine keeps at least [`MIN_COUNTERS_KEPT`] counters of each kind, and at
///   least [`MIN_FLAGS_KEPT`] flags of each kind that unauthenticated clients or time create.
///   Beyond that it removes those that expire first. It never removes flags of revoked tokens,
///   invalidated tickets, and ended and blocked users before they expire, so callers have to limit
///   how many they set.
/// - **Fairness.** Every write names its [`Party`]. Writes of one party delay those of another by a
///   small number of writes, and are refused with [`StateError::Busy`] if too many of them wait.
/// - **Errors.** Any error but [`StateError::Busy`] means "unknown": the write may or may not have
///   happened. After an error, a caller that checks whether something is used up or revoked has to
///   assume that it is.
pub trait SharedState: Send + Sync {
    /// Sets a flag, and returns whether it was not set before. If it was set, the later expiry
    /// holds.
    fn set_flag(
        &self,
        party: Party,
        kind: FlagKind,
        key: Digest,
        until: Timestamp,
    ) -> StateFuture<'_, bool>;

    /// Sets a flag at this server, also if the others cannot be reached. For what has to hold at
    /// once and is not lost by waiting, such as a revocation by an operator.
    fn set_flag_here_at_least(
        &self,
        party: Party,
        kind: FlagKind,
        key: Digest,
        until: Timestamp,
    ) -> StateFuture<'_, Reach> {
        Box::pin(async move {
            self.set_flag(party, kind, key, until).await?;
            Ok(Reach::AllServers)
        })
    }

    /// Waits a few seconds until all running servers show that they know what this server has
    /// written so far. Returns whether they do.
    fn is_known_everywhere(&self) -> StateFuture<'_, bool> {
        Box::pin(ready(Ok(true)))
    }

    /// Sets several flags in one write, as far as their budget allows. If one was set, the later
    /// expiry holds.
    fn set_flags(&self, party: Party, flags: LimitedFlags) -> StateFuture<'_, FlagsSet>;

    /// Returns whether the flag is set and has not expired. It expires exactly at its `until`.
    fn is_flag_set(&self, kind: FlagKind, key: Digest, now: Timestamp) -> StateFuture<'_, bool> {
        Box::pin(async move {
            let expiry = self.flag_expiry(kind, key, now).await?;
            Ok(expiry.is_some())
        })
    }

    /// Returns the expiry of a flag, or `None` if it is not set or has expired. It is as fast as
    /// [`SharedState::flag_expiries`].
    fn flag_expiry(
        &self,
        kind: FlagKind,
        key: Digest,
        now: Timestamp,
    ) -> StateFuture<'_, Option<Timestamp>>;

    /// Returns the expiry of each of three flags, or `None` if it is not set or has expired. Every
    /// request calls this, so it must be about as fast as an access to memory.
    fn flag_expiries(
        &self,
        flags: [(FlagKind, Digest); 3],
        now: Timestamp,
    ) -> StateFuture<'_, [Option<Timestamp>; 3]>;

    /// Increments a counter, sets its expiry to `until`, and returns the new count. An expired
    /// counter starts again at 1.
    fn increment(
        &self,
        party: Party,
        kind: CounterKind,
        key: Digest,
        now: Timestamp,
        until: Timestamp,
    ) -> StateFuture<'_, u32>;

    /// Returns the value of a counter.
    fn counter(&self, kind: CounterKind, key: Digest, now: Timestamp) -> StateFuture<'_, Counter>;

    /// Returns the counters of a kind with more than `above`, of those that expire after a time.
    /// For operators: it may take longer than the other methods, and does not delay them. Returns
    /// at most [`MAX_COUNTERS_LISTED`].
    fn counters_above(
        &self,
        kind: CounterKind,
        above: u32,
        expire_after: Timestamp,
    ) -> StateFuture<'_, Vec<Counter>>;

    /// Decrements a counter, at most down to 0. Its expiry does not change.
    fn decrement(
        &self,
        party: Party,
        kind: CounterKind,
        key: Digest,
        by: u32,
    ) -> StateFuture<'_, ()>;

    /// Moves the expiry of a counter to a later time. An expired counter stays as it is.
    fn extend_counter(
        &self,
        party: Party,
        kind: CounterKind,
        key: Digest,
        now: Timestamp,
        until: Timestamp,
    ) -> StateFuture<'_, ()>;

    /// Checks that the engine can write. It writes nothing. Calls at the same time cost as much as
    /// one, and it is never refused because of waiting writes.
    fn is_alive(&self) -> StateFuture<'_, ()>;

    /// Returns the number of writes that this process has had refused with [`StateError::Busy`].
    fn refused_writes(&self) -> u64;

    /// Returns the state of the group of servers. `None` if the engine is for one server.
    fn group_state(&self) -> Option<GroupState> {
        None
    }
}
